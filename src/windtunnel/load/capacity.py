"""DynamoDB's capacity: as the engine counted it, as CloudWatch has it, or estimated from what was asked and answered.

An engine of this machine tells each table's units in all, at any moment: what it told before the run is taken from what
it tells after it, and what it told where the measured stretch begins from what it told where that ends. CloudWatch has
whole minutes. For engines that do neither capacity.toml beside the locustfile says what an endpoint does to a table,
and the sizes of the answers say how large items are.

Source of the rules: Amazon DynamoDB Developer Guide, "DynamoDB read and write operations" (a write unit for each 1 KB,
a strongly consistent read unit for each 4 KB, half of one for an eventually consistent read; a Scan or Query rounds the
sum of the items' sizes, not each of them).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from windtunnel.errors import WindtunnelError
from windtunnel.load.figures import Figures

CLOUDWATCH, ENGINE = "CloudWatch", "counted by the engine"
MOST_APART = 5.0
"""Seconds between two looks at what was counted, beyond which nothing is said of the moments between them."""
WRITE_UNIT, READ_UNIT = 1024, 4096
KINDS: Mapping[str, type] = MappingProxyType({"table": str, "operation": str, "consistent": bool, "item_bytes": int})
WORDS: Mapping[type, str] = MappingProxyType({str: "text", bool: "true or false", int: "a whole number"})
READS, WRITES = ("GetItem", "Query", "Scan"), ("PutItem", "UpdateItem", "DeleteItem")


class CapacityError(WindtunnelError):
    """capacity.toml cannot be used."""

    exit_code = 2


@dataclass(frozen=True)
class Operation:
    """What an endpoint's answer costs a table. `item_bytes` None: the size of the answer."""

    table: str
    """The output of the stack that names it."""
    operation: str
    consistent: bool = True
    item_bytes: int | None = None


@dataclass(frozen=True)
class Consumed:
    """A table's units over a stretch of time; `source` says where they are from."""

    table: str
    read_units: float
    write_units: float
    throttled: int
    source: str


@dataclass(frozen=True)
class Counted:
    """What an engine counted of its tables since some moment, its own start for one: by table read units, write units
    and throttled events."""

    since: str
    """Names that moment: counts since different ones have nothing to do with each other."""
    tables: Mapping[str, tuple[float, float, int]]

    @classmethod
    def from_document(cls, document: Mapping[str, Any], account: str, region: str) -> Counted:
        """As the engine tells it, of one account and region."""
        tables = {
            entry["table"]: (float(entry["read_units"]), float(entry["write_units"]), int(entry["throttled"]))
            for entry in document["tables"]
            if (entry["account"], entry["region"]) == (account, region)
        }
        return cls(document["since"], tables)


def counted_between(before: Counted, after: Counted, tables: Iterable[str]) -> tuple[Consumed, ...] | None:
    """What tables consumed between two moments; None where the engine was started anew between them."""
    if before.since != after.since:
        return None
    nothing = (0.0, 0.0, 0)
    found = []
    for table in tables:
        reads, writes, throttled = (
            now - then
            for now, then in zip(after.tables.get(table, nothing), before.tables.get(table, nothing), strict=True)
        )
        found.append(Consumed(table, reads, writes, int(throttled), ENGINE))
    return tuple(found)


@dataclass(frozen=True)
class Look:
    """What an engine had counted at a moment, in seconds since the epoch."""

    moment: float
    counted: Counted


def counted_within(
    looks: Sequence[Look], first: float, end: float, tables: Iterable[str]
) -> tuple[Consumed, ...] | None:
    """What tables consumed in a stretch of a run, from the looks on either side of its two ends.

    None where there are none so near, or where the engine was started anew between them.
    """
    before, after = _at(looks, first), _at(looks, end)
    return None if before is None or after is None else counted_between(before, after, tables)


