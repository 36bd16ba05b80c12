"""AWS's rules: Amazon DynamoDB Developer Guide, "DynamoDB read and write operations"."""

from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.errors import WindtunnelError
from windtunnel.load.capacity import Operation, estimate, read_operations, units
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
    ['"GET /" = [{ table = "T", operation = "Fetch" }]', '"GET /" = [{ tabel = "T", operation = "GetItem" }]', "["],
)
def test_a_file_that_cannot_be_used_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "capacity.toml").write_text(text)

    with pytest.raises(WindtunnelError, match=r"capacity\.toml"):
        read_operations(tmp_path / "capacity.toml")
