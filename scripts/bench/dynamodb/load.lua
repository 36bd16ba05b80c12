-- Requests to DynamoDB with keys of their own: wrk ... -s load.lua URL -- OPERATION TABLE ITEMS
-- A thousand requests are made beforehand, so that the generator costs little of the machine that it shares.

local requests, next_request = {}, 0

local function body(operation, name, key)
  local id, sort, group = math.floor(key / 10), key % 10, math.floor(key / 100)
  if operation == "PutItem" then
    return string.format(
      '{"TableName":"%s","Item":{"id":{"S":"item-%d"},"sort":{"S":"%d"},"group":{"S":"group-%d"},' ..
      '"number":{"N":"%d"},"text":{"S":"%s"}}}', name, id, sort, group, key, string.rep("x", 150))
  elseif operation == "GetItem" then
    return string.format('{"TableName":"%s","Key":{"id":{"S":"item-%d"},"sort":{"S":"%d"}}}', name, id, sort)
  elseif operation == "Query" then
    return string.format(
      '{"TableName":"%s","KeyConditionExpression":"id = :i","ExpressionAttributeValues":{":i":{"S":"item-%d"}},' ..
      '"Limit":10}', name, id)
  elseif operation == "IndexQuery" then
    return string.format(
      '{"TableName":"%s","IndexName":"by-group","KeyConditionExpression":"#g = :g","ExpressionAttributeNames":' ..
      '{"#g":"group"},"ExpressionAttributeValues":{":g":{"S":"group-%d"}},"Limit":10}', name, group)
  else
    return string.format('{"TableName":"%s","Limit":10}', name)
  end
end

function init(arguments)
  local operation, name, items = arguments[1], arguments[2], tonumber(arguments[3])
  local target = operation == "IndexQuery" and "Query" or operation
  wrk.method = "POST"
  wrk.path = "/"
  wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
  wrk.headers["X-Amz-Target"] = "DynamoDB_20120810." .. target
  wrk.headers["X-Amz-Date"] = "20261121T000000Z"
  -- the same account as boto3's client has that fills the table
  wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=000000000000/20261121/us-east-1/dynamodb/aws4_request, " ..
    "SignedHeaders=host;x-amz-date, Signature=" .. string.rep("0", 64)
  math.randomseed(7)
  for number = 1, 1000 do
    requests[number] = wrk.format(nil, nil, nil, body(operation, name, math.random(0, items - 1)))
  end
end

function request()
  next_request = next_request % 1000 + 1
  return requests[next_request]
end

-- times are in microseconds; errors.status counts answers of 400 and above
function done(summary, latency, requests)
  io.write(string.format(
    'bench {"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, ' ..
    '"status": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status, summary.errors.connect, summary.errors.read, summary.errors.write, summary.errors.timeout))
end
