"""Time to live: items whose time has come are deleted, by DynamoDB itself.

Developer Guide, "Using time to live (TTL)": the attribute holds seconds since the epoch as a number; other types are
ignored, and so is a time more than five years ago. The deletion is a REMOVE in the stream, with the userIdentity
{"type": "Service", "principalId": "dynamodb.amazonaws.com"}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from windtunnel.dynamodb.row import Key, Principal, Row, dumps
from windtunnel.dynamodb.store import Store
from windtunnel.dynamodb.table import Table

FIVE_YEARS = 5 * 365 * 24 * 3600
BATCH = 1_000
"""Items of a table that one round looks at: so a large table takes many rounds, and none of them long."""


def is_expired(item: dict[str, Any], attribute: str, now: float) -> bool:
    """Whether an item's time has come."""
    number = (item.get(attribute) or {}).get("N")
    if number is None:
        return False
    try:
        expires = Decimal(number)
    except InvalidOperation:
        return False
    return now - FIVE_YEARS <= expires <= now


def ttl_attribute(table: Table) -> str | None:
    """The attribute with the items' time to live; None where that is not enabled."""
    told = table.document.get("TimeToLive") or {}
    return told["AttributeName"] if told.get("TimeToLiveStatus") == "ENABLED" else None


class Expiry:
    """Goes round the tables with a time to live, again and again, a batch at a time."""

    def __init__(self, store: Store, batch: int = BATCH) -> None:
        self._store = store
        self._batch = batch
        self._rounds: dict[int, Iterator[tuple[Key, Row]]] = {}

    def run(self, now: float) -> int:
        """Look at the next batch of each table; returns how many items were deleted."""
        tables = {table.id: table for table in self._store.tables() if ttl_attribute(table)}
        self._rounds = {number: rows for number, rows in self._rounds.items() if number in tables}
        return sum(self._expire(table, now) for table in tables.values())

    def _expire(self, table: Table, now: float) -> int:
        attribute = ttl_attribute(table)
        assert attribute is not None
        # what is not over yet is passed over without being parsed; the name may be that of an inner attribute
        times = re.compile(re.escape(dumps(attribute)) + rb':{"N":"([^"]*)"').findall
        expired = [
            key
            for key, row in self._next(table)
            if any(float(time) <= now for time in times(row.text)) and is_expired(row.item, attribute, now)
        ]
        deleted = 0
        if expired:
            with self._store.transaction():
                for key in expired:
                    there = self._store.get(table, key)
                    if there is not None and is_expired(there.item, attribute, now):
                        self._store.write(table, key, there, None, principal=Principal())
                        deleted += 1
        return deleted

    def _next(self, table: Table) -> list[tuple[Key, Row]]:
        rows = self._rounds.setdefault(table.id, self._store.items(table))
        batch = []
        for entry in rows:
            batch.append(entry)
            if len(batch) >= self._batch:
                return batch
        del self._rounds[table.id]
        return batch
