// The boundary of a function: events become requests, and whatever is thrown becomes an answer, here only.
import { ApplicationError, InvalidRequest, NotFound } from "./errors.mjs";
import { fromEvent } from "./request.mjs";

const STATUS = new Map([
  [InvalidRequest, 400],
  [NotFound, 404],
]);

// What Lambda calls: runs `respond`, which gives {status, body}, logs one line an answer, and never throws.
export function entryPoint(respond, { logger, allowOrigin }) {
  return async function handle(event, context) {
    const log = logger.of(event, context);
    let answer;
    let reason = null;
    try {
      answer = proxyResponse(await respond(fromEvent(event)), allowOrigin);
    } catch (error) {
      if (error instanceof ApplicationError) {
        reason = error.message;
        const errors = error.errors.length ? { errors: error.errors } : {};
        answer = proxyResponse({ status: STATUS.get(error.constructor), body: { message: reason, ...errors } }, allowOrigin);
      } else {
        reason = error.name;
        log.error("unexpected error", error);
        answer = proxyResponse({ status: 500, body: { message: "Internal server error" } }, allowOrigin);
      }
    }
    log.info("answered", {
      method: event.httpMethod,
      resource: event.resource,
      path: event.path,
      status: answer.statusCode,
      reason,
    });
    return answer;
  };
}

// With a proxy integration API Gateway adds no CORS header itself: the function does, on every answer.
// An answer without a body (204) has no type either.
function proxyResponse({ status, body }, allowOrigin) {
  return {
    statusCode: status,
    headers: {
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      "Access-Control-Allow-Origin": allowOrigin,
    },
    body: body === undefined ? "" : JSON.stringify(body),
    isBase64Encoded: false,
  };
}
