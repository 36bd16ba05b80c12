// What the service does, over the table and without HTTP.
import { NotFound } from "./errors.mjs";
import { canonicalId, encodeToken, parseFields, parsePage } from "./validation.mjs";

export class Items {
  // `now` gives a Date, `newId` an id that no other item has.
  constructor(table, { now, newId }) {
    this.table = table;
    this.now = now;
    this.newId = newId;
  }

  // A new item with the document's fields. Throws InvalidRequest.
  async create(document) {
    const item = { ...parseFields(document), id: this.newId(), createdAt: this.now().toISOString() };
    await this.table.add(item);
    return item;
  }

  // Throws NotFound.
  async get(id) {
    const stored = canonicalId(id);
    const item = stored === null ? undefined : await this.table.get(stored);
    if (item === undefined) throw new NotFound(`Item ${id} not found`);
    return item;
  }

  // The page that the query asks for; without nextToken it is the last. Throws InvalidRequest.
  async list(query) {
    const { items, last } = await this.table.page(parsePage(query));
    return { items, count: items.length, ...(last === null ? {} : { nextToken: encodeToken(last) }) };
  }

  // It does not tell whether there was such an item: who asks twice gets the same answer twice.
  async delete(id) {
    const stored = canonicalId(id);
    if (stored !== null) await this.table.remove(stored);
  }
}