def _at(looks: Sequence[Look], moment: float) -> Counted | None:
    """What was counted at a moment: between two looks as much a second all the time."""
    earlier = max((look for look in looks if look.moment <= moment), key=lambda look: look.moment, default=None)
    later = min((look for look in looks if look.moment >= moment), key=lambda look: look.moment, default=None)
    if earlier is None or later is None or earlier.counted.since != later.counted.since:
        return None
    apart = later.moment - earlier.moment
    if apart > MOST_APART:
        return None
    share = (moment - earlier.moment) / apart if apart else 0.0
    tables = {}
    for table, (reads, writes, throttled) in later.counted.tables.items():
        then = earlier.counted.tables.get(table, (0.0, 0.0, 0))
        tables[table] = (
            then[0] + (reads - then[0]) * share,
            then[1] + (writes - then[1]) * share,
            round(then[2] + (throttled - then[2]) * share),
        )
    return Counted(later.counted.since, tables)


def share_of(consumed: Iterable[Consumed], share: float) -> tuple[Consumed, ...]:
    """A part of what a whole run consumed; an estimate is of the measured stretch already."""
    return tuple(
        replace(table, read_units=table.read_units * share, write_units=table.write_units * share)
        if table.source in (CLOUDWATCH, ENGINE)
        else table
        for table in consumed
    )


def units(operation: Operation, size: float) -> tuple[float, float]:
    """Read and write units of one operation on so many bytes."""
    if operation.operation in WRITES:
        return 0.0, float(max(1, math.ceil(size / WRITE_UNIT)))
    read = max(1, math.ceil(size / READ_UNIT))
    return (float(read) if operation.consistent else read / 2), 0.0


def estimate(
    operations: Mapping[str, tuple[Operation, ...]], figures: Mapping[str, Figures], outputs: Mapping[str, str]
) -> tuple[Consumed, ...]:
    """Each table's units, from the endpoints' figures."""
    found: dict[str, tuple[float, float]] = {}
    for endpoint, done in operations.items():
        measured = figures.get(endpoint)
        if measured is None or measured.good == 0:
            continue
        for operation in done:
            size = operation.item_bytes if operation.item_bytes is not None else measured.received_bytes / measured.good
            reads, writes = units(operation, size)
            table = outputs.get(operation.table, operation.table)
            before = found.get(table, (0.0, 0.0))
            found[table] = before[0] + reads * measured.good, before[1] + writes * measured.good
    source = "estimated from the answers' sizes by DynamoDB's rules"
    return tuple(Consumed(table, reads, writes, 0, source) for table, (reads, writes) in sorted(found.items()))


def read_operations(path: Path) -> Mapping[str, tuple[Operation, ...]]:
    """What capacity.toml says; nothing where there is no such file."""
    if not path.exists():
        return {}
    try:
        document: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CapacityError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise CapacityError(f"{path} cannot be read: {error.strerror}") from error
    return {endpoint: _operations(f"{path}: {endpoint}", entries) for endpoint, entries in document.items()}


def _operations(where: str, entries: object) -> tuple[Operation, ...]:
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise CapacityError(f"{where} is no list of operations", hint='write [{ table = "…", operation = "GetItem" }]')
    return tuple(_operation(where, entry) for entry in entries)


def _operation(where: str, entry: Mapping[str, Any]) -> Operation:
    for name, value in entry.items():
        if name not in KINDS:
            raise CapacityError(f"{where} sets {name!r}, which means nothing", hint=f"there are {', '.join(KINDS)}")
        if type(value) is not KINDS[name]:
            raise CapacityError(f"{where}: {name} is {value!r}, and is to be {WORDS[KINDS[name]]}")
    for name in ("table", "operation"):
        if name not in entry:
            raise CapacityError(f"{where} does not say which {name}")
    operation = Operation(**entry)
    if operation.operation not in (*READS, *WRITES):
        known = ", ".join((*READS, *WRITES))
        raise CapacityError(f"{where} does {operation.operation!r}, but there are {known}")
    if operation.item_bytes is not None and operation.item_bytes < 0:
        raise CapacityError(f"{where}: item_bytes is a size from 0, not {operation.item_bytes}")
    return operation
