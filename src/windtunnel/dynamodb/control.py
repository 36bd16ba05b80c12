"""The routes below /_windtunnel/dynamodb/: the engine's state, and its snapshots, for tests that want a fresh world.

GET status; GET snapshots; POST snapshots/NAME takes one; POST snapshots/NAME/restore makes the state what it was;
DELETE snapshots/NAME.

GET metrics: what was counted until now, as batches for CloudWatch, one at a time; DELETE metrics/ID: it has arrived
there, and the next is wanted. GET metrics/closed: the same, without what is still being counted. GET consumed: each
table's capacity units in all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from windtunnel.dynamodb.meter import Meter
from windtunnel.dynamodb.row import dumps
from windtunnel.dynamodb.store import Store
from windtunnel.http.messages import Headers

CONTROL = b"/_windtunnel/"
PREFIX = "/_windtunnel/dynamodb/"


class Control:
    """Answers the control routes: status, headers, body."""

    def __init__(self, store: Store, meter: Meter) -> None:
        self._store = store
        self._meter = meter

    def answer(
        self, method: str, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[int, Headers, bytes]:
        """Any request below /_windtunnel/. A web page's is refused: it could not read the answer, but it could ask."""
        if b"origin" in headers:
            return _json(403, {"message": "not for web pages: the request has an Origin header"})
        path = target.partition(b"?")[0].decode("latin-1")
        try:
            return _json(200, self._act(method, path.removeprefix(PREFIX).split("/")))
        except KeyError as error:
            known = ", ".join(snapshot.name for snapshot in self._store.snapshots()) or "none"
            return _json(404, {"message": f"there is no snapshot {error.args[0]!r}; there are: {known}"})
        except LookupError:
            return _json(404, {"message": f"no such route: {method} {path}"})
        except ValueError as error:
            return _json(400, {"message": str(error)})

    def _act(self, method: str, parts: list[str]) -> Mapping[str, Any]:
        store = self._store
        match (method, *parts):
            case ("GET", "status"):
                tables = store.tables()
                items = sum(store.counts(table).items for table in tables)
                data = str(store.database.path) if store.database.path else "memory"
                return {"ready": True, "pid": os.getpid(), "data": data, "tables": len(tables), "items": items}
            case ("GET", "snapshots"):
                return {"snapshots": [asdict(snapshot) for snapshot in store.snapshots()]}
            case ("POST", "snapshots", name):
                return asdict(store.take_snapshot(name))
            case ("POST", "snapshots", name, "restore"):
                return asdict(store.restore_snapshot(name))
            case ("DELETE", "snapshots", name):
                store.delete_snapshot(name)
                return {"deleted": name}
            case ("GET", "metrics"):
                return self._meter.next_batch()
            case ("GET", "metrics", "closed"):
                return self._meter.next_batch(only_closed=True)
            case ("DELETE", "metrics", identifier):
                self._meter.acknowledge(identifier)
                return {"acknowledged": identifier}
            case ("GET", "consumed"):
                return self._meter.consumed()
        raise LookupError


def _json(status: int, document: Mapping[str, Any]) -> tuple[int, Headers, bytes]:
    return status, ((b"Content-Type", b"application/json"),), dumps(document)
