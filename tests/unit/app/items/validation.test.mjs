import assert from "node:assert/strict";
import { test } from "node:test";

import { InvalidRequest } from "../../../../lambda/items/items/errors.mjs";
import { canonicalId, encodeToken, parseFields, parsePage } from "../../../../lambda/items/items/validation.mjs";

const ID = "6e9b1c2a-0a55-4a9c-9d6f-0f3a6c1b7f11";

const refused = (call, ...fields) =>
  assert.throws(call, (error) => {
    assert.ok(error instanceof InvalidRequest);
    assert.deepEqual(error.errors.map((found) => found.field), fields);
    return true;
  });

const nested = (levels) => (levels === 0 ? 1 : [nested(levels - 1)]);

test("an item is any object", () => {
  const fields = { name: "Chair", price: 12.5, tags: ["a", { b: null }], there: true, empty: "", zero: 0 };

  assert.deepEqual(parseFields(fields), fields);
});

test("what the service sets may be sent, and is ignored", () => {
  assert.deepEqual(parseFields({ id: "mine", createdAt: 5, name: "Chair" }), { name: "Chair" });
});

test("an item has a field of its own", () => {
  refused(() => parseFields({}), "body");
  refused(() => parseFields({ id: "mine" }), "body");
});

test("a field named __proto__ is a field", () => {
  const fields = parseFields(JSON.parse('{"__proto__": {"x": 1}}'));

  assert.equal(JSON.stringify(fields), '{"__proto__":{"x":1}}');
  assert.equal(fields.x, undefined);
});

test("every field that DynamoDB would not give back as it was is named", () => {
  refused(
    () =>
      parseFields(JSON.parse('{"big": 9007199254740992, "huge": {"a": [1e999]}, "tiny": -1e-131, "half": "\\ud800", "ok": 1}')),
    "big", "huge", "tiny", "half",
  );
});

test("numbers reach as far as they are exact", () => {
  const fields = { most: Number.MAX_SAFE_INTEGER, least: -Number.MAX_SAFE_INTEGER, small: 1e-130, none: 0 };

  assert.deepEqual(parseFields(fields), fields);
});

test("names are not empty, at any depth", () => {
  refused(() => parseFields({ "": 1, deep: [{ "": 1 }] }), "", "deep");
});

test("an item is up to 32 levels deep", () => {
  assert.ok(parseFields({ a: nested(31) }));
  refused(() => parseFields({ a: nested(32) }), "a");
});

test("ids are UUIDs in lower case", () => {
  assert.equal(canonicalId(ID.toUpperCase()), ID);
  assert.equal(canonicalId("5"), null);
  assert.equal(canonicalId(`${ID}\n`), null);
});

test("a page is of 50 items, or of as many as are asked for", () => {
  assert.deepEqual(parsePage({}), { limit: 50, startAfter: null });
  assert.deepEqual(parsePage({ limit: "1" }), { limit: 1, startAfter: null });
  assert.deepEqual(parsePage({ limit: "100", nextToken: encodeToken(ID) }), { limit: 100, startAfter: ID });
});

for (const limit of ["0", "101", "-1", "1.5", "", "all", "1e1", "٣"]) {
  test(`a limit of ${limit} is none`, () => refused(() => parsePage({ limit }), "limit"));
}

for (const token of ["", "x", "bnVsbA", encodeToken("5"), `${encodeToken(ID)}=`, encodeToken(ID.toUpperCase())]) {
  test(`the token ${token} is none of ours`, () => refused(() => parsePage({ nextToken: token }), "nextToken"));
}

test("all that is wrong with a query is said at once", () => {
  refused(() => parsePage({ limit: "0", nextToken: "x" }), "limit", "nextToken");
});
