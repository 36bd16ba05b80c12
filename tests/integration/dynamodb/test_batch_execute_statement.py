"""BatchExecuteStatement. Answers: LocalStack's snapshot of AWS (test_dynamodb_batch_execute_statement); API Reference,
BatchStatementError: the codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]


def batch(dynamodb: Any, *statements: str) -> list[dict[str, Any]]:
    requests = [{"Statement": statement} for statement in statements]
    responses: list[dict[str, Any]] = dynamodb.batch_execute_statement(Statements=requests)["Responses"]
    return responses


def test_each_statement_has_an_answer(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table(TableName="Users")

    written = batch(
        dynamodb,
        "INSERT INTO Users VALUE {'id': 'user01'}",
        "INSERT INTO Users VALUE {'id': 'user01'}",
        "UPDATE Users SET Age = 20 WHERE id = 'user01'",
        "UPDATE Users SET Age = 20 WHERE id = 'nobody'",
        "UPDATE Users SET Age = 20",
        "INSERT INTO nothere VALUE {'id': 'user01'}",
    )
    read = batch(dynamodb, "SELECT * FROM Users WHERE id = 'user01'", "SELECT * FROM Users WHERE id = 'nobody'")

    assert written[0] == {"TableName": name}
    assert written[1] == {"Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}}
    assert written[2] == {"TableName": name}
    assert [response["Error"]["Code"] for response in written[3:]] == [
        "ConditionalCheckFailed",
        "ValidationError",
        "ResourceNotFound",
    ]
    assert read == [
        {"TableName": name, "Item": {"id": {"S": "user01"}, "Age": {"N": "20"}}},
        {"TableName": name},
    ]


def test_a_read_names_one_item(dynamodb: Any, make_table: MakeTable) -> None:
    make_table(TableName="Users")

    (response,) = batch(dynamodb, "SELECT * FROM Users")

    assert response["Error"] == {
        "Code": "ValidationError",
        "Message": "Select statements within BatchExecuteStatement must specify the primary key in the where clause.",
    }


def test_reads_or_writes(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    make_table(TableName="Users")
    statements = [
        {"Statement": "SELECT * FROM Users WHERE id = 'x'"},
        {"Statement": "INSERT INTO Users VALUE {'id': 'x'}"},
    ]

    assert refused(dynamodb.batch_execute_statement, Statements=statements)[0] == "ValidationException"


def test_tells_the_capacity(dynamodb: Any, make_table: MakeTable) -> None:
    make_table(TableName="Users")

    answer = dynamodb.batch_execute_statement(
        Statements=[{"Statement": "INSERT INTO Users VALUE {'id': 'x'}"}], ReturnConsumedCapacity="TOTAL"
    )

    assert answer["ConsumedCapacity"] == [{"TableName": "Users", "CapacityUnits": 1.0}]
