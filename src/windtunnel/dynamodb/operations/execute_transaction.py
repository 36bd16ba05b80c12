"""ExecuteTransaction: up to 100 PartiQL statements, all reads or all writes, all or none of them.

API Reference, ExecuteTransaction: EXISTS is a condition among writes.
"""

from __future__ import annotations

from typing import Any

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import DynamoDBError, transaction_cancelled, validation
from windtunnel.dynamodb.operations.transact_get_items import transact_get_items
from windtunnel.dynamodb.operations.transact_write_items import transact_write_items
from windtunnel.dynamodb.partiql.inner import perform
from windtunnel.dynamodb.partiql.parser import parse
from windtunnel.dynamodb.partiql.reading import project
from windtunnel.dynamodb.partiql.statement import Delete, Exists, Insert, Select, Statement, Update
from windtunnel.dynamodb.partiql.writing import DUPLICATE, split_key, write_of

MIXED = "Transaction statements are to be all reads or all writes"
WHOLE_KEY = "Select statements within ExecuteTransaction must specify the primary key in the where clause."


def execute_transaction(call: Call) -> Answer:
    statements = [
        parse(entry["Statement"], entry.get("Parameters") or ()) for entry in call.parameters["TransactStatements"]
    ]
    for index, statement in enumerate(statements):
        if reason := _unfit(statement):
            raise validation(f"Validation failed in TransactStatements[{index}]: {reason}")
    reads = [statement for statement in statements if isinstance(statement, Select)]
    if not reads:
        return _write(call, statements)
    if len(reads) != len(statements):
        raise validation(MIXED)
    return _read(call, reads)


def _unfit(statement: Statement) -> str:
    """Why a statement has no place in a transaction; "" where it has."""
    if isinstance(statement, Select) and statement.index is not None:
        return "Reads on indices are not supported within transactions."
    if isinstance(statement, Update | Delete) and statement.returning:
        return "RETURNING clause is not supported in ExecuteTransaction."
    return ""


def _read(call: Call, selects: list[Select]) -> Answer:
    gets = []
    for select in selects:
        key = _key(call, select)
        gets.append({"Get": {"TableName": select.table, "Key": key}})
    answer = perform(call, transact_get_items, {"TransactItems": gets})
    for select, response in zip(selects, answer["Responses"], strict=True):
        if select.paths and response.get("Item"):
            response["Item"] = project(response["Item"], select.paths)
    return answer


def _key(call: Call, select: Select) -> dict[str, Any]:
    table = call.table(select.table)
    try:
        key, rest = split_key(select.where, select.placeholders, table.key)
    except DynamoDBError as error:
        raise validation(WHOLE_KEY) from error
    if rest:
        raise validation(WHOLE_KEY)
    return key


def _write(call: Call, statements: list[Statement]) -> Answer:
    actions = [_action(call, statement) for statement in statements]
    request: dict[str, Any] = {"TransactItems": actions}
    if call.parameters.get("ClientRequestToken"):
        request["ClientRequestToken"] = call.parameters["ClientRequestToken"]
    try:
        answer = perform(call, transact_write_items, request)
    except DynamoDBError as error:
        reasons = error.fields.get("CancellationReasons")
        if isinstance(reasons, list):
            raise transaction_cancelled(
                [_reason(statement, reason) for statement, reason in zip(statements, reasons, strict=True)]
            ) from error
        raise
    # recorded: LocalStack's snapshot, test_dynamodb_execute_transaction
    return {"Responses": [], **{name: value for name, value in answer.items() if name == "ConsumedCapacity"}}


def _action(call: Call, statement: Statement) -> dict[str, Any]:
    if isinstance(statement, Exists):
        select = statement.select
        key, rest = split_key(select.where, select.placeholders, call.table(select.table).key)
        text = " AND ".join(test.text for test in rest) or "attribute_exists(#hash)"
        check = {"TableName": select.table, "Key": key, "ConditionExpression": text, **select.placeholders.of([text])}
        if not rest:
            check["ExpressionAttributeNames"] = {"#hash": call.table(select.table).key.hash}
        return {"ConditionCheck": check}
    assert isinstance(statement, Insert | Update | Delete)
    write = write_of(call, statement)
    return {write.action: write.parameters}


def _reason(statement: Statement, reason: dict[str, Any]) -> dict[str, Any]:
    if isinstance(statement, Insert) and reason.get("Code") == "ConditionalCheckFailed":
        return {**reason, "Code": "DuplicateItem", "Message": DUPLICATE}
    return reason
