"""Query: the items of one partition of a table or an index, by range key, by pages."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import invalid_parameter, validation
from windtunnel.dynamodb.expressions.condition import Condition, parse_condition
from windtunnel.dynamodb.expressions.key_condition import KeyCondition, parse_key_condition
from windtunnel.dynamodb.expressions.legacy import key_conditions, query_filter
from windtunnel.dynamodb.expressions.placeholders import Placeholders, of_request
from windtunnel.dynamodb.item_key import partition_bytes
from windtunnel.dynamodb.item_read import read_projection
from windtunnel.dynamodb.page import check_select, find_index, page_request, read_page
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
    projection = read_projection(parameters, placeholders)
    condition = _filter(call, placeholders)
    check_select(parameters)
    table = call.table()
    index = find_index(table, parameters.get("IndexName"))
    schema = index.key if index else table.key
    keys = _key_condition(call, placeholders, schema)
    placeholders.check_all_used()
    _check_types(keys, schema)
    _check_filter(call, condition, schema)
    request = page_request(parameters, table, index, projection, condition)
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
        return query_filter(filters, call.parameters.get("ConditionalOperator"))
    return None


def _key_condition(call: Call, placeholders: Placeholders, schema: KeySchema) -> KeyCondition:
    text = call.parameters.get("KeyConditionExpression")
    if text is not None:
        return parse_key_condition(text, placeholders, schema.hash, schema.range)
    return key_conditions(call.parameters["KeyConditions"], schema.hash, schema.range)


def _check_types(keys: KeyCondition, schema: KeySchema) -> None:
    operands = [(keys.hash, schema.hash_type)]
    if keys.range is not None:
        operands += [(operand, schema.range_type or "") for operand in keys.range.operands]
    for value, kind in operands:
        if kind not in value:
            raise invalid_parameter("Condition parameter type does not match schema type")
        if not value[kind]:
            what = "string" if kind == "S" else "binary"
            name = schema.hash if value is keys.hash else schema.range
            raise validation(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain "
                f"an empty {what} value. Key: {name}"
            )


def _check_filter(call: Call, condition: Condition | None, schema: KeySchema) -> None:
    """A filter is for what the key condition leaves: it knows no key attributes of what is read."""
    if condition is None:
        return
    if call.parameters.get("FilterExpression") is not None:
        condition.check_filter(schema.names)
        return
    for name in schema.names:
        if name in call.parameters["QueryFilter"]:
            raise validation(
                f"QueryFilter can only contain non-primary key attributes: Primary key attribute: {name}"
            )


def _bounds(keys: KeyCondition) -> Bounds:
    if keys.range is None:
        return Bounds()
    return Bounds(*keys.range.bounds())


def _check_start(after: Key | IndexKey, partition: bytes, bounds: Bounds, keys: KeyCondition) -> None:
    if keys.range is None:
        if after.partition != partition:
            raise validation(
                "The provided starting key is outside query boundaries based on provided conditions"
            )
    elif not bounds.hold(after.range):
        raise validation("The provided starting key does not match the range key predicate")
    elif after.partition != partition:
        raise validation("The query can return at most one row and cannot be restarted")
