"""TransactGetItems: up to 100 items, as they are at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.capacity import read_units
from windtunnel.dynamodb.consumed import READ, ConsumedByTable, wanted
from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.expressions.placeholders import of_request
from windtunnel.dynamodb.expressions.projection import Projection
from windtunnel.dynamodb.item_key import read_key
from windtunnel.dynamodb.item_read import read_item, read_projection
from windtunnel.dynamodb.key_paths import check_paths
from windtunnel.dynamodb.row import Key, Row, dumps
from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.transaction import MOST_BYTES, NONE, TOO_LARGE, cancel_if_any, check_single, reason
from windtunnel.dynamodb.values import check_item


def transact_get_items(call: Call) -> Answer:
    gets = [entry["Get"] for entry in call.parameters["TransactItems"]]
    checked = [_checked(get) for get in gets]
    tables = [call.table(get["TableName"]) for get in gets]
    keys: list[Key | None] = []
    reasons: list[dict[str, Any]] = []
    for table, (given, projection) in zip(tables, checked, strict=True):
        key, why = _key(table, given, projection)
        keys.append(key)
        reasons.append(why)
    check_single((table, key) for table, key in zip(tables, keys, strict=True) if key is not None)
    cancel_if_any(reasons)
    rows: list[Row | None] = []
    for position, (table, key) in enumerate(zip(tables, keys, strict=True)):
        assert key is not None
        try:
            rows.append(read_item(call, table, key, consistent=True, transactional=True))
        except DynamoDBError as error:
            rows.append(None)
            reasons[position] = reason(error)
    if call.life and call.life.conflicts():
        reasons[0] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    cancel_if_any(reasons)
    if sum(row.size for row in rows if row) > MOST_BYTES:
        raise validation(TOO_LARGE)
    responses = [_response(row, projection) for row, (_, projection) in zip(rows, checked, strict=True)]
    parts = [b'"Responses":[' + b",".join(responses) + b"]"]
    consumed = ConsumedByTable(call.bill, READ)
    for table, row in zip(tables, rows, strict=True):
        consumed.of(table).add(read_units(row.size if row else 0, consistent=True, transactional=True))
    form = call.parameters.get("ReturnConsumedCapacity")
    if wanted(form):
        parts.append(b'"ConsumedCapacity":' + dumps(consumed.told(form, apart=True)))
    return b"{" + b",".join(parts) + b"}"


def _checked(get: Mapping[str, Any]) -> tuple[dict[str, Any], Projection | None]:
    placeholders = of_request(get, expressions=("ProjectionExpression",), legacy=())
    key = check_item(get["Key"])
    projection = read_projection(get, placeholders)
    placeholders.check_all_used()
    return key, projection


def _key(table: Table, given: dict[str, Any], projection: Projection | None) -> tuple[Key | None, dict[str, Any]]:
    try:
        check_paths(table, projection)
        return read_key(table, given), NONE
    except DynamoDBError as error:
        return None, reason(error)


def _response(row: Row | None, projection: Projection | None) -> bytes:
    if row is None:
        return b"{}"
    return b'{"Item":' + (row.text if projection is None else dumps(projection.apply(row.item))) + b"}"
