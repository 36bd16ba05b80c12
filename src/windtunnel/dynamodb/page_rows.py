"""The rows of a Query or a Scan: as they are, or, where reads may lag, as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from windtunnel.dynamodb.call import Call
from windtunnel.dynamodb.item_key import index_key, key_of_item, projected
from windtunnel.dynamodb.life import Position, as_seen
from windtunnel.dynamodb.page import PageRequest
from windtunnel.dynamodb.row import IndexKey, Key, Row
from windtunnel.dynamodb.store_read import Bounds, Segment


def queried_rows(
    call: Call, request: PageRequest, partition: bytes, bounds: Bounds, forward: bool, after: Key | IndexKey | None
) -> Iterator[Row]:
    """Of one partition."""
    rows = call.store.query_rows(request.table, request.index, partition, bounds, forward=forward, after=after)

    def within(position: Position) -> bool:
        if position[0] != partition or not bounds.hold(position[1]):
            return False
        return after is None or (position > after if forward else position < after)

    return _lagging(call, request, rows, within, forward)


def scanned_rows(
    call: Call, request: PageRequest, segment: Segment | None, after: Key | IndexKey | None
) -> Iterator[Row]:
    """Of a whole table or index, or of a segment of it."""
    rows = call.store.scan_rows(request.table, request.index, segment=segment, after=after)

    def within(position: Position) -> bool:
        return (segment is None or segment.holds(position[0])) and (after is None or position > after)

    return _lagging(call, request, rows, within, forward=True)


def _lagging(
    call: Call, request: PageRequest, rows: Iterator[Row], within: Callable[[Position], bool], forward: bool
) -> Iterator[Row]:
    table, index, life = request.table, request.index, call.life
    if life is None or not life.lags or request.consistent:
        return rows
    unseen = life.unseen(table)
    if not unseen:
        return rows

    def position_of(row: Row, key: Key) -> Position | None:
        return key if index is None else index_key(index, row.item, key)

    before = {key: Row.of(projected(table, index, row.item)) if row and index else row for key, row in unseen.items()}
    return as_seen(
        rows,
        before,
        key_of=lambda row: key_of_item(table, row.item),
        position_of=position_of,
        within=within,
        forward=forward,
    )
