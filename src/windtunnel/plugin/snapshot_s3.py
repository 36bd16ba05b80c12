"""The content of S3's objects. LocalStack has it in anonymous files, which are gone with the process."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windtunnel.plugin.localstack import SERVICE_PLUGINS, EphemeralS3ObjectStore, s3_ephemeral
from windtunnel.plugin.snapshot_files import SnapshotFolder

CHUNK = 1 << 20


@dataclass(frozen=True)
class StoredFile:
    """Where content belongs: an object of a bucket, or a part of an upload that is going on."""

    bucket: str
    key: str
    """Of the object as the storage has it; "" for a part."""
    upload: str
    part: int
    modified: int
    """Nanoseconds."""
    blob: str


def name_objects_by_key() -> None:
    """The storage finds an object by its key's hash(), which is another in every process: by the key itself instead."""
    EphemeralS3ObjectStore._key_from_s3_object = staticmethod(
        lambda s3_object: f"{s3_object.key}?{s3_object.version_id or 'null'}"
    )


def storage() -> Any:
    """The loaded S3's storage."""
    return SERVICE_PLUGINS.get_service("s3")._provider._storage_backend


def flush(there: Any) -> None:
    """Have what the process still buffers of big files in the files: in a fork, their locks are not to be touched."""
    for *_, file in _files(there):
        if file._rolled and _known(file) is None:
            # ValueError: it was deleted meanwhile
            with file.position_lock, contextlib.suppress(ValueError):
                file.flush()


def take(there: Any, folder: SnapshotFolder) -> list[StoredFile]:
    """Keep the content of every object that is not kept yet. Safe in a fork."""
    return [
        StoredFile(
            bucket, key, upload, part, file.internal_last_modified, _known(file) or folder.write_blob(_read(file))
        )
        for bucket, key, upload, part, file in _files(there)
    ]


def remember(there: Any, kept: Iterable[StoredFile]) -> None:
    """Tell the objects by which blobs they are kept, so that the next snapshot need not look at them."""
    blobs = {(file.bucket, file.key, file.upload, file.part): file for file in kept}
    for bucket, key, upload, part, file in _files(there):
        there_now = blobs.get((bucket, key, upload, part))
        if there_now is not None:
            file.windtunnel_blob = (there_now.modified, there_now.blob)


def put(there: Any, files: Iterable[StoredFile], folder: SnapshotFolder, multiparts: Any) -> None:
    """Fill the storage. `multiparts` finds an upload's model by bucket and id."""
    for stored in files:
        there.create_bucket(stored.bucket)
        parent = Path(there.root_directory, stored.bucket)
        if stored.upload:
            upload = there.get_multipart(stored.bucket, multiparts(stored.bucket, stored.upload))
            parent = upload.upload_dir
        file = s3_ephemeral.LockedSpooledTemporaryFile(dir=parent, max_size=s3_ephemeral.S3_MAX_FILE_SIZE_BYTES)
        with folder.open_blob(stored.blob) as blob:
            shutil.copyfileobj(blob, file, CHUNK)
        file.seek(0)
        file.internal_last_modified = stored.modified
        file.windtunnel_blob = (stored.modified, stored.blob)
        if stored.upload:
            upload.parts[stored.part] = file
        else:
            there._filesystem[stored.bucket]["keys"][stored.key] = file


def _files(there: Any) -> Iterator[tuple[str, str, str, int, Any]]:
    for bucket, content in list(there._filesystem.items()):
        for key, file in list(content["keys"].items()):
            yield bucket, key, "", 0, file
        for upload_id, upload in list(content["multiparts"].items()):
            for part, file in list(upload.parts.items()):
                yield bucket, "", upload_id, part, file


def _known(file: Any) -> str | None:
    modified, blob = getattr(file, "windtunnel_blob", (None, None))
    return blob if modified == file.internal_last_modified else None


def _read(file: Any) -> Iterator[bytes]:
    """A file's content without its locks, and without moving it."""
    if not file._rolled:
        yield file._file.getvalue()
        return
    descriptor, offset = file.fileno(), 0
    while piece := os.pread(descriptor, CHUNK, offset):
        yield piece
        offset += len(piece)
