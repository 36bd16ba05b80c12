-- One request, over and over: wrk ... -s wrk.lua URL -- METHOD API_KEY [BODY]
-- The request's bytes are made once, so that the generator costs little of the machine that it shares with the server.

function init(arguments)
  wrk.method = arguments[1]
  wrk.headers["x-api-key"] = arguments[2]
  if arguments[3] then
    wrk.body = arguments[3]
    wrk.headers["content-type"] = "application/json"
  end
end

-- times are in microseconds; errors.status counts answers of 400 and above
function done(summary, latency, requests)
  io.write(string.format(
    'bench {"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, ' ..
    '"status": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status, summary.errors.connect, summary.errors.read, summary.errors.write, summary.errors.timeout))
end
