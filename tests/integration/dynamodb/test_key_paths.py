"""Nothing is inside a key attribute of the table or of an index. Sources: dynalite's tests, recorded from AWS
(test/getItem.js "Key: a", test/query.js "IndexKey: d"), ScyllaDB's test/alternator/test_gsi.py."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.dynamodb.things import MakeTable, Refused, make_things, strings

KEY = strings(id="1", sort="a")
MESSAGE = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
OF_TABLE, OF_INDEX = MESSAGE + "Key: id", MESSAGE + "IndexKey: owner"


@pytest.mark.parametrize(("path", "message"), [("id.a", OF_TABLE), ("#owner[0]", OF_INDEX)])
@pytest.mark.parametrize(
    ("operation", "parameter", "more"),
    [
        ("get_item", "ProjectionExpression", {"Key": KEY}),
        ("put_item", "ConditionExpression", {"Item": KEY}),
        ("delete_item", "ConditionExpression", {"Key": KEY}),
        ("update_item", "ConditionExpression", {"Key": KEY}),
        ("scan", "FilterExpression", {}),
        ("scan", "ProjectionExpression", {}),
    ],
)
def test_an_expression_that_looks_inside_a_key_is_refused(
    dynamodb: Any, make_table: MakeTable, refused: Refused, operation: str, parameter: str, more: Any, path: str,
    message: str,
) -> None:  # fmt: skip
    table = make_things(make_table)
    names = {"ExpressionAttributeNames": {"#owner": "owner"}} if path.startswith("#") else {}
    text = path if parameter == "ProjectionExpression" else f"attribute_exists({path})"

    told = refused(getattr(dynamodb, operation), TableName=table, **{parameter: text}, **names, **more)

    assert told == ("ValidationException", message)


@pytest.mark.parametrize(
    "parameters",
    [
        {"FilterExpression": "attribute_exists(#o.a)"},
        {"ProjectionExpression": "#o.a"},
    ],
)
def test_a_query_that_looks_inside_a_key_is_refused(
    dynamodb: Any, make_table: MakeTable, refused: Refused, parameters: Any
) -> None:
    table = make_things(make_table)

    told = refused(
        dynamodb.query, TableName=table, KeyConditionExpression="id = :id", ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={":id": {"S": "1"}}, **parameters,
    )  # fmt: skip

    assert told == ("ValidationException", OF_INDEX)


def test_an_update_inside_an_index_key_is_refused(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    table = make_things(make_table)

    told = refused(
        dynamodb.update_item, TableName=table, Key=KEY, UpdateExpression="SET #o.a = :v",
        ExpressionAttributeNames={"#o": "owner"}, ExpressionAttributeValues={":v": {"S": "x"}},
    )  # fmt: skip

    assert told == ("ValidationException", OF_INDEX)


def test_batches_and_transactions_look_inside_no_key_either(
    dynamodb: Any, make_table: MakeTable, refused: Refused
) -> None:
    table = make_things(make_table)
    asked = {"ProjectionExpression": "id.a"}

    of_batch = refused(dynamodb.batch_get_item, RequestItems={table: {"Keys": [KEY], **asked}})
    of_get = refused(dynamodb.transact_get_items, TransactItems=[{"Get": {"TableName": table, "Key": KEY, **asked}}])

    assert of_batch == ("ValidationException", OF_TABLE)
    assert of_get == (
        "TransactionCanceledException",
        "Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError]",
    )
