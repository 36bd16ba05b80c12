"""Snapshots: the whole state, set aside under a name, and taken back whole. By pages, so in the time of a copy."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windtunnel.dynamodb.database import Database, snapshot_folder

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state that was set aside. `time`: Unix time of it; `bytes`: what it takes."""

    name: str
    time: float
    bytes: int


class Snapshots:
    """The part of the store that is about snapshots. They live as long as the data does: in a folder beside the file,
    or in memory."""

    database: Database
    execute: Callable[..., Any]
    clock: Callable[[], float]
    _in_memory: dict[str, tuple[Snapshot, sqlite3.Connection]]

    def reload(self) -> None:
        raise NotImplementedError

    def take_snapshot(self, name: str) -> Snapshot:
        """Set the state aside; one of the same name is replaced. Raises ValueError: no name for one."""
        if not NAME.fullmatch(name):
            raise ValueError(f"no name for a snapshot: {name!r} (letters, digits, _ . - and 64 characters at most)")
        self.database.commit()
        if self.database.path is None:
            copy = sqlite3.connect(":memory:")
            self.database.connection.backup(copy)
            (pages,), (size,) = (copy.execute(f"PRAGMA {what}").fetchone() for what in ("page_count", "page_size"))
            snapshot = Snapshot(name, self.clock(), pages * size)
            if name in self._held():
                self.delete_snapshot(name)
            self._held()[name] = (snapshot, copy)
            return snapshot
        folder = snapshot_folder(self.database.path)
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}.sqlite"
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with closing(sqlite3.connect(new)) as target:
            target.execute("PRAGMA synchronous = OFF")
            self.database.connection.backup(target)
        new.rename(path)
        return _described(path)

    def restore_snapshot(self, name: str) -> Snapshot:
        """Make the state what it was. Raises KeyError: there is no such snapshot."""
        self.database.commit()
        if self.database.path is None:
            snapshot, copy = self._held()[name]
            copy.backup(self.database.connection)
        else:
            path = self._path(name)
            self.database.replace_with(path)
            self.execute = self.database.execute
            snapshot = _described(path)
        self.reload()
        return snapshot

    def snapshots(self) -> list[Snapshot]:
        """By name."""
        if self.database.path is None:
            found = [snapshot for snapshot, _ in self._held().values()]
        else:
            found = [_described(path) for path in snapshot_folder(self.database.path).glob("*.sqlite")]
        return sorted(found, key=lambda snapshot: snapshot.name)

    def delete_snapshot(self, name: str) -> None:
        """Raises KeyError: there is no such snapshot."""
        if self.database.path is None:
            self._held().pop(name)[1].close()
        else:
            self._path(name).unlink()

    def _close_snapshots(self) -> None:
        for _, copy in self._held().values():
            copy.close()

    def _path(self, name: str) -> Path:
        assert self.database.path
        path = snapshot_folder(self.database.path) / f"{name}.sqlite"
        if not NAME.fullmatch(name) or not path.exists():
            raise KeyError(name)
        return path

    def _held(self) -> dict[str, tuple[Snapshot, sqlite3.Connection]]:
        if not hasattr(self, "_in_memory"):
            self._in_memory = {}
        return self._in_memory


def _described(path: Path) -> Snapshot:
    found = path.stat()
    return Snapshot(path.stem, found.st_mtime, found.st_size)
