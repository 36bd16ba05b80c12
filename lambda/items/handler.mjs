// The four functions of the items API, as the template names them: handler.createItem, getItem, listItems, deleteItem.
// What is here runs once, in Lambda's init phase: read the configuration, connect, wire the layers.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { randomUUID } from "node:crypto";

import { entryPoint } from "./items/entry_point.mjs";
import { readEnvironment } from "./items/environment.mjs";
import { Items } from "./items/logic.mjs";
import { Logger } from "./items/logger.mjs";
import { jsonObject } from "./items/request.mjs";
import { ItemTable } from "./items/table.mjs";

const environment = readEnvironment(process.env);
// three attempts end before the function's own timeout (10 s) and API Gateway's (29 s)
const client = new DynamoDBClient({
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
});
const table = new ItemTable(DynamoDBDocumentClient.from(client), environment.itemsTable);
const items = new Items(table, { now: () => new Date(), newId: randomUUID });
const logger = new Logger(environment.service, environment.logLevel, (line) => process.stdout.write(line));

function handler(respond) {
  return entryPoint(respond, { logger, allowOrigin: environment.corsAllowOrigin });
}

// POST /items: 201 with the new item
export const createItem = handler(async (request) => ({
  status: 201,
  body: await items.create(jsonObject(request)),
}));

// GET /items/{id}: 200 with the item, or 404
export const getItem = handler(async (request) => ({ status: 200, body: await items.get(request.path.id) }));

// GET /items?limit=&nextToken=: 200 with a page of items and their count
export const listItems = handler(async (request) => ({ status: 200, body: await items.list(request.query) }));

// DELETE /items/{id}: 204, whether there was such an item or not
export const deleteItem = handler(async (request) => {
  await items.delete(request.path.id);
  return { status: 204 };
});
