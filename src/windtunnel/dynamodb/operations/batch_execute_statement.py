"""BatchExecuteStatement: up to 25 statements, each on one item, each with an answer or an error of its own.

API Reference, BatchExecuteStatement: a batch reads or writes; a SELECT names the whole key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.partiql.parser import parse
from windtunnel.dynamodb.partiql.reading import run_select
from windtunnel.dynamodb.partiql.statement import Exists, Select, Statement
from windtunnel.dynamodb.partiql.writing import run_write, split_key

CODES = {"ValidationException": "ValidationError"}
"""A statement's error code, where it is not the exception's name without its end."""
ONE_ITEM = "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
MIXED = "Batch execute statement request cannot contain both read and write statements"


def batch_execute_statement(call: Call) -> Answer:
    requests = call.parameters["Statements"]
    read = [_parsed(request) for request in requests]
    if len({isinstance(each, Select) for each in read if not isinstance(each, DynamoDBError)}) > 1:
        raise validation(MIXED)
    responses, consumed = [], []
    for request, each in zip(requests, read, strict=True):
        response, units = _run(call, request, each)
        responses.append(response)
        consumed += units
    answer: dict[str, Any] = {"Responses": responses}
    if consumed:
        answer["ConsumedCapacity"] = consumed
    return answer


def _parsed(request: Mapping[str, Any]) -> Statement | DynamoDBError:
    try:
        return parse(request["Statement"], request.get("Parameters") or ())
    except DynamoDBError as error:
        return error


def _run(
    call: Call, request: Mapping[str, Any], statement: Statement | DynamoDBError
) -> tuple[dict[str, Any], list[Any]]:
    try:
        if isinstance(statement, DynamoDBError):
            raise statement
        if isinstance(statement, Exists):
            raise validation("EXISTS statement is only supported within transactions")
        inner = {name: value for name, value in request.items() if name not in ("Statement", "Parameters")}
        if call.parameters.get("ReturnConsumedCapacity"):
            inner["ReturnConsumedCapacity"] = call.parameters["ReturnConsumedCapacity"]
        inner_call = replace(call, parameters=inner)
        answer = _select(inner_call, statement) if isinstance(statement, Select) else run_write(inner_call, statement)
    except DynamoDBError as error:
        return _failed(error), []
    response: dict[str, Any] = {"TableName": statement.table}
    if answer["Items"]:
        response["Item"] = answer["Items"][0]
    return response, [answer["ConsumedCapacity"]] if "ConsumedCapacity" in answer else []


def _select(call: Call, select: Select) -> dict[str, Any]:
    table = call.table(select.table)
    if select.index is not None:
        raise validation(ONE_ITEM)
    try:
        split_key(select.where, select.placeholders, table.key)
    except DynamoDBError as error:
        raise validation(ONE_ITEM) from error
    return run_select(call, select)


def _failed(error: DynamoDBError) -> dict[str, Any]:
    code = CODES.get(error.code, error.code.removesuffix("Exception"))
    response: dict[str, Any] = {"Error": {"Code": code, "Message": error.message}}
    if error.fields.get("Item"):
        response["Error"]["Item"] = error.fields["Item"]
    return response
