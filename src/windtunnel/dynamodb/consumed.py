"""ConsumedCapacity: what a request used, in all or by table and index.

Source: API Reference, "ConsumedCapacity"; Developer Guide, "Working with item sizes and formats" and "Provisioned
throughput considerations for global secondary indexes" (what an index write costs).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeGuard

from windtunnel.dynamodb.capacity import write_units
from windtunnel.dynamodb.item_key import index_key, key_attributes, projected
from windtunnel.dynamodb.row import Key, Row
from windtunnel.dynamodb.sizes import item_size
from windtunnel.dynamodb.table import Index, Table

READ, WRITE = "ReadCapacityUnits", "WriteCapacityUnits"


class Consumed:
    """Units of one table and its indexes, added up over a request."""

    __slots__ = ("_indexes", "_units", "table")

    def __init__(self, table: Table) -> None:
        self.table = table
        self._units = 0.0
        self._indexes: dict[str, float] = {}

    def add(self, units: float) -> None:
        """Of the table itself."""
        self._units += units

    def add_index(self, index: Index, units: float) -> None:
        self._indexes[index.name] = self._indexes.get(index.name, 0.0) + units

    @property
    def total(self) -> float:
        return self._units + sum(self._indexes.values())

    def told(self, form: str, kind: str | None = None) -> dict[str, Any]:
        """`form`: TOTAL or INDEXES. `kind`: READ or WRITE where the operation (a transaction) tells them apart."""
        told: dict[str, Any] = {"TableName": self.table.name, **_units(self.total, kind)}
        if form != "INDEXES":
            return told
        told["Table"] = _units(self._units, kind)
        for member, is_global in (("LocalSecondaryIndexes", False), ("GlobalSecondaryIndexes", True)):
            used = {
                name: _units(units, kind)
                for name, units in self._indexes.items()
                if self.table.indexes[name].is_global == is_global
            }
            if used:
                told[member] = used
        return told


def _units(units: float, kind: str | None) -> dict[str, float]:
    return {"CapacityUnits": units} if kind is None else {"CapacityUnits": units, kind: units}


class ConsumedByTable:
    """Units of a request that is about many tables."""

    def __init__(self) -> None:
        self._tables: dict[int, Consumed] = {}

    def of(self, table: Table) -> Consumed:
        """To add to."""
        if table.id not in self._tables:
            self._tables[table.id] = Consumed(table)
        return self._tables[table.id]

    def told(self, form: str, kind: str | None = None) -> list[dict[str, Any]]:
        return [consumed.told(form, kind) for consumed in self._tables.values()]


def wanted(form: str | None) -> TypeGuard[str]:
    """Whether ReturnConsumedCapacity asks for anything."""
    return form == "TOTAL" or form == "INDEXES"


def add_write(consumed: Consumed, key: Key, old: Row | None, new: Row | None, *, transactional: bool = False) -> None:
    """One item written, put, changed or deleted, and what it changed in the indexes."""
    table = consumed.table
    size = max(old.size if old else 0, new.size if new else 0)
    consumed.add(write_units(size, transactional))
    for index, sizes in index_writes(table, key, old, new):
        for size in sizes:
            consumed.add_index(index, write_units(size, transactional))


def index_writes(table: Table, key: Key, old: Row | None, new: Row | None) -> Iterable[tuple[Index, list[int]]]:
    """What a change writes to each index, as the sizes of its writes: none where the entry stays as it is, two where
    it moves (one is deleted, one is put)."""
    for index in table.indexes.values():
        before = index_key(index, old.item, key) if old else None
        after = index_key(index, new.item, key) if new else None
        old_entry = projected(table, index, old.item) if old and before else None
        new_entry = projected(table, index, new.item) if new and after else None
        if old_entry is not None and new_entry is not None and before == after:
            if old_entry != new_entry:
                yield index, [max(item_size(old_entry), item_size(new_entry))]
            continue
        sizes = [item_size(entry) for entry in (old_entry, new_entry) if entry is not None]
        if sizes:
            yield index, sizes


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
