"""UpdateItem: change the attributes of an item, which is made where there is none."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.expressions.legacy import attribute_updates
from windtunnel.dynamodb.expressions.placeholders import of_request
from windtunnel.dynamodb.expressions.update import parse_update
from windtunnel.dynamodb.item_key import read_key
from windtunnel.dynamodb.item_write import ItemWrite, write_item
from windtunnel.dynamodb.row import Row
from windtunnel.dynamodb.values import check_item
from windtunnel.dynamodb.write_request import returns_old_on_failure, write_answer, write_condition


def update_item(call: Call) -> Answer:
    parameters = call.parameters
    placeholders = of_request(
        parameters,
        expressions=("UpdateExpression", "ConditionExpression"),
        legacy=("AttributeUpdates", "Expected", "ConditionalOperator"),
    )
    key = check_item(parameters["Key"])
    table = call.find_table(parameters["TableName"])
    names = table.key.names if table else ()
    update, changes = None, parameters.get("AttributeUpdates")
    text = parameters.get("UpdateExpression")
    if text is not None:
        update = parse_update(text, placeholders, names)
    elif changes is not None:
        update = attribute_updates(changes, names)
    condition = write_condition(parameters, placeholders)
    placeholders.check_all_used()
    table = call.table()
    write = ItemWrite(
        table,
        read_key(table, key),
        key,
        condition,
        update=update,
        upsert=Row.of(key) if update is None else None,
        return_old=returns_old_on_failure(parameters),
    )
    return write_answer(call, write_item(call, write))
