// The rules for what clients send. An item is any JSON object that DynamoDB can hold as it is, and give back as it was:
// its limits are checked here, so that a caller sees all that is wrong at once and by its name.
// Source: Amazon DynamoDB Developer Guide, "Supported data types and naming rules" and "Quotas".
import { validationFailed } from "./errors.mjs";

const DEPTH = 32;
const LEAST = 1e-130;
const LIMIT = { least: 1, most: 100, default: 50 };
const SET_BY_SERVICE = new Set(["id", "createdAt"]);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// What a client sets of an item. What the service itself sets may be sent, and is ignored: an item that was read can be
// sent again. Throws InvalidRequest with every field that is wrong.
export function parseFields(document) {
  const fields = Object.entries(document).filter(([name]) => !SET_BY_SERVICE.has(name));
  const errors = fields
    .map(([name, value]) => ({ field: name, message: nameProblem(name) ?? problem(value, 1) }))
    .filter((error) => error.message);
  if (!fields.length) errors.push({ field: "body", message: "must have a field beside id and createdAt" });
  if (errors.length) throw validationFailed(errors);
  // not by assignment: a field may be named __proto__
  return Object.fromEntries(fields);
}

// An id as it is stored; null for what is no UUID, and so nobody's id.
export function canonicalId(text) {
  const lowered = text.toLowerCase();
  return UUID.test(lowered) ? lowered : null;
}

// The page in a request's query: at most `limit` items, after the one with the id `startAfter`.
export function parsePage(query) {
  const errors = [];
  const limit = query.limit === undefined ? LIMIT.default : Number(/^[0-9]{1,3}$/.test(query.limit) ? query.limit : NaN);
  if (!(limit >= LIMIT.least && limit <= LIMIT.most)) {
    errors.push({ field: "limit", message: `must be an integer from ${LIMIT.least} to ${LIMIT.most}` });
  }
  const startAfter = query.nextToken === undefined ? null : decodeToken(query.nextToken);
  if (query.nextToken !== undefined && startAfter === null) {
    errors.push({ field: "nextToken", message: "is not a token that this API gave out" });
  }
  if (errors.length) throw validationFailed(errors);
  return { limit, startAfter };
}

// Where the next page starts, as base64url: clients need not escape it, nor look into it.
export function encodeToken(id) {
  return Buffer.from(JSON.stringify({ id })).toString("base64url");
}

function decodeToken(token) {
  let id;
  try {
    id = JSON.parse(Buffer.from(token, "base64url").toString())?.id;
  } catch {
    return null;
  }
  // one token a position: a changed one is refused even where it could be read
  return typeof id === "string" && canonicalId(id) === id && encodeToken(id) === token ? id : null;
}

function problem(value, depth) {
  if (typeof value === "number") return numberProblem(value);
  if (typeof value === "string") return value.isWellFormed() ? undefined : "must not contain an unpaired surrogate";
  if (value === null || typeof value !== "object") return undefined;
  if (depth >= DEPTH) return `must not be nested deeper than ${DEPTH} levels`;
  for (const [name, part] of Object.entries(value)) {
    const found = (Array.isArray(value) ? undefined : nameProblem(name)) ?? problem(part, depth + 1);
    if (found) return found;
  }
  return undefined;
}

function nameProblem(name) {
  if (!name) return "a field's name must not be empty";
  return name.isWellFormed() ? undefined : "a field's name must not contain an unpaired surrogate";
}

// JavaScript reads a longer integer as another one, and DynamoDB ends below 1E-130.
function numberProblem(value) {
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return `numbers must be from -${2 ** 53 - 1} to ${2 ** 53 - 1}`;
  return value !== 0 && Math.abs(value) < LEAST ? "numbers must not be closer to 0 than 1E-130" : undefined;
}
