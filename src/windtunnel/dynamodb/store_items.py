"""Items and their indexes: one write changes the table, every index, the stream, the history and the counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.database import Database
from windtunnel.dynamodb.index_change import IndexChange, index_change, index_entry
from windtunnel.dynamodb.item_key import index_key
from windtunnel.dynamodb.row import Counts, Key, Principal, Row
from windtunnel.dynamodb.store_schema import (
    HISTORY_COLUMNS,
    INDEX_COLUMNS,
    ITEM_COLUMNS,
    history_name,
    index_name,
    items_name,
    source_name,
)
from windtunnel.dynamodb.store_streams import Streams
from windtunnel.dynamodb.table import Index, Table

BATCH = 1000


@dataclass(frozen=True, slots=True)
class _IndexPlan:
    """An index, with its statements ready."""

    index: Index
    put: str
    delete: str

    @classmethod
    def of(cls, table: Table, index: Index) -> _IndexPlan:
        name = index_name(table, index)
        return cls(
            index,
            f"INSERT OR REPLACE INTO {name} VALUES (?, ?, ?, ?, ?, ?)",
            f"DELETE FROM {name} WHERE p = ? AND r = ? AND tp = ? AND tr = ?",
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a write to a table does, with its statements ready. Made anew when the table changes."""

    table: Table
    get: str
    put: str
    delete: str
    indexes: tuple[_IndexPlan, ...]

    @classmethod
    def of(cls, table: Table) -> _Plan:
        name = items_name(table)
        return cls(
            table,
            f"SELECT item, size FROM {name} WHERE p = ? AND r = ?",
            f"INSERT OR REPLACE INTO {name} VALUES (?, ?, ?, ?)",
            f"DELETE FROM {name} WHERE p = ? AND r = ?",
            tuple(_IndexPlan.of(table, index) for index in table.indexes.values()),
        )


