"""What requests are counted for: AWS's metrics of DynamoDB, on their way to CloudWatch, and each table's units in all.

Metrics are counted into a tally, which is closed every minute, and whenever somebody fetches what was counted. A tally
that is closed is a batch: it is there, always the same, until it is acknowledged, even if the process is killed. Where
nobody ever fetches them only the newest are kept.

Source of names, units and dimensions: Developer Guide, "DynamoDB metrics and dimensions".
"""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from windtunnel.dynamodb.consumed import READ, Bill, Consumed
from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.tally import COUNTS, NAMES, Key, Tally

LOG = logging.getLogger(__name__)

NAMESPACE = "AWS/DynamoDB"
CONSUMED_READS, CONSUMED_WRITES = "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"
READ_THROTTLES, WRITE_THROTTLES = "ReadThrottleEvents", "WriteThrottleEvents"
LATENCY, RETURNED_ITEMS = "SuccessfulRequestLatency", "ReturnedItemCount"
THROTTLED, FAILED_CONDITIONS = "ThrottledRequests", "ConditionalCheckFailedRequests"
USER_ERRORS, SYSTEM_ERRORS = "UserErrors", "SystemErrors"
RETURNING = frozenset({"Query", "Scan", "ExecuteStatement"})
"""Operations of which ReturnedItemCount tells."""
OTHERS = frozenset({"ProvisionedThroughputExceededException", "ConditionalCheckFailedException"})
"""Errors that have metrics of their own, and are no UserErrors."""
KEPT = 20
"""Batches that are kept for somebody to fetch: of twenty minutes, where there is something to count in each."""
MOST_TABLES = 10_000
"""Tables of which the units in all are known; those that were used first are forgotten."""


def metrics_folder(path: Path) -> Path:
    """Where what is counted is kept, beside a data file."""
    return path.with_name(path.name + "-metrics")


class Metric(NamedTuple):
    """A metric of a table."""

    name: str
    account: str
    region: str
    table: str
    """"": of the account, without dimensions."""
    global_index: str
    operation: str
    """"": of all."""


def expanded(tally: Tally) -> Iterator[tuple[Metric, float, int]]:
    """Each metric's values, and how often each came.

    A key of a tally is a Metric's fields and a value; or, of a request that was served as most are, a consumed metric's
    fields but with the operation, the units, and the milliseconds: two metrics' values in one.
    """
    key: Any
    for key, count in tally.entries():
        if len(key) == 7:
            *fields, value = key
            yield Metric(*fields), value, count
        else:
            name, account, region, table, index, operation, units, milliseconds = key
            yield Metric(name, account, region, table, index, ""), units, count
            yield Metric(LATENCY, account, region, table, "", operation), milliseconds, count


class _Batch:
    """A tally that is closed."""

    def __init__(self, identifier: str, tally: Tally) -> None:
        self.id = identifier
        self.tally = tally

    def document(self) -> dict[str, Any]:
        """As the plugin takes it; always the same."""
        series: dict[Metric, dict[float, int]] = {}
        for metric, value, count in expanded(self.tally):
            counts = series.setdefault(metric, {})
            counts[value] = counts.get(value, 0) + count
        metrics = [_series(metric, self.tally.minute, counts) for metric, counts in series.items()]
        return {"id": self.id, "logs": [], "metrics": metrics}


def _series(metric: Metric, minute: int, counts: dict[float, int]) -> dict[str, Any]:
    dimensions = {
        "TableName": metric.table,
        "GlobalSecondaryIndexName": metric.global_index,
        "Operation": metric.operation,
    }
    return {
        "account": metric.account,
        "region": metric.region,
        "namespace": NAMESPACE,
        "name": metric.name,
        "dimensions": {name: value for name, value in dimensions.items() if value},
        "unit": "Milliseconds" if metric.name == LATENCY else "Count",
        "timestamp": minute,
        "values": list(counts),
        "counts": list(counts.values()),
    }


