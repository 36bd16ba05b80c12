"""BatchWriteItem. Sources: API Reference, "BatchWriteItem"; messages recorded from AWS by dynalite
(test/batchWriteItem.js) and dynamodb-conformance (tier1/batchWriteItem, tier3/error-messages/batchWriteItem)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.dynamodb.things import EMPTY, INVALID, MakeTable, Refused, make_things, put_all, strings


def put(**values: str) -> dict[str, Any]:
    return {"PutRequest": {"Item": strings(**values)}}


def delete(**values: str) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": strings(**values)}}


def test_puts_and_deletes_of_many_tables(dynamodb: Any, make_table: MakeTable) -> None:
    plain, things = make_table(), make_things(make_table)
    put_all(dynamodb, plain, strings(id="gone"), strings(id="old", a="x"))

    answer = dynamodb.batch_write_item(
        RequestItems={
            plain: [put(id="old", a="y"), delete(id="gone"), delete(id="never")],
            things: [put(id="1", sort="a", kind="k"), put(id="1", sort="b")],
        },
        ReturnConsumedCapacity="INDEXES",
        ReturnItemCollectionMetrics="SIZE",
    )

    assert dynamodb.scan(TableName=plain)["Items"] == [strings(id="old", a="y")]
    assert dynamodb.scan(TableName=things)["Count"] == 2
    assert answer["UnprocessedItems"] == {}
    told = {entry["TableName"]: entry for entry in answer["ConsumedCapacity"]}
    assert told[plain]["CapacityUnits"] == 3.0
    assert told[things]["GlobalSecondaryIndexes"] == {"by-kind": {"CapacityUnits": 1.0}}
    assert answer["ItemCollectionMetrics"] == {
        things: [{"ItemCollectionKey": strings(id="1"), "SizeEstimateRangeGB": [0.0, 1.0]}]
    }


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ([put(id="1", sort="a"), delete(id="1", sort="a")], "Provided list of item keys contains duplicates"),
        ([put(id="1")], "The provided key element does not match the schema"),
        (
            [{"PutRequest": {"Item": {"id": {"N": "5"}, "sort": {"S": "a"}}}}],
            "The provided key element does not match the schema",
        ),
        (
            [put(id="", sort="a")],
            f"{EMPTY}The AttributeValue for a key attribute cannot contain an empty string value. Key: id",
        ),
        (
            [{"PutRequest": {"Item": {**strings(id="1", sort="a"), "kind": {"N": "5"}}}}],
            f"{INVALID}Type mismatch for Index Key kind Expected: S Actual: N IndexName: by-kind",
        ),
        (
            [put(id="1", sort="a", text="x" * 409_600)],
            "Item size has exceeded the maximum allowed size",
        ),
        (
            [{**put(id="1", sort="a"), **delete(id="1", sort="b")}],
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
            "datatypes",
        ),
    ],
)
def test_a_batch_with_a_fault_is_refused_whole(
    dynamodb: Any, make_table: MakeTable, refused: Refused, requests: Any, message: str
) -> None:
    table = make_things(make_table)

    answer = refused(dynamodb.batch_write_item, RequestItems={table: [put(id="9", sort="z"), *requests]})

    assert answer == ("ValidationException", message)
    assert dynamodb.scan(TableName=table)["Count"] == 0


def test_more_than_25_over_all_tables_are_refused(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    one, two = make_table(), make_table()
    requests = [put(id=str(number)) for number in range(26)]

    answer = refused(dynamodb.batch_write_item, RequestItems={one: requests[:13], two: requests[13:]})

    assert answer == ("ValidationException", "Too many items requested for the BatchWriteItem call")


def test_a_table_that_is_not_there(dynamodb: Any, refused: Refused) -> None:
    answer = refused(dynamodb.batch_write_item, RequestItems={"nowhere": [put(id="1")]})

    assert answer == ("ResourceNotFoundException", "Requested resource not found")
