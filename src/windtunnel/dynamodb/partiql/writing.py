"""INSERT, UPDATE and DELETE, as the parameters of the operations on one item that do them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.call import Call
from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.operations.delete_item import delete_item
from windtunnel.dynamodb.operations.put_item import put_item
from windtunnel.dynamodb.operations.update_item import update_item
from windtunnel.dynamodb.partiql.inner import perform
from windtunnel.dynamodb.partiql.statement import Delete, Insert, Placeholders, Test, Update
from windtunnel.dynamodb.table import KeySchema

NO_KEY = "Where clause does not contain a mandatory equality on all key attributes"
DUPLICATE = "Duplicate primary key exists in table"
type Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """One write: the action's name in a transaction, its parameters, and the item's key."""

    action: str
    parameters: Item
    key: Item


def write_of(call: Call, statement: Insert | Update | Delete) -> Write:
    """Raises DynamoDBError where the table is not there or the WHERE does not name one item."""
    key = call.table(statement.table).key
    if isinstance(statement, Insert):
        return _insert(statement, key)
    found, rest = split_key(statement.where, statement.placeholders, key)
    request: Item = {"TableName": statement.table, "Key": found}
    conditions = [test.text for test in rest]
    texts = list(conditions)
    names: dict[str, str] = {}
    if isinstance(statement, Update):
        # an UPDATE makes no item
        conditions.append("attribute_exists(#hash)")
        names = {"#hash": key.hash}
        request["UpdateExpression"] = statement.expression
        texts.append(statement.expression)
    if conditions:
        request["ConditionExpression"] = " AND ".join(conditions)
    request |= statement.placeholders.of(texts)
    if names:
        request["ExpressionAttributeNames"] = {**request.get("ExpressionAttributeNames", {}), **names}
    return Write("Update" if isinstance(statement, Update) else "Delete", request, found)


def _insert(statement: Insert, key: KeySchema) -> Write:
    request: Item = {
        "TableName": statement.table,
        "Item": dict(statement.item),
        "ConditionExpression": "attribute_not_exists(#hash)",
        "ExpressionAttributeNames": {"#hash": key.hash},
    }
    return Write("Put", request, {name: statement.item[name] for name in key.names if name in statement.item})


def split_key(where: Sequence[Test], placeholders: Placeholders, key: KeySchema) -> tuple[Item, list[Test]]:
    """The key that a WHERE names with =, and what else it says. Raises ValidationException."""
    found: dict[str, Any] = {}
    rest = []
    for test in where:
        if test.name in key.names and test.operator == "=" and test.name not in found:
            found[str(test.name)] = placeholders.values[test.values[0]]
        else:
            rest.append(test)
    if set(found) != set(key.names):
        raise validation(NO_KEY)
    return found, rest


def run_write(call: Call, statement: Insert | Update | Delete) -> Item:
    """ExecuteStatement's answer to a write."""
    write = write_of(call, statement)
    returning: Mapping[str, Any] = {}
    if not isinstance(statement, Insert) and statement.returning:
        returning = {"ReturnValues": statement.returning}
    operation = {"Put": put_item, "Update": update_item, "Delete": delete_item}[write.action]
    try:
        answer = perform(call, operation, {**write.parameters, **returning})
    except DynamoDBError as error:
        if isinstance(statement, Insert) and error.code == "ConditionalCheckFailedException":
            raise DynamoDBError("DuplicateItemException", DUPLICATE, fields=error.fields) from error
        raise
    told: Item = {"Items": [answer["Attributes"]] if answer.get("Attributes") else []}
    if "ConsumedCapacity" in answer:
        told["ConsumedCapacity"] = answer["ConsumedCapacity"]
    return told
