"""Small documents of whoever needs them, and the answers to transactions with a client request token."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from windtunnel.dynamodb.database import Database
from windtunnel.dynamodb.row import dumps


class Documents:
    """The part of the store that is about what has no other place."""

    database: Database
    execute: Callable[..., Any]

    def get_document(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """A document by its kind and name."""
        found = self.execute("SELECT document FROM documents WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return json.loads(found[0]) if found else None

    def put_document(self, kind: str, name: str, document: Mapping[str, Any]) -> None:
        """Put it in the place of one that may be there."""
        with self.database.transaction():
            self.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, name, dumps(document).decode()))

    def delete_document(self, kind: str, name: str) -> None:
        """Nothing happens where there is none."""
        with self.database.transaction():
            self.execute("DELETE FROM documents WHERE kind = ? AND name = ?", (kind, name))

    def documents(self, kind: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Name and document, by name."""
        found = self.execute("SELECT name, document FROM documents WHERE kind = ? ORDER BY name", (kind,))
        return [(name, json.loads(document)) for name, document in found]

    # --- client request tokens ----------------------------------------------------------------------------------

    def find_token(self, token: str, now: float) -> tuple[bytes, bytes] | None:
        """What a token was used for, and the answer to it, until it expires."""
        found = self.execute(
            "SELECT request, answer FROM client_tokens WHERE token = ? AND expires > ?", (token, now)
        ).fetchone()
        return found if found is None else (found[0], found[1])

    def put_token(self, token: str, request: bytes, answer: bytes, *, now: float, seconds: float) -> None:
        """Remember a token; forgets those that expired."""
        with self.database.transaction():
            self.execute("DELETE FROM client_tokens WHERE expires <= ?", (now,))
            self.execute(
                "INSERT OR REPLACE INTO client_tokens VALUES (?, ?, ?, ?)", (token, now + seconds, request, answer)
            )
