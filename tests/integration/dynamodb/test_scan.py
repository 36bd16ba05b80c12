"""Scan. Sources: API Reference, "Scan"; messages recorded from AWS by dynalite (test/scan.js) and
dynamodb-conformance (tier1/scan, tier3/error-messages/scan)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.dynamodb.things import MakeTable, Refused, make_things, put_all, strings


@pytest.fixture
def table(dynamodb: Any, make_table: MakeTable) -> str:
    """Thirty items in ten partitions; every third is a bird."""
    table = make_things(make_table)
    for number in range(30):
        item = strings(id=str(number % 10), sort=f"s{number}", name=f"n{number}")
        put_all(dynamodb, table, item if number % 3 else {**item, **strings(kind="bird")})
    return table


def sorts(pages: Any) -> list[str]:
    return [item["sort"]["S"] for page in pages for item in page["Items"]]


def test_pages_are_the_whole_table_once(dynamodb: Any, table: str) -> None:
    paginator = dynamodb.get_paginator("scan")

    found = sorts(paginator.paginate(TableName=table, PaginationConfig={"PageSize": 7}))

    assert found == sorts([dynamodb.scan(TableName=table)])
    assert sorted(found) == sorted(f"s{number}" for number in range(30))


def test_segments_are_the_whole_table_once(dynamodb: Any, table: str) -> None:
    paginator = dynamodb.get_paginator("scan")
    segments = [
        sorts(paginator.paginate(TableName=table, Segment=n, TotalSegments=4, PaginationConfig={"PageSize": 2}))
        for n in range(4)
    ]

    assert sorted(sort for segment in segments for sort in segment) == sorted(f"s{number}" for number in range(30))
    assert sum(map(bool, segments)) > 1


def test_a_start_in_another_segment_is_refused(dynamodb: Any, table: str, refused: Refused) -> None:
    pages = [dynamodb.scan(TableName=table, Segment=n, TotalSegments=2, Limit=1) for n in range(2)]
    other = next(n for n in range(2) if pages[1 - n].get("LastEvaluatedKey"))

    answer = refused(
        dynamodb.scan,
        TableName=table,
        Segment=other,
        TotalSegments=2,
        ExclusiveStartKey=pages[1 - other]["LastEvaluatedKey"],
    )

    assert answer == (
        "ValidationException",
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct "
        f"Segment. TotalSegments: 2 Segment: {other}",
    )


def test_an_index_has_only_the_items_with_its_keys(dynamodb: Any, table: str) -> None:
    pages = list(
        dynamodb.get_paginator("scan").paginate(
            TableName=table, IndexName="by-kind", PaginationConfig={"PageSize": 3}, ReturnConsumedCapacity="INDEXES"
        )
    )

    assert sorted(sorts(pages)) == sorted(f"s{number}" for number in range(0, 30, 3))
    assert pages[0]["LastEvaluatedKey"].keys() == {"id", "sort", "kind"}
    assert pages[0]["ConsumedCapacity"]["GlobalSecondaryIndexes"] == {"by-kind": {"CapacityUnits": 0.5}}


def test_a_filter_leaves_what_was_read_counted(dynamodb: Any, table: str) -> None:
    answer = dynamodb.scan(
        TableName=table,
        FilterExpression="kind = :k AND begins_with(#n, :n)",
        ExpressionAttributeNames={"#n": "name"},
        ExpressionAttributeValues={":k": {"S": "bird"}, ":n": {"S": "n1"}},
        ProjectionExpression="#n",
    )

    assert sorted(item["name"]["S"] for item in answer["Items"]) == ["n12", "n15", "n18"]
    assert (answer["Count"], answer["ScannedCount"]) == (3, 30)


def test_the_older_filter(dynamodb: Any, table: str) -> None:
    answer = dynamodb.scan(
        TableName=table,
        ScanFilter={
            "kind": {"ComparisonOperator": "NULL"},
            "name": {"ComparisonOperator": "IN", "AttributeValueList": [{"S": "n1"}, {"S": "n3"}]},
        },
        Select="COUNT",
    )

    assert (answer["Count"], answer["ScannedCount"]) == (1, 30)
    assert "Items" not in answer


def test_a_page_has_a_megabyte(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    for number in range(12):
        put_all(dynamodb, table, strings(id=str(number), text="x" * 100_000))

    first = dynamodb.scan(TableName=table, Select="COUNT", ReturnConsumedCapacity="TOTAL", ConsistentRead=True)
    second = dynamodb.scan(TableName=table, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert (first["Count"], second["Count"]) == (11, 1)
    assert first["ConsumedCapacity"]["CapacityUnits"] == -(-11 * 100_010 // 4096)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"Segment": 0},
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is "
            "present",
        ),
        (
            {"TotalSegments": 4},
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
            "present",
        ),
        (
            {"Segment": 5, "TotalSegments": 5},
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 5 is not less "
            "than TotalSegments: 5",
        ),
        ({"IndexName": "none"}, "The table does not have the specified index: none"),
        (
            {"IndexName": "by-owner", "ConsistentRead": True},
            "Consistent reads are not supported on global secondary indexes",
        ),
        (
            {"Limit": 0},
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value "
            "greater than or equal to 1",
        ),
        (
            {"ExclusiveStartKey": {"id": {"S": "1"}, "sort": {"N": "1"}}},
            "The provided starting key is invalid: The provided key element does not match the schema",
        ),
        (
            {"ExclusiveStartKey": {"id": {"S": "1"}, "sort": {"N": "x"}}},
            "The provided starting key is invalid: The parameter cannot be converted to a numeric value: x",
        ),
        (
            {"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "id"},
            "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    dynamodb: Any, table: str, refused: Refused, parameters: Any, message: str
) -> None:
    assert refused(dynamodb.scan, TableName=table, **parameters) == ("ValidationException", message)
