import assert from "node:assert/strict";
import { test } from "node:test";

import { InvalidRequest, NotFound } from "../../../../lambda/items/items/errors.mjs";
import { Items } from "../../../../lambda/items/items/logic.mjs";

const ID = "6e9b1c2a-0a55-4a9c-9d6f-0f3a6c1b7f11";
const NOW = new Date("2026-11-21T05:09:00Z");

// A table as DynamoDB has it, in the order in which items came.
class FakeTable {
  items = new Map();

  async add(item) {
    this.items.set(item.id, item);
  }

  async get(id) {
    return this.items.get(id);
  }

  async page({ limit, startAfter }) {
    const all = [...this.items.values()];
    const from = startAfter === null ? 0 : all.findIndex((item) => item.id === startAfter) + 1;
    const items = all.slice(from, from + limit);
    return { items, last: from + limit < all.length ? items.at(-1).id : null };
  }

  async remove(id) {
    this.items.delete(id);
  }
}

const service = (...ids) => new Items(new FakeTable(), { now: () => NOW, newId: () => ids.shift() ?? ID });

test("a new item has an id and the time beside its fields", async () => {
  const items = service();

  const made = await items.create({ name: "Chair", id: "mine" });

  assert.deepEqual(made, { name: "Chair", id: ID, createdAt: "2026-11-21T05:09:00.000Z" });
  assert.deepEqual(await items.get(ID), made);
  assert.deepEqual(await items.get(ID.toUpperCase()), made);
});

test("nothing is stored of what breaks a rule", async () => {
  const items = service();

  await assert.rejects(items.create({ "": 1 }), InvalidRequest);

  assert.equal((await items.list({})).count, 0);
});

for (const id of [ID, "5"]) {
  test(`an item ${id} that is not there is not found`, async () => {
    await assert.rejects(service().get(id), (error) => error instanceof NotFound && error.message === `Item ${id} not found`);
  });
}

test("a list leads from page to page", async () => {
  const ids = [1, 2, 3].map((number) => ID.replace("6e9b1c2a", `6e9b1c2${number}`));
  const items = service(...ids);
  for (const name of ["a", "b", "c"]) await items.create({ name });

  const first = await items.list({ limit: "2" });
  const rest = await items.list({ limit: "2", nextToken: first.nextToken });

  assert.equal(first.count, 2);
  assert.deepEqual([...first.items, ...rest.items].map((item) => item.id), ids);
  assert.equal("nextToken" in rest, false);
});

test("a deleted item is gone, and may be deleted again", async () => {
  const items = service();
  await items.create({ name: "Chair" });

  await items.delete(ID.toUpperCase());
  await items.delete(ID);
  await items.delete("5");

  await assert.rejects(items.get(ID), NotFound);
});
