// JSON lines with the keys that Powertools for Python writes, so that one query finds the lines of all services.

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
const coldStarts = new WeakSet();

export class Logger {
  // `write` takes a line with its end.
  constructor(service, level, write) {
    this.service = service;
    this.least = LEVELS.indexOf(level);
    this.write = write;
  }

  // The log of one invocation. Its first line of an environment says that it was a cold start.
  of(event, context) {
    const cold = !coldStarts.has(this);
    coldStarts.add(this);
    const common = {
      service: this.service,
      cold_start: cold,
      function_name: context.functionName,
      function_memory_size: context.memoryLimitInMB,
      function_arn: context.invokedFunctionArn,
      function_request_id: context.awsRequestId,
      correlation_id: event.requestContext?.requestId,
      xray_trace_id: process.env._X_AMZN_TRACE_ID?.match(/Root=([^;]+)/)?.[1],
    };
    return {
      info: (message, more = {}) => this.#line("INFO", message, { ...common, ...more }),
      error: (message, error) =>
        this.#line("ERROR", message, { ...common, exception_name: error.name, exception: error.stack }),
    };
  }

  #line(level, message, more) {
    if (LEVELS.indexOf(level) < this.least) return;
    this.write(`${JSON.stringify({ level, message, timestamp: new Date().toISOString(), ...more })}\n`);
  }
}
