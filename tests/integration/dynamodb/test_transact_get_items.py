"""TransactGetItems. Sources: API Reference, "TransactGetItems"; answers recorded from AWS by dynamodb-conformance
(tier2/transactions/transactGet, tier3/error-messages/transactGetItems)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.dynamodb.things import MakeTable, Refused, make_things, put_all, strings


def get(table: str, **key: str) -> dict[str, Any]:
    return {"Get": {"TableName": table, "Key": strings(**key)}}


def test_items_in_the_order_of_the_request(dynamodb: Any, make_table: MakeTable) -> None:
    plain, things = make_table(), make_things(make_table)
    put_all(dynamodb, plain, strings(id="1", a="x", b="y"))
    put_all(dynamodb, things, strings(id="1", sort="a"))
    projected = get(plain, id="1")
    projected["Get"]["ProjectionExpression"] = "b"

    answer = dynamodb.transact_get_items(
        TransactItems=[get(things, id="1", sort="a"), get(plain, id="none"), projected]
    )

    assert answer["Responses"] == [{"Item": strings(id="1", sort="a")}, {}, {"Item": strings(b="y")}]


def test_reads_cost_double_and_missing_items_as_well(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="1"))

    told = dynamodb.transact_get_items(
        TransactItems=[get(table, id="1"), get(table, id="2")], ReturnConsumedCapacity="INDEXES"
    )["ConsumedCapacity"]

    assert told == [
        {
            "TableName": table,
            "CapacityUnits": 4.0,
            "ReadCapacityUnits": 4.0,
            "Table": {"CapacityUnits": 4.0, "ReadCapacityUnits": 4.0},
        }
    ]


def test_a_key_that_does_not_fit_is_a_reason(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()

    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        dynamodb.transact_get_items(TransactItems=[get(table, id="1"), get(table)])

    assert [reason["Code"] for reason in cancelled.value.response["CancellationReasons"]] == ["None", "ValidationError"]


def test_an_item_twice_is_refused(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    table = make_table()

    answer = refused(dynamodb.transact_get_items, TransactItems=[get(table, id="1"), get(table, id="1")])

    assert answer == (
        "ValidationException",
        "Transaction request cannot include multiple operations on one item",
    )


def test_a_table_that_is_not_there(dynamodb: Any, refused: Refused) -> None:
    answer = refused(dynamodb.transact_get_items, TransactItems=[get("nowhere", id="1")])

    assert answer == ("ResourceNotFoundException", "Requested resource not found")
