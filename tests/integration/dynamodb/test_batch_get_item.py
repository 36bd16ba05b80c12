"""BatchGetItem. Sources: API Reference, "BatchGetItem"; messages recorded from AWS by dynalite (test/batchGetItem.js)
and dynamodb-conformance (tier1/batchGetItem, tier3/error-messages/batchGetItem)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.dynamodb.things import MakeTable, Refused, make_things, put_all, strings


def test_items_of_many_tables(dynamodb: Any, make_table: MakeTable) -> None:
    plain, things = make_table(), make_things(make_table)
    put_all(dynamodb, plain, strings(id="1", a="x"), strings(id="2", a="y"))
    put_all(dynamodb, things, strings(id="1", sort="a", name="n"))

    answer = dynamodb.batch_get_item(
        RequestItems={
            plain: {"Keys": [strings(id="2"), strings(id="none"), strings(id="1")]},
            things: {
                "Keys": [strings(id="1", sort="a")],
                "ProjectionExpression": "#n",
                "ExpressionAttributeNames": {"#n": "name"},
                "ConsistentRead": True,
            },
        },
        ReturnConsumedCapacity="TOTAL",
    )

    found = sorted(answer["Responses"][plain], key=lambda item: str(item["id"]["S"]))
    assert found == [strings(id="1", a="x"), strings(id="2", a="y")]
    assert answer["Responses"][things] == [strings(name="n")]
    assert answer["UnprocessedKeys"] == {}
    assert {told["TableName"]: told["CapacityUnits"] for told in answer["ConsumedCapacity"]} == {
        plain: 1.5,
        things: 1.0,
    }


def test_what_is_beyond_16_mb_is_left_for_the_next(dynamodb: Any, make_table: MakeTable) -> None:
    # API Reference, BatchGetItem: "A single operation can retrieve up to 16 MB of data"
    table = make_table()
    for number in range(50):
        put_all(dynamodb, table, strings(id=str(number), text="x" * 390_000))
    keys = [strings(id=str(number)) for number in range(50)]

    first = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ProjectionExpression": "id"}})
    second = dynamodb.batch_get_item(RequestItems=first["UnprocessedKeys"])

    found = first["Responses"][table] + second["Responses"][table]
    assert sorted(int(item["id"]["S"]) for item in found) == list(range(50))
    assert all(item.keys() == {"id"} for item in found)
    assert 40 <= len(first["Responses"][table]) <= 43


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"Keys": [strings(id="1"), strings(id="1")]}, "Provided list of item keys contains duplicates"),
        ({"Keys": [strings(other="1")]}, "The provided key element does not match the schema"),
        (
            {"Keys": [strings(id="1")], "ProjectionExpression": "id", "AttributesToGet": ["id"]},
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
            "{AttributesToGet} Expression parameters: {ProjectionExpression}",
        ),
    ],
)
def test_what_is_refused(dynamodb: Any, make_table: MakeTable, refused: Refused, request_: Any, message: str) -> None:
    answer = refused(dynamodb.batch_get_item, RequestItems={make_table(): request_})

    assert answer == ("ValidationException", message)


def test_more_than_a_hundred_keys_are_refused(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    keys = [strings(id=str(number)) for number in range(101)]
    one, two = make_table(), make_table()

    answer = refused(dynamodb.batch_get_item, RequestItems={one: {"Keys": keys[:51]}, two: {"Keys": keys[51:]}})

    assert answer == ("ValidationException", "Too many items requested for the BatchGetItem call")


def test_a_table_that_is_not_there(dynamodb: Any, refused: Refused) -> None:
    answer = refused(dynamodb.batch_get_item, RequestItems={"nowhere": {"Keys": [strings(id="1")]}})

    assert answer == ("ResourceNotFoundException", "Requested resource not found")


def test_expressions_and_older_parameters_do_not_mix_over_tables(
    dynamodb: Any, make_table: MakeTable, refused: Refused
) -> None:
    # DynamoDB Local 2026-01-16; dynoxide's change log, confirmed against AWS
    keys = {"Keys": [strings(id="1")]}
    requests = {
        make_table(): {**keys, "ProjectionExpression": "id"},
        make_table(): {**keys, "AttributesToGet": ["id"]},
    }

    told = refused(dynamodb.batch_get_item, RequestItems=requests)

    assert told == (
        "ValidationException",
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
        "{AttributesToGet} Expression parameters: {ProjectionExpression}",
    )
