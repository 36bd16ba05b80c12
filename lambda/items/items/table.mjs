// Data access: the items table. Each method is one DynamoDB call.
import { DeleteCommand, GetCommand, PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";

import { InvalidRequest } from "./errors.mjs";

const TOO_LARGE = /item size/i;

export class ItemTable {
  // `documents` is a DynamoDBDocumentClient: plain objects in and out. Reads are strongly consistent: who created an item
  // finds it.
  constructor(documents, name) {
    this.documents = documents;
    this.name = name;
  }

  // Store a new item, and never over another. Throws InvalidRequest for one that is larger than DynamoDB's items.
  async add(item) {
    const put = new PutCommand({ TableName: this.name, Item: item, ConditionExpression: "attribute_not_exists(id)" });
    try {
      await this.documents.send(put);
    } catch (error) {
      if (error.name === "ValidationException" && TOO_LARGE.test(error.message)) {
        throw new InvalidRequest("Item is too large: DynamoDB takes 400 KB");
      }
      throw error;
    }
  }

  // The item with this id, or undefined.
  async get(id) {
    const answer = await this.documents.send(
      new GetCommand({ TableName: this.name, Key: { id }, ConsistentRead: true }),
    );
    return answer.Item;
  }

  // A page of items in the order of the table's hash, and the id of its last where there may be more.
  async page({ limit, startAfter }) {
    const answer = await this.documents.send(
      new ScanCommand({
        TableName: this.name,
        Limit: limit,
        ConsistentRead: true,
        ...(startAfter === null ? {} : { ExclusiveStartKey: { id: startAfter } }),
      }),
    );
    return { items: answer.Items, last: answer.LastEvaluatedKey?.id ?? null };
  }

  async remove(id) {
    await this.documents.send(new DeleteCommand({ TableName: this.name, Key: { id } }));
  }
}
