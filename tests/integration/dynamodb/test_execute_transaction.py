"""ExecuteTransaction. Answers: LocalStack's snapshot of AWS (test_dynamodb_execute_transaction); Developer Guide,
"Performing transactions with PartiQL for DynamoDB"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]


def transact(dynamodb: Any, *statements: str) -> list[dict[str, Any]]:
    requests = [{"Statement": statement} for statement in statements]
    responses: list[dict[str, Any]] = dynamodb.execute_transaction(TransactStatements=requests)["Responses"]
    return responses


def test_writes_all(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table(TableName="Users")

    responses = transact(
        dynamodb, "INSERT INTO Users VALUE {'id': 'user01'}", "INSERT INTO Users VALUE {'id': 'user02'}"
    )

    assert responses == []
    assert dynamodb.scan(TableName=name)["Count"] == 2


def test_writes_all_or_none(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table(TableName="Users")
    dynamodb.put_item(TableName=name, Item={"id": {"S": "there"}})

    with pytest.raises(ClientError) as caught:
        transact(dynamodb, "INSERT INTO Users VALUE {'id': 'new'}", "INSERT INTO Users VALUE {'id': 'there'}")

    assert caught.value.response["Error"]["Code"] == "TransactionCanceledException"
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "DuplicateItem"]
    assert dynamodb.scan(TableName=name)["Count"] == 1


def test_reads_all(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table(TableName="Users")
    dynamodb.put_item(TableName=name, Item={"id": {"S": "there"}, "a": {"N": "1"}, "b": {"N": "2"}})

    responses = transact(dynamodb, "SELECT b FROM Users WHERE id = 'there'", "SELECT * FROM Users WHERE id = 'nowhere'")

    assert responses == [{"Item": {"b": {"N": "2"}}}, {}]


def test_writes_where_another_item_exists(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table(TableName="Users")
    dynamodb.put_item(TableName=name, Item={"id": {"S": "there"}, "a": {"N": "1"}})
    insert = "INSERT INTO Users VALUE {'id': 'new'}"

    with pytest.raises(ClientError) as caught:
        transact(dynamodb, "EXISTS(SELECT * FROM Users WHERE id = 'there' AND a = 2)", insert)
    transact(dynamodb, "EXISTS(SELECT * FROM Users WHERE id = 'there' AND a = 1)", insert)

    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["ConditionalCheckFailed", "None"]
    assert dynamodb.scan(TableName=name)["Count"] == 2


def test_reads_or_writes(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    make_table(TableName="Users")
    statements = [
        {"Statement": "SELECT * FROM Users WHERE id = 'x'"},
        {"Statement": "INSERT INTO Users VALUE {'id': 'x'}"},
    ]

    assert refused(dynamodb.execute_transaction, TransactStatements=statements)[0] == "ValidationException"


def test_says_which_statement_has_no_place_in_it(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    # recorded: dynamodb-conformance, tests/tier3/error-messages/partiql.test.ts
    make_table(TableName="Users")
    update = {"Statement": "UPDATE Users SET a = 1 WHERE id = 'x' RETURNING ALL NEW *"}
    read = {"Statement": "SELECT * FROM Users.byname WHERE id = 'x'"}

    returning = refused(dynamodb.execute_transaction, TransactStatements=[update])
    index = refused(dynamodb.execute_transaction, TransactStatements=[read])

    prefix = "Validation failed in TransactStatements[0]: "
    assert returning == ("ValidationException", prefix + "RETURNING clause is not supported in ExecuteTransaction.")
    assert index == ("ValidationException", prefix + "Reads on indices are not supported within transactions.")
