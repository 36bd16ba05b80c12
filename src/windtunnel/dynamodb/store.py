"""Everything the engine keeps, in one SQLite file or in memory: tables, items, indexes, streams, backups.

Synchronous, for one thread: the loop's. Writes go inside `with store.transaction():`, which is all or nothing and may
be nested. Where the store was given `on_dirty` (the server's group commit), what transactions wrote is committed by
commit(), which on_dirty() is called once to arrange; else each outermost transaction commits.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from windtunnel.dynamodb.database import Database
from windtunnel.dynamodb.row import (
    Counts,
    IndexKey,
    Key,
    Principal,
    Row,
    StreamRecord,
    dumps,
    sequence_number,
    sequence_of,
)
from windtunnel.dynamodb.store_backups import Backups
from windtunnel.dynamodb.store_documents import Documents
from windtunnel.dynamodb.store_read import Reads
from windtunnel.dynamodb.store_schema import SCHEMA
from windtunnel.dynamodb.store_snapshots import Snapshots
from windtunnel.dynamodb.table import Table

__all__ = [
    "Counts", "IndexKey", "Key", "Principal", "Row", "Store", "StreamRecord", "sequence_number", "sequence_of",
]  # fmt: skip

Clock = Callable[[], float]


class Store(Backups, Reads, Documents, Snapshots):
    """All tables of all accounts and regions. `path` None: in memory. Raises StoreError: in use, damaged, not ours."""

    def __init__(
        self, path: Path | None, *, on_dirty: Callable[[], None] | None = None, clock: Clock = time.time
    ) -> None:
        self.database = Database(path, SCHEMA, on_dirty)
        self.execute = self.database.execute
        self.clock = clock
        self._tables: dict[tuple[str, str, str], Table] = {}
        self.database.before_commit.append(self._write_counts)
        self.database.after_rollback.append(self.reload)
        self.reload()

    def close(self) -> None:
        """Commit, and let go of the file."""
        self._close_snapshots()
        self.database.close()

    def reload(self) -> None:
        """Forget what is held in memory and read it again: the file has another state."""
        self._reset_items()
        self._reset_streams()
        self._tables = {}
        for number, account, region, document in self.execute(
            "SELECT id, account, region, document FROM tables ORDER BY id"
        ):
            table = Table.of(number, account, region, json.loads(document))
            self._tables[account, region, table.name] = table

    # --- transactions -------------------------------------------------------------------------------------------

    def transaction(self) -> AbstractContextManager[object]:
        """All or nothing, of what is written inside."""
        return self.database.transaction()

    def commit(self) -> None:
        """Make what was written so far durable. Raises sqlite3.Error: it is not, and was undone."""
        self.database.commit()

    @property
    def dirty(self) -> bool:
        """Whether what is read now may not be durable yet."""
        return self.database.dirty

    # --- tables -------------------------------------------------------------------------------------------------

    def create_table(self, account: str, region: str, document: Mapping[str, Any]) -> Table:
        """A new, empty table. document["Table"]["TableName"] must be free: look with find_table() first."""
        name = document["Table"]["TableName"]
        with self.transaction():
            cursor = self.execute(
                "INSERT INTO tables(account, region, name, document) VALUES (?, ?, ?, ?)",
                (account, region, name, dumps(document).decode()),
            )
            assert cursor.lastrowid is not None
            table = Table.of(cursor.lastrowid, account, region, document)
            self._create_items(table)
            self._remember(table)
        return table

    def find_table(self, account: str, region: str, name: str) -> Table | None:
        """The table by its name, in whatever state."""
        return self._tables.get((account, region, name))

    def tables(self, account: str | None = None, region: str | None = None) -> list[Table]:
        """Those of an account and region, or all, by account, region and name."""
        found = [
            key
            for key in self._tables
            if (account is None or key[0] == account) and (region is None or key[1] == region)
        ]
        return [self._tables[key] for key in sorted(found)]

    def update_table(self, table: Table, document: Mapping[str, Any]) -> Table:
        """Another document. Indexes that are new in it are built from the items, those that are gone are dropped."""
        new = Table.of(table.id, table.account, table.region, document)
        assert new.name == table.name
        with self.transaction():
            self.execute("UPDATE tables SET document = ? WHERE id = ?", (dumps(document).decode(), table.id))
            self._change_items(table, new)
            self._remember(new)
        return new

    def delete_table(self, table: Table) -> None:
        """With its items, indexes and history; its streams' records stay."""
        with self.transaction():
            self._drop_items(table)
            self.execute("DELETE FROM tables WHERE id = ?", (table.id,))
            key = (table.account, table.region, table.name)
            held = self._tables.pop(key)
            self.database.undo(lambda: self._tables.__setitem__(key, held))

    def _remember(self, table: Table) -> None:
        key = (table.account, table.region, table.name)
        before = self._tables.get(key)
        self._tables[key] = table

        def undo() -> None:
            if before is None:
                self._tables.pop(key, None)
            else:
                self._tables[key] = before

        self.database.undo(undo)


StoreFailure = sqlite3.Error
"""What an operation of the store raises when the file fails it (the disk is full, the file was damaged)."""
