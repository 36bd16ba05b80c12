"""Query. Sources: API Reference, "Query"; messages recorded from AWS by dynalite (test/query.js) and
dynamodb-conformance (tier1/query, tier3/error-messages/query)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.integration.dynamodb.things import INVALID, Item, MakeTable, Refused, make_things, put_all, schema, strings


def of(id_: str, **more: Any) -> dict[str, Any]:
    """The parameters for all of a partition."""
    values = more.pop("ExpressionAttributeValues", {})
    return {"KeyConditionExpression": "id = :id", "ExpressionAttributeValues": {":id": {"S": id_}, **values}, **more}


def sorts(answer: Any) -> list[str]:
    return [item["sort"]["S"] for item in answer["Items"]]


@pytest.fixture
def table(dynamodb: Any, make_table: MakeTable) -> str:
    """Ten items of one partition, and some of others; those with an even number are birds."""
    table = make_things(make_table)
    for number in range(10):
        item = strings(id="1", sort=f"s{number}", at=f"{9 - number}", owner="o", name=f"n{number}", colour="blue")
        put_all(dynamodb, table, item if number % 2 else {**item, **strings(kind="bird")})
    put_all(dynamodb, table, strings(id="2", sort="s0"), strings(id="10", sort="s0"))
    return table


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("sort = :a", ["s3"]),
        ("sort < :a", ["s0", "s1", "s2"]),
        ("sort <= :a", ["s0", "s1", "s2", "s3"]),
        ("sort > :b", ["s8", "s9"]),
        (":b <= sort", ["s7", "s8", "s9"]),
        ("sort BETWEEN :a AND :b", ["s3", "s4", "s5", "s6", "s7"]),
        ("begins_with(sort, :a)", ["s3"]),
    ],
)
def test_a_range_of_a_partition_both_ways(dynamodb: Any, table: str, condition: str, expected: list[str]) -> None:
    values = {":id": {"S": "1"}, ":a": {"S": "s3"}, ":b": {"S": "s7"}}
    wanted = {
        "TableName": table,
        "KeyConditionExpression": f"id = :id AND {condition}",
        "ExpressionAttributeValues": {name: value for name, value in values.items() if name in f"{condition} :id"},
    }

    forward = dynamodb.query(**wanted)
    backward = dynamodb.query(**wanted, ScanIndexForward=False)

    assert sorts(forward) == expected
    assert sorts(backward) == expected[::-1]
    assert forward["Count"] == forward["ScannedCount"] == len(expected)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("N", ["-1E10", "-2.5", "-2", "-0.001", "0", "0.5", "3", "10", "1E20"]),
        ("S", ["", "A", "a", "aa", "b", "é", "\uffee", "\U0001f600"][1:]),
        ("B", [b"\x00", b"\x00\x01", b"\x7f", b"\x80", b"\xff\x00"]),
    ],
)
def test_range_keys_are_in_the_order_of_their_type(
    dynamodb: Any, make_table: MakeTable, kind: str, values: list[Any]
) -> None:
    # API Reference, Query, ScanIndexForward: numbers by number, strings by the bytes of UTF-8, binary by unsigned bytes
    table = make_table(
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "sort", "AttributeType": kind},
        ],
        KeySchema=schema("id", "sort"),
    )
    for number, value in enumerate(reversed(values)):
        dynamodb.put_item(TableName=table, Item={"id": {"S": "1"}, "sort": {kind: value}, "n": {"N": str(number)}})

    answer = dynamodb.query(TableName=table, **of("1"))

    assert [int(item["n"]["N"]) for item in answer["Items"]] == list(reversed(range(len(values))))


@pytest.mark.parametrize("index", [None, "by-at", "by-size", "by-kind", "by-owner"])
@pytest.mark.parametrize("forward", [True, False])
def test_pages_are_the_whole_in_order(dynamodb: Any, make_table: MakeTable, index: str | None, forward: bool) -> None:
    table = make_things(make_table)
    for number in range(11):  # every third has the same place in the index
        place = str(number // 3)
        put_all(dynamodb, table, strings(id="1", sort=f"{number:02}", at=place, size=place, kind="k", owner="o"))
    key = {None: "id", "by-at": "id", "by-size": "id", "by-kind": "kind", "by-owner": "owner"}[index]
    wanted = {
        "TableName": table,
        "KeyConditionExpression": f"{key if key != 'owner' else '#o'} = :v",
        "ExpressionAttributeValues": {":v": {"S": {"id": "1", "kind": "k", "owner": "o"}[key]}},
        "ScanIndexForward": forward,
        **({"IndexName": index} if index else {}),
        **({"ExpressionAttributeNames": {"#o": "owner"}} if key == "owner" else {}),
    }

    whole = sorts(dynamodb.query(**wanted))
    pages = list(dynamodb.get_paginator("query").paginate(**wanted, PaginationConfig={"PageSize": 2}))

    assert whole == sorted(whole, reverse=not forward)
    assert list(itertools.chain.from_iterable(map(sorts, pages))) == whole
    assert len(pages) == 6
    keys = {"id", "sort"} | {None: set(), "by-at": {"at"}, "by-size": {"size"}}.get(index, {"kind", "owner"} & {key})
    assert pages[0]["LastEvaluatedKey"].keys() == keys


def test_a_page_that_is_full_may_be_the_last(dynamodb: Any, table: str) -> None:
    # API Reference, Query, LastEvaluatedKey: "not empty does not necessarily mean that there is more data"
    answer = dynamodb.query(TableName=table, **of("2", Limit=1))

    assert answer["LastEvaluatedKey"] == strings(id="2", sort="s0")
    assert dynamodb.query(TableName=table, **of("2", ExclusiveStartKey=answer["LastEvaluatedKey"]))["Items"] == []


def test_a_page_has_a_megabyte(dynamodb: Any, make_table: MakeTable) -> None:
    # Developer Guide, "Paginating table query results": pages of data of 1 MB in size or less, before the filter
    table = make_things(make_table)
    for number in range(12):
        put_all(dynamodb, table, strings(id="1", sort=f"{number:02}", text="x" * 100_000))

    first = dynamodb.query(
        TableName=table, **of("1", FilterExpression="sort_of = :x", ExpressionAttributeValues={":x": {"S": "none"}})
    )
    second = dynamodb.query(TableName=table, **of("1", ExclusiveStartKey=first["LastEvaluatedKey"]))

    assert (first["Count"], first["ScannedCount"]) == (0, 11)
    assert second["Count"] == 1
    assert "LastEvaluatedKey" not in second


def test_a_filter_is_for_what_was_read(dynamodb: Any, table: str) -> None:
    answer = dynamodb.query(
        TableName=table,
        **of("1", FilterExpression="kind = :k", ExpressionAttributeValues={":k": {"S": "bird"}}, Limit=4),
        ReturnConsumedCapacity="TOTAL",
    )

    assert sorts(answer) == ["s0", "s2"]
    assert (answer["Count"], answer["ScannedCount"]) == (2, 4)
    assert answer["LastEvaluatedKey"] == strings(id="1", sort="s3")
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 0.5


def test_only_the_count(dynamodb: Any, table: str) -> None:
    answer = dynamodb.query(TableName=table, **of("1", Select="COUNT"))

    assert answer["Count"] == 10
    assert "Items" not in answer


def test_the_older_parameters(dynamodb: Any, table: str) -> None:
    answer = dynamodb.query(
        TableName=table,
        KeyConditions={
            "id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "1"}]},
            "sort": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"S": "s2"}, {"S": "s5"}]},
        },
        QueryFilter={"kind": {"ComparisonOperator": "NOT_NULL"}},
        AttributesToGet=["sort"],
    )

    assert answer["Items"] == [strings(sort="s2"), strings(sort="s4")]
    assert answer["ScannedCount"] == 4


# --- indexes ----------------------------------------------------------------------------------------------------


def by_kind(**more: Any) -> dict[str, Any]:
    values = {":k": {"S": "bird"}, **more.pop("ExpressionAttributeValues", {})}
    return {
        "IndexName": "by-kind",
        "KeyConditionExpression": "kind = :k",
        "ExpressionAttributeValues": values,
        **more,
    }


def test_a_global_index_answers_what_is_projected(dynamodb: Any, table: str) -> None:
    answer = dynamodb.query(TableName=table, **by_kind(Limit=1))

    assert answer["Items"] == [strings(id="1", sort="s0", kind="bird", name="n0")]
    assert answer["LastEvaluatedKey"] == strings(id="1", sort="s0", kind="bird")


def test_a_local_index_answers_consistently_and_fetches_what_is_missing(dynamodb: Any, table: str) -> None:
    item: Item = strings(id="3", sort="a", size="small", colour="red")
    put_all(dynamodb, table, item)
    wanted = {"TableName": table, "IndexName": "by-size", "ConsistentRead": True, "ReturnConsumedCapacity": "INDEXES"}

    keys = dynamodb.query(**wanted, **of("3"))
    whole = dynamodb.query(**wanted, **of("3", Select="ALL_ATTRIBUTES"))
    part = dynamodb.query(**wanted, **of("3", ProjectionExpression="colour"))

    assert keys["Items"] == [strings(id="3", sort="a", size="small")]
    assert keys["ConsumedCapacity"]["CapacityUnits"] == 1.0
    assert whole["Items"] == [item]
    assert whole["ConsumedCapacity"]["CapacityUnits"] == 2.0
    assert whole["ConsumedCapacity"]["Table"] == {"CapacityUnits": 1.0}
    assert whole["ConsumedCapacity"]["LocalSecondaryIndexes"] == {"by-size": {"CapacityUnits": 1.0}}
    assert part["Items"] == [strings(colour="red")]


def test_an_index_with_one_key_is_paged_over_equal_keys(dynamodb: Any, table: str) -> None:
    wanted = {
        "TableName": table,
        "IndexName": "by-owner",
        "KeyConditionExpression": "#o = :o",
        "ExpressionAttributeNames": {"#o": "owner"},
        "ExpressionAttributeValues": {":o": {"S": "o"}},
    }
    pages = dynamodb.get_paginator("query").paginate(**wanted, PaginationConfig={"PageSize": 3})

    assert sorted(itertools.chain.from_iterable(map(sorts, pages))) == [f"s{number}" for number in range(10)]


# --- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {},
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ),
        (
            {"KeyConditionExpression": "sort = :v", "ExpressionAttributeValues": {":v": {"S": "a"}}},
            "Query condition missed key schema element: id",
        ),
        (
            {"KeyConditionExpression": "id = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}},
            f"{INVALID}Condition parameter type does not match schema type",
        ),
        (
            {"KeyConditionExpression": "id < :v", "ExpressionAttributeValues": {":v": {"S": "1"}}},
            "Query key condition not supported",
        ),
        (of("1", IndexName="none"), "The table does not have the specified index: none"),
        (
            by_kind(ConsistentRead=True),
            "Consistent reads are not supported on global secondary indexes",
        ),
        (
            by_kind(Select="ALL_ATTRIBUTES"),
            f"{INVALID}Select type ALL_ATTRIBUTES is not supported for global secondary index by-kind because its "
            "projection type is not ALL",
        ),
        (
            by_kind(ProjectionExpression="colour, id"),
            f"{INVALID}Global secondary index by-kind does not project [colour]",
        ),
        (
            of("1", Select="ALL_ATTRIBUTES", ProjectionExpression="id"),
            "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES",
        ),
        (
            of("1", Select="COUNT", ProjectionExpression="id"),
            "Cannot specify the ProjectionExpression when choosing to get only the Count",
        ),
        (
            of("1", Select="ALL_PROJECTED_ATTRIBUTES"),
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
        ),
        (
            of("1", Select="SPECIFIC_ATTRIBUTES"),
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        ),
        (
            of("1", FilterExpression="sort = :id"),
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: sort",
        ),
        (
            # DynamoDB Local 2026-01-16, which is AWS's own
            by_kind(FilterExpression="attribute_exists(colour)"),
            f"{INVALID}Secondary index by-kind does not project one or more filter attributes: [colour]",
        ),
        (
            of("1", ExpressionAttributeValues={":unused": {"S": "x"}}),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:unused}",
        ),
        (
            of("1", ExclusiveStartKey=strings(id="1")),
            "The provided starting key is invalid: The provided key element does not match the schema",
        ),
        (
            of("1", ExclusiveStartKey=strings(id="2", sort="a")),
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            by_kind(ExclusiveStartKey=strings(id="1", sort="a")),
            "The provided starting key is invalid",
        ),
        (
            {
                "KeyConditionExpression": "id = :v AND sort > :s",
                "ExpressionAttributeValues": {":v": {"S": "1"}, ":s": {"S": "s5"}},
                "ExclusiveStartKey": strings(id="1", sort="s1"),
            },
            "The provided starting key does not match the range key predicate",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    dynamodb: Any, table: str, refused: Refused, parameters: Any, message: str
) -> None:
    assert refused(dynamodb.query, TableName=table, **parameters) == ("ValidationException", message)


def test_a_table_that_is_not_there(dynamodb: Any, refused: Refused) -> None:
    answer = refused(dynamodb.query, TableName="nowhere", **of("1"))

    assert answer == ("ResourceNotFoundException", "Requested resource not found")


def test_a_partition_of_one_item_at_most_has_no_further_page(dynamodb: Any, make_table: MakeTable) -> None:
    # DynamoDB Local 2026-01-16, which is AWS's own
    table = make_table()
    dynamodb.put_item(TableName=table, Item=strings(id="1"))

    answer = dynamodb.query(TableName=table, Limit=1, **of("1"))

    assert answer["Count"] == 1
    assert "LastEvaluatedKey" not in answer


@pytest.mark.parametrize("condition", ["id = :id AND sort.a = :v", "id = :id AND colour[0] = :v"])
def test_a_key_condition_inside_an_attribute_is_refused(dynamodb: Any, refused: Refused, condition: str) -> None:
    # dynamodb-conformance (Query, KeyConditionExpression semantics), dynalite (test/query.js): before the table is
    # looked up
    told = refused(
        dynamodb.query, TableName="none", KeyConditionExpression=condition,
        ExpressionAttributeValues={":id": {"S": "1"}, ":v": {"S": "x"}},
    )  # fmt: skip

    assert told == (
        "ValidationException",
        "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes",
    )