class Items(Streams):
    """The part of the store that is about items."""

    database: Database
    _plans: dict[int, _Plan]
    _counts: dict[tuple[int, str], list[int]]
    _changed_counts: set[tuple[int, str]]

    def _reset_items(self) -> None:
        self._plans = {}
        self._changed_counts = set()
        self._counts = {
            (number, name): [items, size]
            for number, name, items, size in self.execute("SELECT table_id, index_name, items, bytes FROM counts")
        }

    # --- reading and writing one --------------------------------------------------------------------------------

    def get(self, table: Table, key: Key) -> Row | None:
        """An item by its key."""
        found = self.execute(self._plan(table).get, key).fetchone()
        return Row(*found) if found else None

    def write(
        self,
        table: Table,
        key: Key,
        old: Row | None,
        new: Row | Mapping[str, Any] | None,
        *,
        principal: Principal | None = None,
        changes: list[IndexChange] | None = None,
    ) -> Row | None:
        """Put the item, or delete it where `new` is None, inside a transaction: the table, every index, the stream,
        the history, the counts.

        `old` is what get() gave within the same transaction. Returns the new row; what changed in indexes goes to
        `changes`.
        """
        plan = self._plan(table)
        row = new if new is None or isinstance(new, Row) else Row.of(new)
        if row is None:
            if old is None:
                return None
            self.execute(plan.delete, key)
        else:
            self.execute(plan.put, (*key, row.text, row.size))
        self._count(table.id, "", old, row)
        for each in plan.indexes:
            change = index_change(plan.table, each.index, key, old, row)
            if change is not None:
                self._write_index(plan.table, each, change)
                if changes is not None:
                    changes.append(change)
        if plan.table.stream is not None:
            self._append_record(plan.table, old, row, principal)
        if plan.table.history:
            self._keep_history(plan.table, key, old)
        return row

    def items(self, table: Table) -> Iterator[tuple[Key, Row]]:
        """Every item in the order of a scan. Reads in batches, so that what is read may be written meanwhile."""
        name = items_name(table)
        after: tuple[bytes, bytes] = (b"", b"")
        while True:
            batch = self.execute(
                f"SELECT p, r, item, size FROM {name} WHERE (p, r) > (?, ?) ORDER BY p, r LIMIT ?", (*after, BATCH)
            ).fetchall()
            for partition, range_, item, size in batch:
                yield Key(partition, range_), Row(item, size)
            if len(batch) < BATCH:
                return
            after = batch[-1][:2]

    def _plan(self, table: Table) -> _Plan:
        plan = self._plans.get(table.id)
        if plan is None or plan.table is not table:
            plan = self._plans[table.id] = _Plan.of(table)
        return plan

    def _write_index(self, table: Table, plan: _IndexPlan, change: IndexChange) -> None:
        _, old_key, new_key, before, after = change
        if old_key and old_key != new_key:
            self.execute(plan.delete, old_key)
        if after and new_key and (old_key != new_key or before is None or before.text != after.text):
            self.execute(plan.put, (*new_key, after.text, after.size))
        self._count(table.id, plan.index.name, before, after)

    # --- counts -------------------------------------------------------------------------------------------------

    def counts(self, table: Table, index: Index | None = None) -> Counts:
        """How many items there are, and their bytes."""
        return Counts(*self._counts.get((table.id, index.name if index else ""), (0, 0)))

    def _count(self, table_id: int, name: str, old: Row | None, new: Row | None) -> None:
        items = (new is not None) - (old is not None)
        size = (new.size if new else 0) - (old.size if old else 0)
        if items or size:
            self._add_count((table_id, name), items, size)

    def _add_count(self, key: tuple[int, str], items: int, size: int) -> None:
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = [0, 0]
        count[0] += items
        count[1] += size
        self._changed_counts.add(key)

        def undo() -> None:
            count[0] -= items
            count[1] -= size

        self.database.undo(undo)

    def _write_counts(self) -> None:
        for key in self._changed_counts:
            count = self._counts.get(key)
            if count:
                self.execute("INSERT OR REPLACE INTO counts VALUES (?, ?, ?, ?)", (*key, *count))
        self._changed_counts.clear()

    def _forget_count(self, table: Table, name: str) -> None:
        key = (table.id, name)
        self.execute("DELETE FROM counts WHERE table_id = ? AND index_name = ?", key)
        self._changed_counts.discard(key)
        count = self._counts.pop(key, None)
        if count:
            held = count

            def undo() -> None:
                self._counts[key] = held
                self._changed_counts.add(key)

            self.database.undo(undo)

    # --- tables -------------------------------------------------------------------------------------------------

    def _create_items(self, table: Table) -> None:
        self.execute(f"CREATE TABLE {items_name(table)} {ITEM_COLUMNS}")
        for index in table.indexes.values():
            self.execute(f"CREATE TABLE {index_name(table, index)} {INDEX_COLUMNS}")
        if table.history:
            self._create_history(table)

    def _create_history(self, table: Table) -> None:
        self.execute(f"CREATE TABLE {history_name(table)} {HISTORY_COLUMNS}")
        self.execute(f"CREATE INDEX {history_name(table)}_key ON {history_name(table)} (p, r, sequence)")

    def _change_items(self, old: Table, new: Table) -> None:
        """Build the indexes that are new, drop those that are gone; history begins and ends."""
        for name, index in old.indexes.items():
            if name not in new.indexes or _shape(new.indexes[name]) != _shape(index):
                self.execute(f"DROP TABLE {index_name(old, index)}")
                self._forget_count(old, name)
        for name, index in new.indexes.items():
            if name not in old.indexes or _shape(old.indexes[name]) != _shape(index):
                self.execute(f"CREATE TABLE {index_name(new, index)} {INDEX_COLUMNS}")
                self._build_index(new, index)
        if old.history and not new.history:
            self.execute(f"DROP TABLE {history_name(old)}")
        elif new.history and not old.history:
            self._create_history(new)

    def _build_index(self, table: Table, index: Index) -> None:
        plan = _IndexPlan.of(table, index)
        items = size = 0
        for key, row in self.items(table):
            entry_key = index_key(index, row.item, key)
            if entry_key is None:
                continue
            entry = index_entry(table, index, row)
            self.execute(plan.put, (*entry_key, entry.text, entry.size))
            items += 1
            size += entry.size
        if items:
            self._add_count((table.id, index.name), items, size)

    def _drop_items(self, table: Table) -> None:
        for index in table.indexes.values():
            self.execute(f"DROP TABLE {source_name(table, index)}")
            self._forget_count(table, index.name)
        if table.history:
            self.execute(f"DROP TABLE {history_name(table)}")
        self.execute(f"DROP TABLE {items_name(table)}")
        self._forget_count(table, "")

    def _keep_history(self, table: Table, key: Key, old: Row | None) -> None:
        self.execute(
            f"INSERT INTO {history_name(table)} VALUES (?, ?, ?, ?, ?)",
            (self._next_sequence(), *key, old.text if old else None, old.size if old else None),
        )


def _shape(index: Index) -> tuple[object, ...]:
    """What an index is, but for its status and throughput."""
    return (index.key, index.projection, index.included, index.is_global)
