// The request in an API Gateway REST API's proxy event.
import { InvalidRequest } from "./errors.mjs";

// `path` has the values in the path's braces, `query` the last value of each query parameter, `body` is text.
// API Gateway says null where there is nothing. Throws InvalidRequest for a body that is not text.
export function fromEvent(event) {
  return Object.freeze({
    path: event.pathParameters ?? {},
    query: event.queryStringParameters ?? {},
    body: body(event),
  });
}

// The body as a JSON object, or InvalidRequest.
export function jsonObject(request) {
  if (!request.body.trim()) throw new InvalidRequest("Request body is empty; a JSON object is expected");
  let value;
  try {
    value = JSON.parse(request.body);
  } catch (error) {
    throw new InvalidRequest(`Request body is not valid JSON: ${error.message}`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new InvalidRequest("Request body must be a JSON object");
  }
  return value;
}

function body(event) {
  const text = event.body ?? "";
  if (!event.isBase64Encoded) return text;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "base64"));
  } catch {
    throw new InvalidRequest("Request body is not UTF-8 text");
  }
}
