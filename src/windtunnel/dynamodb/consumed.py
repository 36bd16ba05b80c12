"""What a request used, in all or by table and index: told as ConsumedCapacity, and counted for CloudWatch.

Source: API Reference, "ConsumedCapacity"; Developer Guide, "Working with item sizes and formats".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeGuard

from windtunnel.dynamodb.capacity import write_units
from windtunnel.dynamodb.index_change import IndexChange, written_sizes
from windtunnel.dynamodb.item_key import key_attributes
from windtunnel.dynamodb.table import Index, Table

READ, WRITE = "ReadCapacityUnits", "WriteCapacityUnits"


class Consumed:
    """Units of one table and its indexes, added up over a request, or a part of it."""

    __slots__ = ("indexes", "kind", "table", "units")

    def __init__(self, table: Table, kind: str) -> None:
        """`kind`: READ or WRITE."""
        self.table = table
        self.kind = kind
        self.units = 0.0
        """Of the table itself."""
        self.indexes: dict[str, float] | None = None
        """By name, where an index has a part in it."""

    def add(self, units: float) -> None:
        """Of the table itself."""
        self.units += units

    def add_index(self, index: Index, units: float) -> None:
        if self.indexes is None:
            self.indexes = {}
        self.indexes[index.name] = self.indexes.get(index.name, 0.0) + units

    def add_changes(self, changes: Iterable[IndexChange], *, transactional: bool = False) -> None:
        """Of the indexes that a write changed."""
        for change in changes:
            for size in written_sizes(change):
                self.add_index(change[0], write_units(size, transactional))

    @property
    def total(self) -> float:
        return self.units + sum(self.indexes.values()) if self.indexes else self.units

    def metered(self) -> list[tuple[str, float]]:
        """As CloudWatch has them: the table's (""), which local indexes are part of, and each global index's."""
        if not self.indexes:
            return [("", self.units)]
        indexes = self.table.indexes
        local = sum(units for name, units in self.indexes.items() if not indexes[name].is_global)
        apart = [(name, units) for name, units in self.indexes.items() if indexes[name].is_global]
        return [("", self.units + local), *apart]

    def told(self, form: str, *, apart: bool = False) -> dict[str, Any]:
        """`form`: TOTAL or INDEXES. `apart`: the operation (a transaction) tells reads and writes apart."""
        kind = self.kind if apart else None
        told: dict[str, Any] = {"TableName": self.table.name, **_units(self.total, kind)}
        if form != "INDEXES":
            return told
        told["Table"] = _units(self.units, kind)
        indexes = self.indexes or {}
        for member, is_global in (("LocalSecondaryIndexes", False), ("GlobalSecondaryIndexes", True)):
            used = {
                name: _units(units, kind)
                for name, units in indexes.items()
                if self.table.indexes[name].is_global == is_global
            }
            if used:
                told[member] = used
        return told


def _units(units: float, kind: str | None) -> dict[str, float]:
    return {"CapacityUnits": units} if kind is None else {"CapacityUnits": units, kind: units}


class Bill:
    """What one request is counted for: what it consumed, and what went wrong in it."""

    __slots__ = ("failed_conditions", "returned_items", "spent", "throttled")

    def __init__(self) -> None:
        self.spent: list[Consumed] = []
        self.failed_conditions: tuple[Table, ...] = ()
        """The table of each condition that was not met."""
        self.throttled: tuple[tuple[str, Table, str], ...] = ()
        """READ or WRITE, the table, and the global index ("": the table itself) of each event that was throttled."""
        self.returned_items: int | None = None
        """Of a Query, a Scan, a SELECT."""

    def open(self, table: Table, kind: str) -> Consumed:
        """To add to."""
        consumed = Consumed(table, kind)
        self.spent.append(consumed)
        return consumed


class ConsumedByTable:
    """Units of a request that is about many tables."""

    def __init__(self, bill: Bill, kind: str) -> None:
        self._bill = bill
        self._kind = kind
        self._tables: dict[int, Consumed] = {}

    def of(self, table: Table) -> Consumed:
        """To add to."""
        if table.id not in self._tables:
            self._tables[table.id] = self._bill.open(table, self._kind)
        return self._tables[table.id]

    def told(self, form: str, *, apart: bool = False) -> list[dict[str, Any]]:
        return [consumed.told(form, apart=apart) for consumed in self._tables.values() if consumed.total]


def wanted(form: str | None) -> TypeGuard[str]:
    """Whether ReturnConsumedCapacity asks for anything."""
    return form == "TOTAL" or form == "INDEXES"


def item_collection_metrics(table: Table, item: dict[str, Any], size: int) -> dict[str, Any]:
    """ItemCollectionMetrics of the item's collection: the estimate is a range of a gigabyte, of ten at most."""
    low = size // 2**30
    names = (table.key.hash,)
    return {
        "ItemCollectionKey": {
            name: value for name, value in key_attributes((table.key,), item).items() if name in names
        },
        "SizeEstimateRangeGB": [float(low), float(low + 1)],
    }
