"""Snapshots on disk: generations of a file a service, the blobs they name, and a pointer to the generation that counts.

current                    the name of that generation; replaced in one step, so there is always a whole one
generations/000042/        manifest.json, and a file a service (a hard link where it is as before)
blobs/<sha256>             what is too big to be written anew each time: the content of S3 objects
set-aside/<time>-<name>    what could not be used, for a person to look at
lock                       held by the backplane and by what still writes for it
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from io import BufferedReader
from pathlib import Path

from windtunnel.errors import EngineError

FORMAT = 1
MANIFEST = "manifest.json"
LOCK_POLL_SECONDS = 0.05


class SnapshotError(EngineError):
    """What is on disk is not what was written, or not for this version."""


@dataclass(frozen=True)
class Versions:
    """What wrote a snapshot. Another cannot read it: pickles name classes and their fields."""

    windtunnel: str
    localstack: str
    python: str


@dataclass(frozen=True)
class Entry:
    """A service in a manifest."""

    file: str
    sha256: str
    bytes: int
    blobs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Generation:
    """A whole snapshot, as its manifest has it."""

    folder: Path
    versions: Versions
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def read(self, service: str) -> bytes:
        """A service's state. Raises SnapshotError where the file is not what was written."""
        entry = self.entries[service]
        try:
            content = (self.folder / entry.file).read_bytes()
        except OSError as error:
            raise SnapshotError(f"{entry.file} cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise SnapshotError(f"{entry.file} is not what was written: {len(content)} bytes, {entry.bytes} were")
        return content


class SnapshotFolder:
    """The folder of one backplane's snapshots. Only who holds the lock may use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._generations = path / "generations"
        self._blobs = path / "blobs"
        self._pointer = path / "current"
        self._lock: int | None = None

    def acquire(
        self,
        timeout: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> bool:
        """Take the lock for this process and its forks: what a killed backplane still writes is waited for."""
        for folder in (self.path, self._generations, self._blobs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        end = clock() + timeout
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if clock() >= end:
                    os.close(lock)
                    return False
                sleep(LOCK_POLL_SECONDS)
            else:
                self._lock = lock
                return True

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # --- reading --------------------------------------------------------------------------------------------------

    def current(self) -> Generation | None:
        """The generation that counts; None before the first. Raises SnapshotError where it cannot be understood."""
        try:
            name = self._pointer.read_text().strip()
        except FileNotFoundError:
            return None
        folder = self._generations / Path(name).name
        try:
            manifest = json.loads((folder / MANIFEST).read_bytes())
            if manifest["format"] != FORMAT:
                raise SnapshotError(f"format {manifest['format']} is not this version's {FORMAT}")
            entries = {
                service: Entry(Path(entry["file"]).name, entry["sha256"], entry["bytes"], tuple(entry["blobs"]))
                for service, entry in manifest["services"].items()
            }
            return Generation(folder, Versions(**manifest["versions"]), entries)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SnapshotError(f"the manifest of {folder} cannot be read: {error}") from error

    def check_blob(self, name: str) -> None:
        """Raises SnapshotError where a blob is not what was written."""
        try:
            with self.open_blob(name) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise SnapshotError(f"blob {name} cannot be read: {error.strerror}") from error
        if digest != name:
            raise SnapshotError(f"blob {name} is not what was written")

    def open_blob(self, name: str) -> BufferedReader:
        """A blob's content."""
        return (self._blobs / Path(name).name).open("rb")

    # --- writing --------------------------------------------------------------------------------------------------

    def write_blob(self, pieces: Iterable[bytes]) -> str:
        """Keep content under its hash, which is its name."""
        digest, draft = hashlib.sha256(), self._blobs / "draft"

        def hashed() -> Iterator[bytes]:
            for piece in pieces:
                digest.update(piece)
                yield piece

        _write(draft, hashed())
        draft.rename(self._blobs / digest.hexdigest())
        return digest.hexdigest()

    def commit(self, versions: Versions, states: Mapping[str, State], previous: Generation | None) -> Generation:
        """Make a generation of `states`, and of what `previous` has of other services, the one that counts."""
        number = int(previous.folder.name) + 1 if previous else self._next_number()
        folder = self._generations / f"{number:06d}"
        draft = folder.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        draft.mkdir(mode=0o700)
        entries = {}
        for service, entry in (previous.entries if previous else {}).items():
            if service not in states and previous:
                os.link(previous.folder / entry.file, draft / entry.file)
                entries[service] = entry
        for service, state in states.items():
            _write(draft / state.entry.file, [state.content])
            entries[service] = state.entry
        manifest = {
            "format": FORMAT,
            "versions": asdict(versions),
            "services": {service: asdict(entry) for service, entry in sorted(entries.items())},
        }
        _write(draft / MANIFEST, [json.dumps(manifest, indent=1).encode()])
        _sync_folder(self._blobs)
        _sync_folder(draft)
        draft.rename(folder)
        _sync_folder(self._generations)
        pointer = self._pointer.with_suffix(".draft")
        _write(pointer, [folder.name.encode()])
        pointer.rename(self._pointer)
        _sync_folder(self.path)
        return Generation(folder, versions, entries)

    def sweep(self, kept: Generation | None) -> None:
        """Remove every other generation, and the blobs that none needs."""
        for folder in self._generations.iterdir():
            if kept is None or folder != kept.folder:
                shutil.rmtree(folder, ignore_errors=True)
        needed = {blob for entry in kept.entries.values() for blob in entry.blobs} if kept else set()
        for blob in self._blobs.iterdir():
            if blob.name not in needed:
                blob.unlink(missing_ok=True)

    def set_aside(self, generation: Generation, service: str) -> Path:
        """Move a service's file out of the way, for a person to look at."""
        file = generation.folder / generation.entries[service].file
        aside = self._aside(file.name)
        if file.exists():
            file.rename(aside)
        return aside

    def set_aside_all(self) -> Path:
        """Move all there is out of the way: another version's, or nothing that can be read."""
        aside = self._aside("all")
        aside.mkdir()
        for path in (self._generations, self._blobs, self._pointer):
            if path.exists():
                path.rename(aside / path.name)
        self._generations.mkdir(mode=0o700)
        self._blobs.mkdir(mode=0o700)
        return aside

    def _aside(self, name: str) -> Path:
        folder = self.path / "set-aside"
        folder.mkdir(exist_ok=True, mode=0o700)
        stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{name}"
        return next(path for path in _numbered(folder / stem) if not path.exists())

    def _next_number(self) -> int:
        names = [path.name.partition(".")[0] for path in self._generations.iterdir()]
        return max((int(name) for name in names if name.isdigit()), default=0) + 1


@dataclass(frozen=True)
class State:
    """What is to be written of a service."""

    entry: Entry
    content: bytes = field(repr=False)

    @classmethod
    def of(cls, service: str, content: bytes, blobs: Iterable[str] = ()) -> State:
        digest = hashlib.sha256(content).hexdigest()
        return cls(Entry(f"{service}.state", digest, len(content), tuple(sorted(blobs))), content)


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    number = 1
    while True:
        number += 1
        yield path.with_name(f"{path.name}.{number}")


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file; when this returns it is on disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
