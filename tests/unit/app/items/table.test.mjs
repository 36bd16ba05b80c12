import assert from "node:assert/strict";
import { test } from "node:test";

import { InvalidRequest } from "../../../../lambda/items/items/errors.mjs";
import { ItemTable } from "../../../../lambda/items/items/table.mjs";

// A client that keeps what it was sent, and answers with what it was told to.
function client(answer = {}) {
  const sent = [];
  const send = async (command) => {
    sent.push([command.constructor.name, command.input]);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { sent, send };
}

const failure = (name, message) => Object.assign(new Error(message), { name });

test("an item is never stored over another", async () => {
  const documents = client();

  await new ItemTable(documents, "Items").add({ id: "1", a: 2 });

  assert.deepEqual(documents.sent, [
    ["PutCommand", { TableName: "Items", Item: { id: "1", a: 2 }, ConditionExpression: "attribute_not_exists(id)" }],
  ]);
});

test("reads are consistent", async () => {
  const documents = client({ Item: { id: "1" } });

  assert.deepEqual(await new ItemTable(documents, "Items").get("1"), { id: "1" });
  assert.deepEqual(documents.sent, [["GetCommand", { TableName: "Items", Key: { id: "1" }, ConsistentRead: true }]]);
});

test("a page starts after another's last item", async () => {
  const documents = client({ Items: [{ id: "2" }], LastEvaluatedKey: { id: "2" } });

  assert.deepEqual(await new ItemTable(documents, "Items").page({ limit: 1, startAfter: "1" }), {
    items: [{ id: "2" }], last: "2",
  });
  assert.deepEqual(documents.sent[0][1].ExclusiveStartKey, { id: "1" });
  assert.equal((await new ItemTable(client({ Items: [] }), "Items").page({ limit: 1, startAfter: null })).last, null);
});

test("an item that is too large is the caller's error, others are not", async () => {
  // recorded: ValidationException, "Item size has exceeded the maximum allowed size"
  const large = failure("ValidationException", "Item size has exceeded the maximum allowed size");
  const other = failure("ValidationException", "One or more parameter values were invalid");

  await assert.rejects(new ItemTable(client(large), "Items").add({ id: "1" }), InvalidRequest);
  await assert.rejects(new ItemTable(client(other), "Items").add({ id: "1" }), (error) => error === other);
});
