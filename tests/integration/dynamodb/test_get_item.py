"""GetItem. Sources: API Reference, "GetItem"; messages recorded from AWS by dynalite (test/getItem.js) and
dynamodb-conformance (tier1/getItem, tier3/error-messages/getItem)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.dynamodb.things import EMPTY, MakeTable, Refused, make_things, put_all, strings


def test_an_item_that_is_not_there_is_no_error(dynamodb: Any, make_table: MakeTable) -> None:
    answer = dynamodb.get_item(TableName=make_table(), Key=strings(id="1"))

    assert answer.keys() == {"ResponseMetadata"}


def test_a_projection_chooses_parts(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    item = {**strings(id="1", a="x", b="y"), "m": {"M": {"deep": {"L": [{"N": "1"}, {"N": "2"}]}}}}
    put_all(dynamodb, table, item)

    answer = dynamodb.get_item(
        TableName=table,
        Key=strings(id="1"),
        ProjectionExpression="a, #m.deep[1], nothing",
        ExpressionAttributeNames={"#m": "m"},
    )

    assert answer["Item"] == {**strings(a="x"), "m": {"M": {"deep": {"L": [{"N": "2"}]}}}}


def test_attributes_to_get_are_a_projection_as_well(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="1", a="x", b="y"))

    answer = dynamodb.get_item(TableName=table, Key=strings(id="1"), AttributesToGet=["b", "none"])

    assert answer["Item"] == strings(b="y")


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    # Developer Guide, "Read consistency", "Working with item sizes and formats": steps of 4 KB, half when eventual
    [(0, False, 0.5), (0, True, 1.0), (4000, True, 1.0), (4100, True, 2.0), (4100, False, 1.0)],
)
def test_consumed_capacity(dynamodb: Any, make_table: MakeTable, size: int, consistent: bool, units: float) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="1", text="x" * size))

    told = dynamodb.get_item(
        TableName=table, Key=strings(id="1"), ConsistentRead=consistent, ReturnConsumedCapacity="INDEXES",
        ProjectionExpression="id",
    )["ConsumedCapacity"]  # fmt: skip

    assert told == {"TableName": table, "CapacityUnits": units, "Table": {"CapacityUnits": units}}


def test_an_item_that_is_not_there_is_paid_for(dynamodb: Any, make_table: MakeTable) -> None:
    answer = dynamodb.get_item(TableName=make_table(), Key=strings(id="1"), ReturnConsumedCapacity="TOTAL")

    assert answer["ConsumedCapacity"]["CapacityUnits"] == 0.5


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (strings(id="1"), "The provided key element does not match the schema"),
        (strings(id="1", sort="a", kind="b"), "The provided key element does not match the schema"),
        (strings(id="1", other="a"), "The provided key element does not match the schema"),
        ({"id": {"N": "1"}, "sort": {"S": "a"}}, "The provided key element does not match the schema"),
        ({}, "The provided key element does not match the schema"),
        (
            strings(id="1", sort=""),
            f"{EMPTY}The AttributeValue for a key attribute cannot contain an empty string value. Key: sort",
        ),
    ],
)
def test_a_key_that_is_not_the_tables_is_refused(
    dynamodb: Any, make_table: MakeTable, refused: Refused, key: Any, message: str
) -> None:
    answer = refused(dynamodb.get_item, TableName=make_things(make_table), Key=key)

    assert answer == ("ValidationException", message)


def test_a_table_that_is_not_there(dynamodb: Any, refused: Refused) -> None:
    answer = refused(dynamodb.get_item, TableName="nowhere", Key=strings(id="1"))

    assert answer == ("ResourceNotFoundException", "Requested resource not found")


def test_accounts_and_regions_have_tables_of_their_own(dynamodb: Any, make_table: MakeTable, client_of: Any) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="1"))

    for other in (client_of(region="eu-west-1"), client_of(account="999999999999")):
        with pytest.raises(other.exceptions.ResourceNotFoundException):
            other.get_item(TableName=table, Key=strings(id="1"))
