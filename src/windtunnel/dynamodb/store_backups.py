"""Backups, and what point-in-time recovery needs: copies of items, made and read inside SQLite."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.row import dumps
from windtunnel.dynamodb.store_items import Items
from windtunnel.dynamodb.store_schema import ITEM_COLUMNS, history_name, items_name
from windtunnel.dynamodb.store_streams import MICROSECONDS
from windtunnel.dynamodb.table import Table


class Backups(Items):
    """The part of the store that is about backups."""

    def create_backup(self, arn: str, table: Table, document: Mapping[str, Any]) -> None:
        """Copy a table's items under the backup's ARN. The document is the caller's."""
        with self.database.transaction():
            cursor = self.execute(
                "INSERT INTO backups(arn, account, region, document) VALUES (?, ?, ?, ?)",
                (arn, table.account, table.region, dumps(document).decode()),
            )
            name = f"b{cursor.lastrowid}"
            self.execute(f"CREATE TABLE {name} {ITEM_COLUMNS}")
            self.execute(f"INSERT INTO {name} SELECT * FROM {items_name(table)}")

    def find_backup(self, arn: str) -> Mapping[str, Any] | None:
        """Its document."""
        found = self.execute("SELECT document FROM backups WHERE arn = ?", (arn,)).fetchone()
        return json.loads(found[0]) if found else None

    def update_backup(self, arn: str, document: Mapping[str, Any]) -> None:
        """Another document."""
        with self.database.transaction():
            self.execute("UPDATE backups SET document = ? WHERE arn = ?", (dumps(document).decode(), arn))

    def backups(self, account: str, region: str) -> list[tuple[str, Mapping[str, Any]]]:
        """ARN and document, in the order in which they were made."""
        found = self.execute(
            "SELECT arn, document FROM backups WHERE account = ? AND region = ? ORDER BY id", (account, region)
        )
        return [(arn, json.loads(document)) for arn, document in found]

    def delete_backup(self, arn: str) -> None:
        """With its items."""
        with self.database.transaction():
            self.execute(f"DROP TABLE b{self._backup_id(arn)}")
            self.execute("DELETE FROM backups WHERE arn = ?", (arn,))

    def restore_backup(self, arn: str, table: Table) -> None:
        """Copy a backup's items into a new, empty table, and build its indexes."""
        with self.database.transaction():
            self.execute(f"INSERT INTO {items_name(table)} SELECT * FROM b{self._backup_id(arn)}")
            self._count_and_build(table)

    def _backup_id(self, arn: str) -> int:
        (number,) = self.execute("SELECT id FROM backups WHERE arn = ?", (arn,)).fetchone()
        return int(number)

    # --- point-in-time recovery ---------------------------------------------------------------------------------

    def restore_history(self, source: Table, moment: float, table: Table) -> None:
        """Copy the items that `source` had at a Unix time into a new, empty table, and build its indexes.

        What was overwritten first after that time is what there was at it.
        """
        limit = int(moment * MICROSECONDS)
        history, target = history_name(source), items_name(table)
        first = f"SELECT min(sequence) FROM {history} WHERE sequence > ? GROUP BY p, r"
        with self.database.transaction():
            self.execute(
                f"INSERT INTO {target} SELECT p, r, item, size FROM {items_name(source)} AS i WHERE NOT EXISTS "
                f"(SELECT 1 FROM {history} AS h WHERE h.p = i.p AND h.r = i.r AND h.sequence > ?)",
                (limit,),
            )
            self.execute(
                f"INSERT INTO {target} SELECT p, r, item, size FROM {history} "
                f"WHERE sequence IN ({first}) AND item IS NOT NULL",
                (limit,),
            )
            self._count_and_build(table)

    def trim_history(self, before: float) -> int:
        """Forget what was overwritten before a Unix time; returns how many entries that were."""
        trimmed = 0
        with self.database.transaction():
            for table in self._histories():
                trimmed += self.execute(
                    f"DELETE FROM {history_name(table)} WHERE sequence < ?", (int(before * MICROSECONDS),)
                ).rowcount
        return trimmed

    def _histories(self) -> list[Table]:
        return [table for table in getattr(self, "_tables", {}).values() if table.history]

    def _count_and_build(self, table: Table) -> None:
        items, size = self.execute(f"SELECT count(*), total(size) FROM {items_name(table)}").fetchone()
        self._add_count((table.id, ""), items, int(size))
        for index in table.indexes.values():
            self._build_index(table, index)
