"""What the engine does of itself: items expire, records are trimmed, tables come to be what they were to be."""

from __future__ import annotations

from windtunnel.dynamodb.lifecycle import settle_all
from windtunnel.dynamodb.store import Store
from windtunnel.dynamodb.table_streams import RETENTION, forget_old_streams
from windtunnel.dynamodb.ttl import Expiry

HISTORY = 35 * 24 * 3600.0
"""Seconds that point-in-time recovery reaches back."""
TRIM_EVERY = 60.0


class Housekeeping:
    """For a loop that calls run() every half second or so, with the time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._expiry = Expiry(store)
        self._trimmed = 0.0

    def run(self, now: float) -> None:
        settle_all(self._store, now)
        self._expiry.run(now)
        if now - self._trimmed >= TRIM_EVERY:
            self._trimmed = now
            with self._store.transaction():
                self._store.trim_streams(now - RETENTION)
                self._store.trim_history(now - HISTORY)
                forget_old_streams(self._store, now)
