"""The SQLite file: who may open it, what a transaction is, and when it is on its way to the disk.

Transactions nest; each level is undone by itself. With `on_dirty`, what they wrote is committed by commit(), which
on_dirty() arranges once for all that is written until then (group commit); without it, the outermost one commits.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from windtunnel.errors import WindtunnelError

APPLICATION_ID = 0x77744442
"""PRAGMA application_id of our files: "wtDB"."""
VERSION = 1
CACHED_STATEMENTS = 2000
CHECKPOINT_PAGES = 8000
"""Pages of the write-ahead log after which it is folded into the file: 32 MB."""


CHECKED_BYTES = 128 * 2**20
"""A file up to this size is read through when it is opened (half a second); of a larger one the schema only, so that a
large table does not keep its server from starting. What is damaged there shows when it is read."""


class StoreError(WindtunnelError):
    """The data cannot be used: it is in use, damaged, of another version, or not ours."""


class _Level:
    """One level of a transaction, as a context manager."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        self._database.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.leave(failed=kind is not None)


class Database:
    """One connection, and whether it has something to commit."""

    def __init__(self, path: Path | None, schema: str, on_dirty: Callable[[], None] | None = None) -> None:
        self.path = path
        self._on_dirty = on_dirty
        self._lock = _locked(path) if path else None
        self._marks: list[int] = []
        """How much there was to undo when each of the open levels began."""
        self._undo: list[Callable[[], None]] = []
        self._lost = False
        """Whether a part of the group was undone (the disk is full, say): then none of it is to be called durable."""
        self.before_commit: list[Callable[[], None]] = []
        self.after_rollback: list[Callable[[], None]] = []
        self.dirty = False
        """Whether a transaction is open: what is read now may not be on the disk yet."""
        self._level = _Level(self)
        self._schema = schema
        try:
            self.connection = _opened(path, schema)
        except BaseException:
            self._unlock()
            raise
        self.execute = self.connection.execute

    def transaction(self) -> _Level:
        """All or nothing, of what is written inside."""
        return self._level

    def enter(self) -> None:
        if not self.dirty:
            self.execute("BEGIN IMMEDIATE")
            self.dirty = True
            if self._on_dirty:
                self._on_dirty()
        self._marks.append(len(self._undo))
        self.execute(f"SAVEPOINT s{len(self._marks)}")

    def leave(self, *, failed: bool) -> None:
        depth, mark = len(self._marks), self._marks.pop()
        if failed and self.connection.in_transaction:  # SQLite ends it by itself where the disk is full
            self.execute(f"ROLLBACK TO s{depth}")
            self._undo_to(mark)
        elif failed:
            self.rollback()
            self._lost = self._on_dirty is not None  # for those that wait for the commit
            return
        self.execute(f"RELEASE s{depth}")
        if depth == 1 and self._on_dirty is None:
            self.commit()

    def undo(self, action: Callable[[], None]) -> None:
        """What to do, beside SQLite's own part, should what is written now not come to be."""
        self._undo.append(action)

    def _undo_to(self, mark: int) -> None:
        while len(self._undo) > mark:
            self._undo.pop()()

    def commit(self) -> None:
        """Make what was written so far durable (against the death of any process). Raises sqlite3.Error: it is not."""
        assert not self._marks, "commit() inside a transaction"
        if self._lost:
            self.rollback()
            self._lost = False
            raise sqlite3.OperationalError("a write before this commit failed, and SQLite undid all since the last")
        if not self.dirty:
            return
        try:
            for action in self.before_commit:
                action()
            self.execute("COMMIT")
        except sqlite3.Error:
            self.rollback()
            raise
        self.dirty = False
        self._undo.clear()

    def rollback(self) -> None:
        """Undo all since the last commit."""
        if self.connection.in_transaction:
            self.execute("ROLLBACK")
        self.dirty = False
        self._undo_to(0)
        for action in self.after_rollback:
            action()

    def replace_with(self, path: Path) -> None:
        """Make the file what another one of ours is, at once or not at all, whatever dies meanwhile. Nothing may be
        uncommitted; `connection` and `execute` are others then."""
        assert self.path is not None, "a database in memory has no file"
        assert not self.dirty, "there is something to commit"
        new = self.path.with_name(self.path.name + "-new")
        shutil.copyfile(path, new)
        self.connection.close()  # folds the log into the file
        try:
            log = self.path.with_name(self.path.name + "-wal")
            if log.exists() and log.stat().st_size:
                raise StoreError(f"{log} could not be folded into {self.path}", hint="is the disk full?")
            new.replace(self.path)
        finally:
            self.connection = _opened(self.path, self._schema, check=False)
            self.execute = self.connection.execute

    def close(self) -> None:
        """Commit, fold the log into the file, let go of the lock."""
        self.commit()
        self.connection.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock:
            assert self.path
            self._lock.truncate(0)
            self._lock.close()
            self._lock = None


def _locked(path: Path) -> TextIO:
    """A lock file beside the data, held until it is closed. Raises StoreError with the holder's process id."""
    if path.is_dir():
        raise StoreError(f"{path} is a folder", hint="give --data a file, which is made where it is not there")
    if not path.parent.is_dir():
        raise StoreError(f"there is no folder {path.parent}", hint=f"mkdir -p {path.parent}")
    lock_path = path.with_name(path.name + "-lock")
    try:
        lock = os.fdopen(os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+")
    except OSError as error:
        raise StoreError(
            f"{lock_path} cannot be written: {error.strerror}",
            hint="give --data a file that you may write, or --memory",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise StoreError(
            f"{path} is in use by another process (pid {holder})",
            hint=f"end it (kill {holder}), or give --data another file, or --memory",
        ) from error
    lock.seek(0)
    lock.truncate()
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _opened(path: Path | None, schema: str, *, check: bool = True) -> sqlite3.Connection:
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, cached_statements=CACHED_STATEMENTS)
    try:
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA temp_store = MEMORY")
        if path is not None:
            # nobody else has the file: no locks to be looked at for every statement
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():  # new, or killed before this
            _create(connection, schema)
        elif path is not None and check:
            _check(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise damaged(path or Path(":memory:"), str(error)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection, schema: str) -> None:
    connection.executescript(
        f"BEGIN; {schema}; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    )


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises StoreError where the file is not ours, sqlite3.DatabaseError or StoreError where it is damaged."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StoreError(
            f"{path} is an SQLite file of another program", hint="give --data a file that does not exist yet"
        )
    if version != VERSION:
        raise StoreError(
            f"{path} is of version {version}, and this windtunnel reads version {VERSION}",
            hint="use the windtunnel that wrote it, or give --data another file",
        )
    if path.stat().st_size > CHECKED_BYTES:
        return
    found = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    if found != ["ok"]:
        raise damaged(path, "\n".join(found))


def damaged(path: Path, detail: str) -> StoreError:
    """What to say of a file that cannot be read, and how to go on."""
    snapshots = sorted(entry.stem for entry in snapshot_folder(path).glob("*.sqlite"))
    way = f"mv {path} {path}.damaged && rm -f {path}-wal {path}-shm, and start again: it begins empty"
    if snapshots:
        way += f"; or from a snapshot ({', '.join(snapshots)}): cp {snapshot_folder(path)}/NAME.sqlite {path}"
    return StoreError(f"{path} is damaged, and was left as it is", hint=way, detail=detail)


def snapshot_folder(path: Path) -> Path:
    """Where the snapshots of a data file are."""
    return path.with_name(path.name + "-snapshots")
