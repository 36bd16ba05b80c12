"""Real life, on request: what true_to_life.py's options make of reads, writes and answers.

Sources: Developer Guide, "Burst and adaptive capacity" (up to five minutes of unused capacity), "Partitions and data
distribution" (3 000 read and 1 000 write units a partition key), "Read consistency", "Transactions" (conflicts).
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from windtunnel.dynamodb.errors import throughput_exceeded
from windtunnel.dynamodb.row import Key, Row
from windtunnel.dynamodb.table import Index, Table
from windtunnel.dynamodb.true_to_life import TrueToLife

BURST_SECONDS = 300.0
PARTITION_READS = 3000.0
PARTITION_WRITES = 1000.0
KEPT_PARTITIONS = 10_000
"""Buckets of partitions that are kept before those that are full again are forgotten."""

Position = tuple[bytes, ...]


class _Bucket:
    """Capacity units that grow with time, up to what a burst may take at once."""

    __slots__ = ("_level", "_most", "_rate", "_time")

    def __init__(self, rate: float, most: float, now: float) -> None:
        self._rate, self._most, self._level, self._time = rate, most, most, now

    def level(self, now: float) -> float:
        self._level = min(self._most, self._level + (now - self._time) * self._rate)
        self._time = now
        return self._level

    def take(self, units: float, now: float) -> bool:
        """Whether there is something left: what is asked for may then go below nothing, as a large page does."""
        if self.level(now) < min(units, self._most):
            return False
        self._level -= units
        return True

    def full(self, now: float) -> bool:
        return self.level(now) >= self._most


@dataclass(frozen=True, slots=True)
class _Change:
    time: float
    table: int
    key: Key
    before: Row | None


class Life:
    """One server's. `clock` is monotonic, in seconds."""

    def __init__(self, options: TrueToLife, clock: Callable[[], float]) -> None:
        self._options = options
        self._clock = clock
        self._random = random.Random(options.seed)  # noqa: S311 - the same again by the same seed
        self._buckets: dict[tuple[int, str, str, float], _Bucket] = {}
        self._partitions: dict[tuple[int, str, bytes, str], _Bucket] = {}
        self._changes: deque[_Change] = deque()

    # --- latency and conflicts ----------------------------------------------------------------------------------

    def latency(self) -> float:
        """Seconds for the next answer to wait."""
        median = self._options.latency_ms / 1000
        return min(self._random.lognormvariate(0, 0.5), 4.0) * median if median else 0.0

    def conflicts(self) -> bool:
        """Whether the next item that is written meets a transaction that is under way."""
        rate = self._options.conflict_rate
        return bool(rate) and self._random.random() < rate

    # --- throughput ---------------------------------------------------------------------------------------------

    def reads(self, table: Table, index: Index | None, partition: bytes | None, units: float) -> None:
        """Raises ProvisionedThroughputExceededException."""
        self._take(table, index, partition, "read", units)

    def writes(self, table: Table, index: Index | None, partition: bytes | None, units: float) -> None:
        """Raises ProvisionedThroughputExceededException."""
        self._take(table, index, partition, "write", units)

    def _take(self, table: Table, index: Index | None, partition: bytes | None, kind: str, units: float) -> None:
        now, name = self._clock(), index.name if index and index.is_global else ""
        if self._options.throughput and not table.on_demand:
            source = index.throughput if index and index.is_global else table.throughput
            rate = float(source.read if kind == "read" else source.write)
            bucket = self._buckets.get((table.id, name, kind, rate))
            if bucket is None:
                bucket = self._buckets[table.id, name, kind, rate] = _Bucket(rate, rate * BURST_SECONDS, now)
            if not bucket.take(units, now):
                raise throughput_exceeded()
        if self._options.hot_partitions and partition is not None:
            key = (table.id, name, partition, kind)
            hot = self._partitions.get(key)
            if hot is None:
                self._forget_partitions(now)
                rate = PARTITION_READS if kind == "read" else PARTITION_WRITES
                hot = self._partitions[key] = _Bucket(rate, rate, now)
            if not hot.take(units, now):
                raise throughput_exceeded()

    def _forget_partitions(self, now: float) -> None:
        if len(self._partitions) > KEPT_PARTITIONS:
            self._partitions = {key: bucket for key, bucket in self._partitions.items() if not bucket.full(now)}

    # --- lag ----------------------------------------------------------------------------------------------------

    @property
    def lags(self) -> bool:
        """Whether eventually consistent reads are to be asked about."""
        return bool(self._options.read_lag_ms)

    def changed(self, table: Table, key: Key, before: Row | None) -> None:
        """An item was written; `before`: what it was."""
        now = self._clock()
        if self._options.read_lag_ms:
            self._changes.append(_Change(now, table.id, key, before))
        while self._changes and self._changes[0].time < now - self._options.read_lag_ms / 1000:
            self._changes.popleft()

    def unseen(self, table: Table) -> Mapping[Key, Row | None]:
        """What a read that begins now does not see yet: the keys whose last changes it misses, and what it sees."""
        since = self._clock() - self._random.uniform(0, self._options.read_lag_ms / 1000)
        seen: dict[Key, Row | None] = {}
        for change in self._changes:
            if change.time > since and change.table == table.id:
                seen.setdefault(change.key, change.before)
        return seen


def as_seen(
    rows: Iterable[Row],
    unseen: Mapping[Key, Row | None],
    *,
    key_of: Callable[[Row], Key],
    position_of: Callable[[Row, Key], Position | None],
    within: Callable[[Position], bool],
    forward: bool,
) -> Iterator[Row]:
    """Rows in the order of reading, with those whose changes are not seen yet as they were before.

    `position_of`: where a row is in what is read (None: it is not in it); `within`: whether the read comes by there.
    """
    earlier: list[tuple[Position, Row]] = []
    for key, row in unseen.items():
        if row is not None and (position := position_of(row, key)) is not None and within(position):
            earlier.append((position, row))
    earlier.sort(key=lambda entry: entry[0], reverse=not forward)

    def current() -> Iterator[tuple[Position, Row]]:
        for row in rows:
            key = key_of(row)
            if key not in unseen and (position := position_of(row, key)) is not None:
                yield position, row

    merged = heapq.merge(current(), earlier, key=lambda entry: entry[0], reverse=not forward)
    return (row for _, row in merged)
