"""Scan: all items of a table or an index, or of a segment of it, by pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.expressions.condition import parse_condition
from windtunnel.dynamodb.expressions.legacy_conditions import filter_conditions
from windtunnel.dynamodb.expressions.placeholders import of_request
from windtunnel.dynamodb.item_read import read_projection
from windtunnel.dynamodb.key_paths import check_paths
from windtunnel.dynamodb.page import check_select, find_index, page_request, read_page
from windtunnel.dynamodb.page_rows import scanned_rows
from windtunnel.dynamodb.start_key import INVALID, read_start_key
from windtunnel.dynamodb.store_read import Segment


def scan(call: Call) -> Answer:
    parameters = call.parameters
    placeholders = of_request(
        parameters,
        expressions=("ProjectionExpression", "FilterExpression"),
        legacy=("AttributesToGet", "ScanFilter", "ConditionalOperator"),
    )
    segment = _segment(parameters)
    condition, text, filters = None, parameters.get("FilterExpression"), parameters.get("ScanFilter")
    if text is not None:
        condition = parse_condition(text, placeholders, where="FilterExpression")
    elif filters is not None:
        condition = filter_conditions(filters, parameters.get("ConditionalOperator"))
    projection = read_projection(parameters, placeholders)
    placeholders.check_all_used()
    check_select(parameters)
    table = call.table()
    index = find_index(table, parameters.get("IndexName"))
    check_paths(table, condition, projection)
    request = page_request(parameters, table, index, projection, condition)
    after = read_start_key(table, index, parameters.get("ExclusiveStartKey"))
    if after is not None and segment is not None and not segment.holds(after.partition):
        raise validation(
            f"{INVALID}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
            f"TotalSegments: {segment.total} Segment: {segment.number}"
        )
    return read_page(call, request, scanned_rows(call, request, segment, after))


def _segment(parameters: Mapping[str, Any]) -> Segment | None:
    number, total = parameters.get("Segment"), parameters.get("TotalSegments")
    if number is None and total is None:
        return None
    if total is None:
        raise validation(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is "
            "present"
        )
    if number is None:
        raise validation(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
            "present"
        )
    if number >= total:
        raise validation(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {number} is not less than TotalSegments: {total}"
        )
    return Segment(number, total)
