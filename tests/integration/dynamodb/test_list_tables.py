"""ListTables. API Reference, ListTables: pages of 100, by name, with LastEvaluatedTableName."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]


def test_lists_by_name_in_pages(dynamodb: Any, make_table: MakeTable) -> None:
    for name in ("charlie", "alpha", "bravo"):
        make_table(TableName=name)

    first = dynamodb.list_tables(Limit=2)
    second = dynamodb.list_tables(Limit=2, ExclusiveStartTableName=first["LastEvaluatedTableName"])

    assert (first["TableNames"], first["LastEvaluatedTableName"]) == (["alpha", "bravo"], "bravo")
    assert second["TableNames"] == ["charlie"]
    assert "LastEvaluatedTableName" not in second


def test_a_full_last_page_has_no_next(dynamodb: Any, make_table: MakeTable) -> None:
    make_table(TableName="alpha")

    assert "LastEvaluatedTableName" not in dynamodb.list_tables(Limit=1)


def test_boto3s_paginator_goes_round(dynamodb: Any, make_table: MakeTable) -> None:
    names = [make_table() for _ in range(5)]

    pages = dynamodb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2})

    assert [name for page in pages for name in page["TableNames"]] == names


def test_refuses_a_limit_out_of_bounds(dynamodb: Any, refused: Refused) -> None:
    # recorded: dynalite's test/listTables.js
    error = refused(dynamodb.list_tables, Limit=101)

    constraint = "Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"
    assert error == ("ValidationException", f"1 validation error detected: {constraint}")
