"""PutItem. Sources: API Reference, "PutItem"; messages recorded from AWS by dynalite (test/putItem.js) and
dynamodb-conformance (tier1/putItem, tier3/error-messages/putItem)."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from tests.integration.dynamodb.things import EMPTY, INVALID, MakeTable, Refused, make_things, put_all, strings


def get(dynamodb: Any, table: str, **key: str) -> Any:
    return dynamodb.get_item(TableName=table, Key=strings(**key), ConsistentRead=True).get("Item")


def test_an_item_is_put_in_the_place_of_the_other(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    dynamodb.put_item(TableName=table, Item=strings(id="1", old="x"))

    answer = dynamodb.put_item(TableName=table, Item=strings(id="1", new="y"))

    assert answer.keys() == {"ResponseMetadata"}
    assert get(dynamodb, table, id="1") == strings(id="1", new="y")


def test_every_type_comes_back_as_it_was(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    item = {
        "id": {"S": "ünï\ud7ffcode ☃ \x00"},
        "n": {"N": "-0.00000000000000000000000000000000000001"},
        "b": {"B": b"\x00\xff"},
        "bool": {"BOOL": False},
        "null": {"NULL": True},
        "ss": {"SS": ["a", "b"]},
        "ns": {"NS": ["1", "2.5"]},
        "bs": {"BS": [b"x"]},
        "l": {"L": [{"S": ""}, {"M": {"deep": {"L": []}}}]},
        "m": {"M": {}},
    }
    dynamodb.put_item(TableName=table, Item=item)

    found = dynamodb.get_item(TableName=table, Key={"id": item["id"]})["Item"]

    assert found == item


def test_all_old_is_the_item_that_was_there(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    first = dynamodb.put_item(TableName=table, Item=strings(id="1", a="x"), ReturnValues="ALL_OLD")
    second = dynamodb.put_item(TableName=table, Item=strings(id="1", a="y"), ReturnValues="ALL_OLD")

    assert "Attributes" not in first
    assert second["Attributes"] == strings(id="1", a="x")


@pytest.mark.parametrize("values", ["ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"])
def test_other_return_values_are_refused(dynamodb: Any, make_table: MakeTable, refused: Refused, values: str) -> None:
    code, message = refused(dynamodb.put_item, TableName=make_table(), Item=strings(id="1"), ReturnValues=values)

    assert (code, message) == ("ValidationException", "ReturnValues can only be ALL_OLD or NONE")


def test_a_condition_is_held_against_the_item_that_is_there(
    dynamodb: Any, make_table: MakeTable, refused: Refused
) -> None:
    table = make_table()
    wanted = {"TableName": table, "ConditionExpression": "attribute_not_exists(id)"}
    dynamodb.put_item(Item=strings(id="1", a="x"), **wanted)

    answer = refused(dynamodb.put_item, Item=strings(id="1", a="y"), **wanted)

    assert answer == ("ConditionalCheckFailedException", "The conditional request failed")
    assert get(dynamodb, table, id="1") == strings(id="1", a="x")


def test_a_failed_condition_tells_the_item_on_request(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="1", a="x"))

    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as failed:
        dynamodb.put_item(
            TableName=table,
            Item=strings(id="1"),
            ConditionExpression="a = :a",
            ExpressionAttributeValues={":a": {"S": "y"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    assert failed.value.response["Item"] == strings(id="1", a="x")


def test_expected_is_a_condition_as_well(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="1", a="x"))

    answer = refused(dynamodb.put_item, TableName=table, Item=strings(id="1"), Expected={"a": {"Exists": False}})

    assert answer[0] == "ConditionalCheckFailedException"
    dynamodb.put_item(TableName=table, Item=strings(id="1"), Expected={"a": {"Value": {"S": "x"}}})


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (strings(sort="a"), f"{INVALID}Missing the key id in the item"),
        (strings(id="1"), f"{INVALID}Missing the key sort in the item"),
        (
            {"id": {"N": "1"}, "sort": {"S": "a"}},
            f"{INVALID}Type mismatch for key id expected: S actual: N",
        ),
        (
            strings(id="", sort="a"),
            f"{EMPTY}The AttributeValue for a key attribute cannot contain an empty string value. Key: id",
        ),
        (
            strings(id="x" * 2049, sort="a"),
            f"{INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        (
            strings(id="1", sort="x" * 1025),
            f"{INVALID}Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
        ),
        (
            {**strings(id="1", sort="a"), "kind": {"N": "1"}},
            f"{INVALID}Type mismatch for Index Key kind Expected: S Actual: N IndexName: by-kind",
        ),
        (
            strings(id="1", sort="a", owner=""),
            f"{EMPTY}A value specified for a secondary index key is not supported. The AttributeValue for a key "
            "attribute cannot contain an empty string value. IndexName: by-owner, IndexKey: owner",
        ),
        (strings(id="1", sort="a", text="x" * 409_600), "Item size has exceeded the maximum allowed size"),
    ],
)
def test_an_item_that_does_not_fit_the_table_is_refused(
    dynamodb: Any, make_table: MakeTable, refused: Refused, item: Any, message: str
) -> None:
    answer = refused(dynamodb.put_item, TableName=make_things(make_table), Item=item)

    assert answer == ("ValidationException", message)


def test_an_item_of_400_kb_is_kept(dynamodb: Any, make_table: MakeTable) -> None:
    # Developer Guide, "Constraints": 400 KB with the names of the attributes: id + 1 + text + the rest
    table = make_table()
    item = strings(id="1", text="x" * (409_600 - 2 - 1 - 4))

    dynamodb.put_item(TableName=table, Item=item)

    assert get(dynamodb, table, id="1") == item


def test_a_table_that_is_not_there(dynamodb: Any, refused: Refused) -> None:
    answer = refused(dynamodb.put_item, TableName="nowhere", Item=strings(id="1"))

    assert answer == ("ResourceNotFoundException", "Requested resource not found")


def test_a_table_by_its_arn(dynamodb: Any, make_table: MakeTable, account: str) -> None:
    table = make_table()

    dynamodb.put_item(TableName=f"arn:aws:dynamodb:us-east-1:{account}:table/{table}", Item=strings(id="1"))

    assert get(dynamodb, table, id="1") == strings(id="1")


@pytest.mark.parametrize(
    ("item", "units"),
    [
        # dynamodb-conformance, tier1/putItem/indexConsumedCapacity: measured on AWS in 2026
        (strings(id="1", sort="a"), {"Table": 1.0}),
        (strings(id="1", sort="a", kind="k"), {"Table": 1.0, "by-kind": 1.0}),
        (strings(id="1", sort="a", at="1", kind="k", owner="o"), {"Table": 1, "by-at": 1, "by-kind": 1, "by-owner": 1}),
        (strings(id="1", sort="a", kind="k", text="x" * 2000), {"Table": 2.0, "by-kind": 1.0}),
    ],
)
def test_consumed_capacity_by_index(dynamodb: Any, make_table: MakeTable, item: Any, units: dict[str, float]) -> None:
    told = dynamodb.put_item(TableName=make_things(make_table), Item=item, ReturnConsumedCapacity="INDEXES")[
        "ConsumedCapacity"
    ]

    indexes = {**told.get("LocalSecondaryIndexes", {}), **told.get("GlobalSecondaryIndexes", {})}
    assert {"Table": told["Table"]["CapacityUnits"]} | {n: i["CapacityUnits"] for n, i in indexes.items()} == units
    assert told["CapacityUnits"] == sum(units.values())


def test_what_is_put_again_as_it_was_costs_the_indexes_nothing(dynamodb: Any, make_table: MakeTable) -> None:
    table, item = make_things(make_table), strings(id="1", sort="a", at="1", kind="k", owner="o")
    put_all(dynamodb, table, item)

    told = dynamodb.put_item(TableName=table, Item=item, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]

    assert told == {"TableName": table, "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}}


def test_the_larger_of_the_old_and_the_new_item_is_paid(dynamodb: Any, make_table: MakeTable) -> None:
    # Developer Guide, "Working with item sizes and formats": "the larger of the before and after item sizes"
    table = make_table()
    put_all(dynamodb, table, strings(id="1", text="x" * 3000))

    told = dynamodb.put_item(TableName=table, Item=strings(id="1"), ReturnConsumedCapacity="TOTAL")

    assert told["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 3.0}


def test_the_item_collections_size_is_told_of_tables_with_local_indexes(dynamodb: Any, make_table: MakeTable) -> None:
    wanted = {"Item": strings(id="1", sort="a"), "ReturnItemCollectionMetrics": "SIZE"}

    told = dynamodb.put_item(TableName=make_things(make_table), **wanted)
    untold = dynamodb.put_item(TableName=make_table(), **wanted)

    assert told["ItemCollectionMetrics"] == {
        "ItemCollectionKey": strings(id="1"),
        "SizeEstimateRangeGB": [0.0, 1.0],
    }
    assert "ItemCollectionMetrics" not in untold


def test_binary_keys_are_told_apart(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table(AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "B"}])
    for key in (b"\x00", b"\x00\x00", base64.b64decode("/////w==")):
        dynamodb.put_item(TableName=table, Item={"id": {"B": key}})

    assert dynamodb.scan(TableName=table)["Count"] == 3


def test_equal_numbers_are_one_key(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table(AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}])
    for number in ("1", "1.0", "0.1E1"):
        dynamodb.put_item(TableName=table, Item={"id": {"N": number}, "as": {"S": number}})

    assert dynamodb.scan(TableName=table)["Items"] == [{"id": {"N": "1"}, "as": {"S": "0.1E1"}}]
