"""DeleteItem: delete the item of a key, if there is one."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.expressions.placeholders import of_request
from windtunnel.dynamodb.item_key import read_key
from windtunnel.dynamodb.item_write import ItemWrite
from windtunnel.dynamodb.key_paths import check_paths
from windtunnel.dynamodb.values import check_item
from windtunnel.dynamodb.write_request import (
    check_return_values,
    returns_old_on_failure,
    write_and_answer,
    write_condition,
)


def delete_item(call: Call) -> Answer:
    parameters = call.parameters
    placeholders = of_request(
        parameters, expressions=("ConditionExpression",), legacy=("Expected", "ConditionalOperator")
    )
    key = check_item(parameters["Key"])
    check_return_values(parameters)
    condition = write_condition(parameters, placeholders)
    placeholders.check_all_used()
    table = call.table()
    check_paths(table, condition)
    write = ItemWrite(
        table, read_key(table, key), key, condition, delete=True, return_old=returns_old_on_failure(parameters)
    )
    return write_and_answer(call, write)
