"""DeleteTable. Messages: dynalite's recorded test/deleteTable.js; ack-api-quirks, DDB-TABLE-442."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]


def test_deletes_the_table_and_its_items(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    name = make_table(TableName="again")
    dynamodb.put_item(TableName=name, Item={"id": {"S": "1"}})

    told = dynamodb.delete_table(TableName=name)["TableDescription"]

    assert told["TableStatus"] == "DELETING"
    assert told["TableName"] == name
    assert "KeySchema" not in told
    missing = "Requested resource not found: Table: again not found"
    assert refused(dynamodb.describe_table, TableName=name) == ("ResourceNotFoundException", missing)
    make_table(TableName=name)
    assert dynamodb.scan(TableName=name)["Items"] == []


def test_does_not_delete_what_is_protected(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    name = make_table(DeletionProtectionEnabled=True)

    error = refused(dynamodb.delete_table, TableName=name)

    assert error == (
        "ValidationException",
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
    )
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=name)


def test_knows_no_other_table(dynamodb: Any, refused: Refused) -> None:
    error = refused(dynamodb.delete_table, TableName="nothere")

    assert error == ("ResourceNotFoundException", "Requested resource not found: Table: nothere not found")
