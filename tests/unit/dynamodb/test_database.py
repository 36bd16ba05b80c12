"""The data file: who may open it, and what becomes of a transaction that fails."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from windtunnel.dynamodb.database import Database, StoreError

SCHEMA = "CREATE TABLE notes (text TEXT)"


def texts(database: Database) -> list[str]:
    return [text for (text,) in database.execute("SELECT text FROM notes ORDER BY text")]


def note(database: Database, text: str) -> None:
    database.execute("INSERT INTO notes VALUES (?)", (text,))


def test_what_was_committed_is_there_again(tmp_path: Path) -> None:
    database = Database(tmp_path / "data", SCHEMA)
    with database.transaction():
        note(database, "a")
    database.close()

    again = Database(tmp_path / "data", SCHEMA)

    assert texts(again) == ["a"]
    again.close()


def test_a_level_that_fails_is_undone_by_itself() -> None:
    database = Database(None, SCHEMA)
    undone: list[str] = []

    with database.transaction():
        note(database, "outer")
        database.undo(lambda: undone.append("outer"))
        database.enter()
        note(database, "inner")
        database.undo(lambda: undone.append("inner"))
        database.leave(failed=True)

    assert texts(database) == ["outer"]
    assert undone == ["inner"]
    database.close()


def test_a_transaction_that_fails_leaves_those_before_it_in_the_group() -> None:
    asked: list[bool] = []
    database = Database(None, SCHEMA, lambda: asked.append(True))
    with database.transaction():
        note(database, "before")

    def fail() -> None:
        with database.transaction():
            note(database, "failed")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    database.commit()

    assert texts(database) == ["before"]
    assert asked == [True]
    database.close()


def test_a_rollback_undoes_the_whole_group_and_says_so() -> None:
    database = Database(None, SCHEMA, lambda: None)
    undone: list[str] = []
    database.after_rollback.append(lambda: undone.append("all"))
    with database.transaction():
        note(database, "a")
        database.undo(lambda: undone.append("a"))

    database.rollback()

    assert texts(database) == []
    assert undone == ["a", "all"]
    assert not database.dirty
    database.close()


def test_what_sqlite_undoes_of_a_group_is_never_called_durable() -> None:
    # where the disk is full, SQLite may end the whole transaction by itself
    database = Database(None, SCHEMA, lambda: None)
    with database.transaction():
        note(database, "acknowledged when it is committed")

    def fail() -> None:
        with database.transaction():
            database.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(sqlite3.OperationalError, match="full"):
        fail()
    with database.transaction():
        note(database, "after it")

    with pytest.raises(sqlite3.OperationalError, match="undid all"):
        database.commit()
    assert texts(database) == []
    with database.transaction():
        note(database, "the next group")
    database.commit()
    assert texts(database) == ["the next group"]
    database.close()


def test_a_folder_is_no_data_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        Database(tmp_path, SCHEMA)


def test_a_file_is_for_one_process_at_a_time(tmp_path: Path) -> None:
    first = Database(tmp_path / "data", SCHEMA)

    with pytest.raises(StoreError, match="in use by another process") as refused:
        Database(tmp_path / "data", SCHEMA)

    assert "--memory" in refused.value.hint
    first.close()
    Database(tmp_path / "data", SCHEMA).close()


@pytest.mark.parametrize("offset", [0, 24, 100, 4096 + 8])
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "data"
    database = Database(path, SCHEMA)
    with database.transaction():
        for number in range(2000):
            note(database, f"{number:0100}")
    database.close()
    content = bytearray(path.read_bytes())
    content[offset : offset + 40] = b"\xff" * 40
    path.write_bytes(content)

    with pytest.raises(StoreError) as refused:
        Database(path, SCHEMA)

    assert str(path) in str(refused.value)
    assert refused.value.hint
    assert path.read_bytes() == bytes(content)


def test_the_way_out_of_a_damaged_file_names_its_snapshots(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    (tmp_path / "data-snapshots").mkdir()
    (tmp_path / "data-snapshots" / "clean.sqlite").touch()

    with pytest.raises(StoreError, match="is damaged") as refused:
        Database(path, SCHEMA)

    assert "clean" in refused.value.hint
    assert f"mv {path} {path}.damaged" in refused.value.hint


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "data")
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()

    with pytest.raises(StoreError, match="another program"):
        Database(tmp_path / "data", SCHEMA)


def test_a_file_in_no_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no folder") as refused:
        Database(tmp_path / "nowhere" / "data", SCHEMA)

    assert refused.value.hint == f"mkdir -p {tmp_path / 'nowhere'}"
