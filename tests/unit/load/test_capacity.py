"""AWS's rules: Amazon DynamoDB Developer Guide, "DynamoDB read and write operations"."""

from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.load.capacity import (
    CapacityError,
    Consumed,
    Counted,
    Look,
    Operation,
    counted_between,
    counted_within,
    estimate,
    read_operations,
    share_of,
    units,
)
from windtunnel.load.figures import Figures

LOAD = Path(__file__).parents[2] / "load"


@pytest.mark.parametrize(
    ("operation", "size", "expected"),
    [
        (Operation("t", "GetItem"), 1, (1.0, 0.0)),
        (Operation("t", "GetItem"), 4096, (1.0, 0.0)),
        (Operation("t", "GetItem"), 4097, (2.0, 0.0)),
        (Operation("t", "GetItem", consistent=False), 4097, (1.0, 0.0)),
        (Operation("t", "Scan", consistent=False), 100, (0.5, 0.0)),
        (Operation("t", "PutItem"), 1024, (0.0, 1.0)),
        (Operation("t", "UpdateItem"), 1025, (0.0, 2.0)),
        (Operation("t", "DeleteItem"), 0, (0.0, 1.0)),
    ],
)
def test_units_are_counted_as_by_aws(operation: Operation, size: float, expected: tuple[float, float]) -> None:
    assert units(operation, size) == expected


def test_an_estimate_goes_by_the_answers_sizes() -> None:
    def row(endpoint: str, good: int, received: int) -> Figures:
        return Figures(endpoint, 10, good, good, 0, 0, 1.0, 1.0, 1.0, 1.0, 1.0, 0, received)

    operations = {
        "POST /users": (Operation("UsersTableName", "PutItem"),),
        "GET /users": (Operation("UsersTableName", "Scan"),),
        "GET /never": (Operation("UsersTableName", "Scan"),),
    }
    figures = {"POST /users": row("POST /users", 10, 2000), "GET /users": row("GET /users", 4, 4 * 5000)}

    (table,) = estimate(operations, figures, {"UsersTableName": "users-1"})

    assert (table.table, table.write_units, table.read_units) == ("users-1", 10.0, 8.0)
    assert table.source.startswith("estimated")


def test_our_own_file_can_be_read() -> None:
    operations = read_operations(LOAD / "capacity.toml")

    assert operations["POST /users"] == (Operation("UsersTableName", "PutItem"),)


@pytest.mark.parametrize(
    "text",
    [
        '"GET /" = [{ table = "T", operation = "Fetch" }]',
        '"GET /" = [{ tabel = "T", operation = "GetItem" }]',
        '"GET /" = [{ table = "T" }]',
        '"GET /" = [{ table = "T", operation = "GetItem", item_bytes = "4 KB" }]',
        '"GET /" = [{ table = "T", operation = "GetItem", item_bytes = -1 }]',
        '"GET /" = [{ table = "T", operation = "GetItem", consistent = 1 }]',
        '"GET /" = { table = "T", operation = "GetItem" }',
        '"GET /" = 5',
        "[",
        "# \xe9",
    ],
)
def test_a_file_that_cannot_be_used_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "capacity.toml").write_text(text, encoding="latin-1")

    with pytest.raises(CapacityError, match=r"capacity\.toml"):
        read_operations(tmp_path / "capacity.toml")


def counted(since: str, **tables: tuple[float, float, int]) -> Counted:
    return Counted(since, tables)


def test_a_run_consumed_what_the_engine_counted_between_its_ends() -> None:
    before, after = counted("a", users=(10, 4, 1), others=(1, 1, 0)), counted("a", users=(12.5, 4, 3), new=(0, 7, 0))

    found = counted_between(before, after, ["new", "users", "untouched"])

    assert found == (
        Consumed("new", 0, 7, 0, "counted by the engine"),
        Consumed("users", 2.5, 0, 2, "counted by the engine"),
        Consumed("untouched", 0, 0, 0, "counted by the engine"),
    )


def test_counts_of_an_engine_that_was_started_anew_say_nothing() -> None:
    assert counted_between(counted("a", users=(10, 4, 1)), counted("b", users=(12, 5, 1)), ["users"]) is None


def test_an_engine_tells_of_one_account_and_region() -> None:
    entry = {
        "account": "1",
        "region": "eu-west-1",
        "table": "users",
        "read_units": 1.5,
        "write_units": 2,
        "throttled": 3,
    }
    others = [{**entry, "account": "2"}, {**entry, "region": "us-east-1"}]

    found = Counted.from_document({"since": "a", "tables": [*others, {**entry, "read_units": 0.5}]}, "1", "eu-west-1")

    assert found == counted("a", users=(0.5, 2.0, 3))


def looks(*seen: tuple[float, str, float]) -> list[Look]:
    return [Look(moment, counted(since, users=(2 * writes, writes, 0))) for moment, since, writes in seen]


def test_a_stretch_consumed_what_was_counted_between_its_ends() -> None:
    # 0 to 10 the warm-up with its creates, 10 to 20 the stretch, then clearing up
    seen = looks((0, "a", 0), (9, "a", 90), (10, "a", 100), (19.5, "a", 110), (20.5, "a", 112), (22, "a", 500))

    found = counted_within(seen, 10, 20, ["users", "untouched"])

    # at 20 half of what came between the looks beside it
    assert found == (
        Consumed("users", 22.0, 11.0, 0, "counted by the engine"),
        Consumed("untouched", 0, 0, 0, "counted by the engine"),
    )


@pytest.mark.parametrize(
    "seen",
    [
        [],
        [(0, "a", 0), (9, "a", 9)],
        [(11, "a", 9), (21, "a", 9)],
        # nobody knows what was when in the six seconds
        [(8, "a", 0), (14, "a", 9), (20, "a", 9)],
        [(10, "a", 9), (15, "b", 0), (20, "b", 9)],
        [(9, "a", 9), (11, "b", 0), (20, "b", 9)],
    ],
)
def test_of_a_stretch_whose_ends_nobody_saw_nothing_is_said(seen: list[tuple[float, str, float]]) -> None:
    assert counted_within(looks(*seen), 10, 20, ["users"]) is None


def test_only_what_is_of_the_whole_run_is_shared_out() -> None:
    whole, estimated = Consumed("users", 10, 4, 1, "CloudWatch"), Consumed("others", 10, 4, 0, "estimated")

    assert share_of((whole, estimated), 0.5) == (Consumed("users", 5, 2, 1, "CloudWatch"), estimated)
