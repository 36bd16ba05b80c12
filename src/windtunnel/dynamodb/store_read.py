"""Reading in order: a partition of a table or an index (Query), or all of it, or a segment (Scan)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.row import IndexKey, Key, Row
from windtunnel.dynamodb.store_schema import source_name
from windtunnel.dynamodb.table import Index, Table

TOKENS = 1 << 32


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of range keys. None: open."""

    low: bytes | None = None
    low_inclusive: bool = True
    high: bytes | None = None
    high_inclusive: bool = True

    def hold(self, key: bytes) -> bool:
        """Whether a range key is within."""
        if self.low is not None and (key < self.low or (key == self.low and not self.low_inclusive)):
            return False
        return self.high is None or key < self.high or (key == self.high and self.high_inclusive)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a parallel scan: partition keys are dealt out by their tokens."""

    number: int
    total: int

    @property
    def low(self) -> bytes:
        return self._token(self.number)

    @property
    def high(self) -> bytes | None:
        """The first that is not in it; None: it is the last segment."""
        return None if self.number + 1 == self.total else self._token(self.number + 1)

    def _token(self, number: int) -> bytes:
        return (-(-TOKENS * number // self.total)).to_bytes(4, "big")

    def holds(self, partition: bytes) -> bool:
        """Whether a partition is in it."""
        return self.low <= partition and (self.high is None or partition < self.high)


class Reads:
    """The part of the store that is about reading many items. The rows come as they are asked for: take what is
    needed before anything is written."""

    execute: Callable[..., Any]

    def query_rows(
        self,
        table: Table,
        index: Index | None,
        partition: bytes,
        bounds: Bounds,
        *,
        forward: bool = True,
        after: Key | IndexKey | None = None,
    ) -> Iterator[Row]:
        """The items of one partition, by range key. `after`: from behind this one, in the order of reading."""
        where, values = ["p = ?"], [partition]
        if bounds.low is not None:
            where.append("r >= ?" if bounds.low_inclusive else "r > ?")
            values.append(bounds.low)
        if bounds.high is not None:
            where.append("r <= ?" if bounds.high_inclusive else "r < ?")
            values.append(bounds.high)
        columns = "r" if index is None else "r, tp, tr"
        direction = "" if forward else " DESC"
        if after is not None:
            places = ", ".join("?" * (len(after) - 1))
            where.append(f"({columns}) {'>' if forward else '<'} ({places})")
            values += after[1:]
        order = ", ".join(column + direction for column in columns.split(", "))
        statement = f"SELECT item, size FROM {source_name(table, index)} WHERE {' AND '.join(where)} ORDER BY {order}"
        return (Row(item, size) for item, size in self.execute(statement, values))

    def scan_rows(
        self, table: Table, index: Index | None, *, segment: Segment | None = None, after: Key | IndexKey | None = None
    ) -> Iterator[Row]:
        """All items by partition token and key, or those of a segment."""
        where: list[str] = []
        values: list[bytes] = []
        columns = "p, r" if index is None else "p, r, tp, tr"
        if after is not None:
            where.append(f"({columns}) > ({', '.join('?' * len(after))})")
            values += after
        elif segment is not None:
            where.append("p >= ?")
            values.append(segment.low)
        if segment is not None and segment.high is not None:
            where.append("p < ?")
            values.append(segment.high)
        condition = f"WHERE {' AND '.join(where)} " if where else ""
        statement = f"SELECT item, size FROM {source_name(table, index)} {condition}ORDER BY {columns}"
        return (Row(item, size) for item, size in self.execute(statement, values))

    def collection_size(self, table: Table, partition: bytes) -> int:
        """Bytes of an item collection: all items of a partition key, in the table and in its local indexes."""
        size = 0
        for index in (None, *(index for index in table.indexes.values() if not index.is_global)):
            (found,) = self.execute(
                f"SELECT total(size) FROM {source_name(table, index)} WHERE p = ?", (partition,)
            ).fetchone()
            size += int(found)
        return size
