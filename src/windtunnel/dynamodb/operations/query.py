"""Query: the items of one partition of a table or an index, by range key, by pages."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.expressions.condition import Condition, parse_condition
from windtunnel.dynamodb.expressions.key_condition import KeyCondition, parse_key_condition
from windtunnel.dynamodb.expressions.legacy_conditions import check_filter_keys, filter_conditions, key_conditions
from windtunnel.dynamodb.expressions.placeholders import Placeholders, of_request
from windtunnel.dynamodb.item_key import partition_bytes
from windtunnel.dynamodb.item_read import read_projection
from windtunnel.dynamodb.key_paths import check_paths
from windtunnel.dynamodb.page import check_filter_projected, check_select, find_index, page_request, read_page
from windtunnel.dynamodb.page_rows import queried_rows
from windtunnel.dynamodb.row import IndexKey, Key
from windtunnel.dynamodb.start_key import read_start_key
from windtunnel.dynamodb.store_read import Bounds
from windtunnel.dynamodb.table import KeySchema


def query(call: Call) -> Answer:
    parameters = call.parameters
    placeholders = of_request(
        parameters,
        expressions=("ProjectionExpression", "FilterExpression", "KeyConditionExpression"),
        legacy=("AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"),
    )
    if parameters.get("KeyConditions") is None and parameters.get("KeyConditionExpression") is None:
        raise validation(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    condition = _filter(call, placeholders)
    projection = read_projection(parameters, placeholders)
    text = parameters.get("KeyConditionExpression")
    parsed = parse_key_condition(text, placeholders) if text is not None else None
    placeholders.check_all_used()
    check_select(parameters)
    table = call.table()
    index = find_index(table, parameters.get("IndexName"))
    schema = index.key if index else table.key
    check_paths(table, condition, projection)
    keys = parsed.against(schema.typed) if parsed else key_conditions(parameters["KeyConditions"], schema.typed)
    _check_filter(call, condition, schema)
    request = page_request(parameters, table, index, projection, condition)
    check_filter_projected(table, index, condition, fetches=request.fetches)
    partition, bounds = partition_bytes(keys.hash), _bounds(keys)
    after = read_start_key(table, index, parameters.get("ExclusiveStartKey"))
    if after is not None:
        _check_start(after, partition, bounds, keys)
    forward = parameters.get("ScanIndexForward") is not False
    rows = queried_rows(call, request, partition, bounds, forward, after)
    return read_page(call, request, rows, partition=partition)


def _filter(call: Call, placeholders: Placeholders) -> Condition | None:
    text, filters = call.parameters.get("FilterExpression"), call.parameters.get("QueryFilter")
    if text is not None:
        return parse_condition(text, placeholders, where="FilterExpression")
    if filters is not None:
        return filter_conditions(filters, call.parameters.get("ConditionalOperator"))
    return None


def _check_filter(call: Call, condition: Condition | None, schema: KeySchema) -> None:
    """A filter is for what the key condition leaves: it knows no key attributes of what is read."""
    if condition is None:
        return
    if call.parameters.get("FilterExpression") is not None:
        condition.check_filter(schema.names)
        return
    check_filter_keys(call.parameters["QueryFilter"], schema.names)


def _bounds(keys: KeyCondition) -> Bounds:
    if keys.range is None:
        return Bounds()
    return Bounds(*keys.range.bounds())


def _check_start(after: Key | IndexKey, partition: bytes, bounds: Bounds, keys: KeyCondition) -> None:
    if keys.range is None:
        if after.partition != partition:
            raise validation("The provided starting key is outside query boundaries based on provided conditions")
    elif not bounds.hold(after.range):
        raise validation("The provided starting key does not match the range key predicate")
    elif after.partition != partition:
        raise validation("The query can return at most one row and cannot be restarted")
