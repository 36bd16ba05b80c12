import assert from "node:assert/strict";
import { test } from "node:test";

import { entryPoint } from "../../../../lambda/items/items/entry_point.mjs";
import { readEnvironment } from "../../../../lambda/items/items/environment.mjs";
import { NotFound, validationFailed } from "../../../../lambda/items/items/errors.mjs";
import { Logger } from "../../../../lambda/items/items/logger.mjs";
import { jsonObject } from "../../../../lambda/items/items/request.mjs";

const CONTEXT = {
  functionName: "f", memoryLimitInMB: "256", invokedFunctionArn: "arn:f", awsRequestId: "the-lambda-request",
};

const event = (body = null, more = {}) => ({
  resource: "/items", path: "/items", httpMethod: "POST", headers: null, queryStringParameters: null,
  pathParameters: null, requestContext: { requestId: "the-api-request" }, body, isBase64Encoded: false, ...more,
});

async function run(respond, sent = event(), level = "INFO") {
  const lines = [];
  const logger = new Logger("items", level, (line) => lines.push(line));
  const answer = await entryPoint(respond, { logger, allowOrigin: "https://a.example" })(sent, CONTEXT);
  return { answer, lines: lines.map((line) => JSON.parse(line)) };
}

test("an answer is JSON with CORS, and a line in the log", async () => {
  const { answer, lines } = await run(async () => ({ status: 201, body: { a: 1 } }));

  assert.deepEqual(answer, {
    statusCode: 201,
    headers: { "Content-Type": "application/json", "Access-Control-Allow-Origin": "https://a.example" },
    body: '{"a":1}',
    isBase64Encoded: false,
  });
  assert.equal(lines.length, 1);
  const { level, message, service, cold_start, correlation_id, function_request_id, status, reason } = lines[0];
  assert.deepEqual(
    { level, message, service, cold_start, correlation_id, function_request_id, status, reason },
    {
      level: "INFO", message: "answered", service: "items", cold_start: true, correlation_id: "the-api-request",
      function_request_id: "the-lambda-request", status: 201, reason: null,
    },
  );
});

test("204 has neither a body nor a type", async () => {
  const { answer } = await run(async () => ({ status: 204 }));

  assert.equal(answer.body, "");
  assert.deepEqual(answer.headers, { "Access-Control-Allow-Origin": "https://a.example" });
});

test("errors are answers: what is not there, and what breaks a rule", async () => {
  const missing = await run(async () => { throw new NotFound("Item 5 not found"); });
  const wrong = await run(async () => { throw validationFailed([{ field: "limit", message: "must be" }]); });

  assert.equal(missing.answer.statusCode, 404);
  assert.deepEqual(JSON.parse(missing.answer.body), { message: "Item 5 not found" });
  assert.equal(missing.lines[0].reason, "Item 5 not found");
  assert.equal(wrong.answer.statusCode, 400);
  assert.deepEqual(JSON.parse(wrong.answer.body), {
    message: "Validation failed", errors: [{ field: "limit", message: "must be" }],
  });
});

test("an unexpected error is 500 without a word of it, and in the log with its stack", async () => {
  const { answer, lines } = await run(async () => { throw new TypeError("secret"); });

  assert.equal(answer.statusCode, 500);
  assert.deepEqual(JSON.parse(answer.body), { message: "Internal server error" });
  assert.deepEqual(lines.map((line) => line.level), ["ERROR", "INFO"]);
  assert.equal(lines[0].exception_name, "TypeError");
  assert.match(lines[0].exception, /secret\n +at /);
});

test("a level leaves out what is below it", async () => {
  const { lines } = await run(async () => ({ status: 200, body: 1 }), event(), "ERROR");

  assert.deepEqual(lines, []);
});

for (const body of [null, "", "  ", "{", "[]", "null", "5", '"x"']) {
  test(`the body ${body} is refused`, async () => {
    const { answer } = await run(async (request) => ({ status: 201, body: jsonObject(request) }), event(body));

    assert.equal(answer.statusCode, 400);
    assert.match(JSON.parse(answer.body).message, /^Request body /);
  });
}

test("a body may come in base64", async () => {
  const sent = (bytes) => event(Buffer.from(bytes).toString("base64"), { isBase64Encoded: true });
  const respond = async (request) => ({ status: 201, body: jsonObject(request) });

  assert.equal((await run(respond, sent('{"a": "ü"}'))).answer.body, '{"a":"ü"}');
  assert.equal((await run(respond, sent([0xff]))).answer.statusCode, 400);
});

test("a function that is configured wrongly says so with all that is missing", () => {
  assert.throws(() => readEnvironment({ CORS_ALLOW_ORIGIN: " " }), /not set: ITEMS_TABLE, CORS_ALLOW_ORIGIN$/);
});
