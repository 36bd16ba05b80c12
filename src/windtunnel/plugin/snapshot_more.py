"""What belongs to a service's state and is not in its containers, by service."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windtunnel.plugin import snapshot_s3
from windtunnel.plugin.localstack import SERVICE_PLUGINS
from windtunnel.plugin.snapshot_files import SnapshotFolder
from windtunnel.plugin.snapshot_services import Containers

EVENTS_STORES = (
    "_event_bus_services_store",
    "_rule_services_store",
    "_target_sender_store",
    "_replay_service_store",
    "_connection_service_store",
    "_api_destination_service_store",
)
"""Where EventBridge has the working side of what is in its store. Not its archives: they are made anew."""


@dataclass(frozen=True)
class More:
    """How the rest of a service's state is taken, checked and put back."""

    take: Callable[[SnapshotFolder, Containers], Any]
    """Runs in a fork."""
    put: Callable[[SnapshotFolder, Containers, Any], None]
    check: Callable[[SnapshotFolder, Any], None] = lambda _folder, _more: None
    """Raises what is wrong, before anything is changed."""


def more_of(service: str) -> More | None:
    return MORE.get(service)


def provider(service: str) -> Any:
    return SERVICE_PLUGINS.get_service(service)._provider


# --- S3: the content of objects ---------------------------------------------------------------------------------------


def _take_objects(folder: SnapshotFolder, _found: Containers) -> list[snapshot_s3.StoredFile]:
    return snapshot_s3.take(snapshot_s3.storage(), folder)


def _check_objects(folder: SnapshotFolder, files: list[snapshot_s3.StoredFile]) -> None:
    for name in {file.blob for file in files}:
        folder.check_blob(name)


def _put_objects(folder: SnapshotFolder, found: Containers, files: list[snapshot_s3.StoredFile]) -> None:
    storage = snapshot_s3.storage()
    buckets = {name: bucket for _, _, store in found.stores[0].iter_stores() for name, bucket in store.buckets.items()}
    for name in buckets:
        storage.create_bucket(name)
    snapshot_s3.put(storage, files, folder, lambda bucket, upload: buckets[bucket].multiparts[upload])


# --- CloudWatch: metrics, which are in a database of SQLite -----------------------------------------------------------


def _database(found: Containers) -> Path:
    return Path(found.folders[0]) / "metrics.db"


def _take_metrics(_folder: SnapshotFolder, found: Containers) -> bytes:
    with closing(sqlite3.connect(f"file:{_database(found)}?mode=ro", uri=True)) as connection:
        return connection.serialize()


def _put_metrics(_folder: SnapshotFolder, found: Containers, content: bytes) -> None:
    draft = _database(found).with_suffix(".draft")
    draft.write_bytes(content)
    draft.rename(_database(found))


# --- EventBridge: the working side of buses, rules and targets --------------------------------------------------------


def _take_events(_folder: SnapshotFolder, _found: Containers) -> Mapping[str, Any]:
    return {name: dict(getattr(provider("events"), name)) for name in EVENTS_STORES}


def _put_events(_folder: SnapshotFolder, _found: Containers, more: Mapping[str, Any]) -> None:
    for name, content in more.items():
        getattr(provider("events"), name).update(content)


MORE = {
    "s3": More(_take_objects, _put_objects, _check_objects),
    "cloudwatch": More(_take_metrics, _put_metrics),
    "events": More(_take_events, _put_events),
}
