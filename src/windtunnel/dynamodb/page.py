"""A page of a Query or a Scan: what is read of a table or an index, filtered, and told, up to 1 MB at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.call import Call
from windtunnel.dynamodb.capacity import read_units
from windtunnel.dynamodb.consumed import READ, Consumed, wanted
from windtunnel.dynamodb.errors import invalid_parameter, validation
from windtunnel.dynamodb.expressions.condition import Condition
from windtunnel.dynamodb.expressions.projection import Projection
from windtunnel.dynamodb.item_key import key_attributes, read_key
from windtunnel.dynamodb.row import Row, dumps
from windtunnel.dynamodb.table import Index, Table

PAGE_SIZE = 1024 * 1024
"""Bytes of items after which a page ends, before filters and projections (Developer Guide, "Paginating results")."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What Query and Scan ask for alike."""

    table: Table
    index: Index | None
    consistent: bool
    limit: int | None
    count_only: bool
    fetches: bool
    """Whether a local index's items are to be read from the table, for attributes that are not projected."""
    projection: Projection | None
    filter: Condition | None
    form: str | None
    """ReturnConsumedCapacity."""


def find_index(table: Table, name: str | None) -> Index | None:
    """The index that is asked for. Raises ValidationException: there is none of that name (or it is not ready)."""
    if name is None:
        return None
    index = table.indexes.get(name)
    if index is None:
        raise validation(f"The table does not have the specified index: {name}")
    if index.status == "CREATING":
        raise validation(f"Cannot read from backfilling global secondary index: {name}")
    return index


def check_select(parameters: Mapping[str, Any]) -> None:
    """Select with what it goes with. Raises ValidationException."""
    select = parameters.get("Select")
    given = next((name for name in ("ProjectionExpression", "AttributesToGet") if parameters.get(name)), None)
    if select is not None and given and select != "SPECIFIC_ATTRIBUTES":
        what = "only the Count" if select == "COUNT" else select
        raise validation(f"Cannot specify the {given} when choosing to get {what}")
    if select == "ALL_PROJECTED_ATTRIBUTES" and parameters.get("IndexName") is None:
        raise validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
    if select == "SPECIFIC_ATTRIBUTES" and not given:
        raise validation(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        )


def page_request(
    parameters: Mapping[str, Any],
    table: Table,
    index: Index | None,
    projection: Projection | None,
    filter_: Condition | None,
) -> PageRequest:
    """Checked against the index. Raises ValidationException."""
    consistent, select = bool(parameters.get("ConsistentRead")), parameters.get("Select")
    if index is not None and index.is_global and consistent:
        raise validation("Consistent reads are not supported on global secondary indexes")
    fetches = False
    if index is not None and index.projection != "ALL":
        missing = _not_projected(table, index, projection) if projection else []
        if index.is_global:
            if select == "ALL_ATTRIBUTES":
                raise invalid_parameter(
                    f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name} "
                    "because its projection type is not ALL"
                )
            if missing:
                raise invalid_parameter(
                    f"Global secondary index {index.name} does not project [{', '.join(sorted(missing))}]"
                )
        fetches = select == "ALL_ATTRIBUTES" or bool(missing)
    return PageRequest(
        table, index, consistent, parameters.get("Limit"), select == "COUNT", fetches, projection, filter_,
        parameters.get("ReturnConsumedCapacity"),
    )  # fmt: skip


def check_filter_projected(table: Table, index: Index | None, condition: Condition | None, *, fetches: bool) -> None:
    """A Query's filter looks only at what its index has. Raises ValidationException."""
    if index is None or condition is None or fetches or index.projection == "ALL":
        return
    held = {*table.key.names, *index.key.names, *index.included}
    missing = dict.fromkeys(str(steps[0]) for steps in condition.paths if steps[0] not in held)
    if missing:
        raise invalid_parameter(
            f"Secondary index {index.name} does not project one or more filter attributes: "
            f"[{', '.join(sorted(missing))}]"
        )


def _not_projected(table: Table, index: Index, projection: Projection) -> list[str]:
    held = {*table.key.names, *index.key.names, *index.included}
    return list(dict.fromkeys(str(steps[0]) for steps in projection.paths if steps[0] not in held))


def read_page(call: Call, request: PageRequest, rows: Iterator[Row], *, partition: bytes | None = None) -> bytes:
    """The answer. Raises ProvisionedThroughputExceededException where that is on."""
    table, index = request.table, request.index
    texts: list[bytes] = []
    scanned = matched = size = 0
    fetched: list[int] = []
    last: Row | None = None
    more = False
    for row in rows:
        scanned += 1
        size += row.size
        last = row
        if request.fetches:
            row = call.store.get(table, read_key(table, key_attributes((table.key,), row.item))) or row
            fetched.append(row.size)
        if request.filter is None or request.filter.matches(row.item):
            matched += 1
            if not request.count_only:
                texts.append(row.text if request.projection is None else dumps(request.projection.apply(row.item)))
        if scanned == request.limit or size >= PAGE_SIZE:
            more = True
            break
    consumed = _consumed(request, size, fetched)
    call.take_reads(table, index, partition, consumed.total)
    call.bill.spent.append(consumed)
    call.bill.returned_items = matched
    parts = [b'"Count":%d,"ScannedCount":%d' % (matched, scanned)]
    if not request.count_only:
        parts.append(b'"Items":[' + b",".join(texts) + b"]")
    if more and last is not None and not (partition is not None and index is None and table.key.range is None):
        # a partition of one item at most is read to its end: DynamoDB Local 2026-01-16, which is AWS's own
        schemas = (table.key,) if index is None else (table.key, index.key)
        parts.append(b'"LastEvaluatedKey":' + dumps(key_attributes(schemas, last.item)))
    if wanted(request.form):
        parts.append(b'"ConsumedCapacity":' + dumps(consumed.told(request.form)))
    return b"{" + b",".join(parts) + b"}"


def _consumed(request: PageRequest, size: int, fetched: list[int]) -> Consumed:
    """A page is rounded up as a whole; what is fetched from the table, item by item."""
    consumed = Consumed(request.table, READ)
    if request.index is None:
        consumed.add(read_units(size, request.consistent))
        return consumed
    consumed.add_index(request.index, read_units(size, request.consistent))
    for one in fetched:
        consumed.add(read_units(one, request.consistent))
    return consumed