class Meter:
    """One server's. `folder`: where what is counted outlives the process; None: in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.id = secrets.token_hex(8)
        """This process's: units in all are since it began. With a number it is a batch's id."""
        self._number = 0
        self._tally: Tally | None = None
        self._until = 0
        self._batches: deque[_Batch] = deque()
        self._totals: dict[tuple[str, str, str], list[float]] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._find(folder)

    def _find(self, folder: Path) -> None:
        """What earlier processes left behind, the oldest first."""
        left = sorted(
            (path.with_suffix("") for path in folder.glob(f"*{NAMES}")),
            key=lambda path: (path.with_name(path.name + NAMES).stat().st_mtime_ns, path.name),
        )
        for path in left:
            try:
                self._keep(_Batch(path.name, Tally.read(path)))
            except (OSError, ValueError, TypeError) as error:
                LOG.warning("what %s counted is lost: %s", path, error)
                path.with_name(path.name + NAMES).unlink(missing_ok=True)
        for path in folder.glob(f"*{COUNTS}"):
            if not path.with_suffix(NAMES).exists():
                path.unlink()

    # --- counting -----------------------------------------------------------------------------------------------

    def served(self, operation: str, bill: Bill, seconds: float, now: float) -> None:
        """Count a request that was answered."""
        spent = bill.spent
        # a time keeps about three digits, so that there are few different ones
        milliseconds = int(seconds * 100_000) / 100 if seconds < 0.01 else _rounded(seconds * 1000)
        if len(spent) == 1 and not bill.throttled and not bill.failed_conditions:
            consumed = spent[0]
            if consumed.indexes is None:
                # as nearly every request: one look and one sum
                table = consumed.table
                key = (
                    CONSUMED_READS if consumed.kind is READ else CONSUMED_WRITES,
                    table.account, table.region, table.name, "", operation, consumed.units, milliseconds,
                )  # fmt: skip
                tally = self._tally
                slot = tally.slots.get(key) if tally is not None and self._until - 120 <= now < self._until else None
                if tally is None or slot is None:
                    self._add(key, now)
                else:
                    tally.counts[slot] += 1
                if bill.returned_items is not None and operation in RETURNING:
                    self._returned(operation, bill.returned_items, table, now)
                return
        self._bill(bill, now)
        for table in {consumed.table.id: consumed.table for consumed in spent}.values():
            self._add((LATENCY, table.account, table.region, table.name, "", operation, milliseconds), now)
            if bill.returned_items is not None and operation in RETURNING:
                self._returned(operation, bill.returned_items, table, now)

    def _returned(self, operation: str, items: int, table: Table, now: float) -> None:
        self._add((RETURNED_ITEMS, table.account, table.region, table.name, "", operation, items), now)

    def refused(self, operation: str, bill: Bill, error: DynamoDBError, now: float) -> None:
        """Count what a request consumed that was refused, and whether it was as throttled."""
        self._bill(bill, now)
        if error.code == "ProvisionedThroughputExceededException" or error.code == "TransactionCanceledException":
            for table in {table.id: table for _, table, _ in bill.throttled}.values():
                self._add((THROTTLED, table.account, table.region, table.name, "", operation, 1), now)

    def user_error(self, error: DynamoDBError, account: str, region: str, now: float) -> None:
        """Count what was answered with the status 400, for whatever reason."""
        if error.code not in OTHERS:
            self._add((USER_ERRORS, account, region, "", "", "", 1), now)

    def system_error(self, operation: str, table: str, place: tuple[str, str], now: float) -> None:
        """Count what was answered with the status 500. `place`: account and region."""
        self._add((SYSTEM_ERRORS, *place, table, "", operation, 1), now)

    def _bill(self, bill: Bill, now: float) -> None:
        for consumed in bill.spent:
            self._consumed(consumed, now)
        for table in bill.failed_conditions:
            self._add((FAILED_CONDITIONS, table.account, table.region, table.name, "", "", 1), now)
        for kind, table, index in bill.throttled:
            metric = READ_THROTTLES if kind is READ else WRITE_THROTTLES
            self._add((metric, table.account, table.region, table.name, index, "", 1), now)

    def _consumed(self, consumed: Consumed, now: float) -> None:
        metric, table = CONSUMED_READS if consumed.kind is READ else CONSUMED_WRITES, consumed.table
        for index, units in consumed.metered():
            if units:
                self._add((metric, table.account, table.region, table.name, index, "", units), now)

    def _add(self, key: Key, now: float) -> None:
        tally = self._tally
        # one that took long comes with the minute after that in which it began; a clock may be set back
        if tally is None or now >= self._until or now < self._until - 120:
            tally = self._open(now)
        if not tally.add(key):
            self._open(now).add(key)

    # --- batches ------------------------------------------------------------------------------------------------

    def _open(self, now: float) -> Tally:
        self._close_tally()
        minute = int(now // 60) * 60
        self._until = minute + 60
        self._number += 1
        path = self._folder / f"{self.id}-{self._number}" if self._folder else None
        try:
            self._tally = Tally(path, minute)
        except OSError as error:
            LOG.warning("what is counted now is in memory only: %s", error)
            self._tally = Tally(None, minute)
        return self._tally

    def _close_tally(self) -> None:
        tally, self._tally = self._tally, None
        if tally is None:
            return
        tally.seal()
        for metric, value, count in expanded(tally):
            _add_to(self._totals, metric, value * count)
        while len(self._totals) > MOST_TABLES:
            del self._totals[next(iter(self._totals))]
        self._keep(_Batch(f"{self.id}-{self._number}", tally))

    def _keep(self, batch: _Batch) -> None:
        self._batches.append(batch)
        while len(self._batches) > KEPT:
            self._batches.popleft().tally.delete()

    def next_batch(self, *, only_closed: bool = False) -> dict[str, Any]:
        """The oldest that is not acknowledged, with its "id", in the plugin's own form; empty where there is none.

        Where no other is left it is what was counted until now, unless `only_closed`.
        """
        if not self._batches and not only_closed:
            self._close_tally()
        return self._batches[0].document() if self._batches else {}

    def acknowledge(self, identifier: str) -> None:
        """A batch is where it belongs: forget it. One that is not known was acknowledged before."""
        for batch in list(self._batches):
            if batch.id == identifier:
                batch.tally.delete()
                self._batches.remove(batch)

    def consumed(self) -> dict[str, Any]:
        """Each table's units in all, those of its global indexes too, and throttled events, since "since" began."""
        totals = {key: list(units) for key, units in self._totals.items()}
        if self._tally is not None:
            for metric, value, count in expanded(self._tally):
                _add_to(totals, metric, value * count)
        names = ("read_units", "write_units", "throttled")
        tables = [
            {"account": account, "region": region, "table": table, **dict(zip(names, units, strict=True))}
            for (account, region, table), units in totals.items()
        ]
        return {"since": self.id, "tables": tables}

    def close(self) -> None:
        """Let go of the files, which stay for the next process."""
        self._close_tally()


POSITIONS = {CONSUMED_READS: 0, CONSUMED_WRITES: 1, READ_THROTTLES: 2, WRITE_THROTTLES: 2}


def _rounded(milliseconds: float) -> float:
    return float(round(milliseconds)) if milliseconds >= 100 else round(milliseconds, 1)


def _add_to(totals: dict[tuple[str, str, str], list[float]], metric: Metric, value: float) -> None:
    position = POSITIONS.get(metric.name)
    if position is not None:
        totals.setdefault((metric.account, metric.region, metric.table), [0.0, 0.0, 0.0])[position] += value
