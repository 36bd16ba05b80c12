"""PutItem: put an item in the place of one that may be there."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.expressions.placeholders import of_request
from windtunnel.dynamodb.item_key import key_of_item
from windtunnel.dynamodb.item_write import ItemWrite
from windtunnel.dynamodb.key_paths import check_paths
from windtunnel.dynamodb.row import Row
from windtunnel.dynamodb.sizes import check_item_size
from windtunnel.dynamodb.values import check_item
from windtunnel.dynamodb.write_request import (
    check_return_values,
    returns_old_on_failure,
    write_and_answer,
    write_condition,
)


def put_item(call: Call) -> Answer:
    parameters = call.parameters
    placeholders = of_request(
        parameters, expressions=("ConditionExpression",), legacy=("Expected", "ConditionalOperator")
    )
    item = check_item(parameters["Item"])
    check_return_values(parameters)
    size = check_item_size(item)
    condition = write_condition(parameters, placeholders)
    placeholders.check_all_used()
    table = call.table()
    check_paths(table, condition)
    write = ItemWrite(
        table,
        key_of_item(table, item),
        item,
        condition,
        row=Row.sized(item, size),
        return_old=returns_old_on_failure(parameters),
    )
    return write_and_answer(call, write)
