"""UpdateItem: change the attributes of an item, which is made where there is none."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.expressions.legacy_update import attribute_updates
from windtunnel.dynamodb.expressions.placeholders import of_request
from windtunnel.dynamodb.expressions.update import parse_update
from windtunnel.dynamodb.item_key import read_key
from windtunnel.dynamodb.item_write import ItemWrite
from windtunnel.dynamodb.key_paths import check_paths
from windtunnel.dynamodb.row import Row
from windtunnel.dynamodb.values import check_item
from windtunnel.dynamodb.write_request import returns_old_on_failure, write_and_answer, write_condition


def update_item(call: Call) -> Answer:
    parameters = call.parameters
    placeholders = of_request(
        parameters,
        expressions=("UpdateExpression", "ConditionExpression"),
        legacy=("AttributeUpdates", "Expected", "ConditionalOperator"),
    )
    key = check_item(parameters["Key"])
    update, creates, changes = None, True, parameters.get("AttributeUpdates")
    text = parameters.get("UpdateExpression")
    if text is not None:
        update = parse_update(text, placeholders)
    elif changes:
        update = attribute_updates(changes)
        # "DELETE: nothing happens; there is no attribute to delete" (API Reference, where there is no item)
        creates = any(change.get("Action", "PUT") != "DELETE" for change in changes.values())
    condition = write_condition(parameters, placeholders)
    placeholders.check_all_used()
    table = call.table()
    if update is not None:
        update.check_keys(table.key.names)
    check_paths(table, update, condition)
    write = ItemWrite(
        table,
        read_key(table, key),
        key,
        condition,
        update=update,
        creates=creates,
        upsert=Row.of(key) if update is None else None,
        return_old=returns_old_on_failure(parameters),
    )
    return write_and_answer(call, write)
