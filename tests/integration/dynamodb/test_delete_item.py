"""DeleteItem. Sources: API Reference, "DeleteItem"; messages recorded from AWS by dynalite (test/deleteItem.js) and
dynamodb-conformance (tier1/deleteItem)."""

from __future__ import annotations

from typing import Any

from tests.integration.dynamodb.things import MakeTable, Refused, make_things, put_all, strings


def test_a_deleted_item_is_gone_from_table_and_indexes(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_things(make_table)
    put_all(dynamodb, table, strings(id="1", sort="a", at="1", size="s", kind="k", owner="o"))

    dynamodb.delete_item(TableName=table, Key=strings(id="1", sort="a"))

    for index in (None, "by-at", "by-size", "by-kind", "by-owner"):
        found = dynamodb.scan(TableName=table, **({"IndexName": index} if index else {}))
        assert found["Items"] == []


def test_deleting_what_is_not_there_is_no_error(dynamodb: Any, make_table: MakeTable) -> None:
    answer = dynamodb.delete_item(
        TableName=make_table(), Key=strings(id="1"), ReturnValues="ALL_OLD", ReturnConsumedCapacity="TOTAL"
    )

    assert "Attributes" not in answer
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 1.0


def test_all_old_is_the_deleted_item(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="1", a="x"))

    answer = dynamodb.delete_item(TableName=table, Key=strings(id="1"), ReturnValues="ALL_OLD")

    assert answer["Attributes"] == strings(id="1", a="x")


def test_a_condition_that_fails_keeps_the_item(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="1", a="x"))

    answer = refused(
        dynamodb.delete_item,
        TableName=table,
        Key=strings(id="1"),
        ConditionExpression="a <> :a",
        ExpressionAttributeValues={":a": {"S": "x"}},
    )

    assert answer == ("ConditionalCheckFailedException", "The conditional request failed")
    assert dynamodb.scan(TableName=table)["Count"] == 1


def test_every_index_that_had_the_item_is_paid(dynamodb: Any, make_table: MakeTable) -> None:
    # dynamodb-conformance, tier1/putItem/indexConsumedCapacity: "charges one write per index the item occupied"
    table = make_things(make_table)
    put_all(dynamodb, table, strings(id="1", sort="a", at="1", kind="k"))

    told = dynamodb.delete_item(TableName=table, Key=strings(id="1", sort="a"), ReturnConsumedCapacity="INDEXES")[
        "ConsumedCapacity"
    ]

    assert told["CapacityUnits"] == 3.0
    assert told["LocalSecondaryIndexes"] == {"by-at": {"CapacityUnits": 1.0}}
    assert told["GlobalSecondaryIndexes"] == {"by-kind": {"CapacityUnits": 1.0}}


def test_other_return_values_are_refused(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    answer = refused(dynamodb.delete_item, TableName=make_table(), Key=strings(id="1"), ReturnValues="ALL_NEW")

    assert answer == ("ValidationException", "ReturnValues can only be ALL_OLD or NONE")


def test_a_conditional_operator_wants_conditions(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    # recorded from AWS by dynalite (test/deleteItem.js, test/putItem.js)
    table = make_table()

    told = refused(dynamodb.delete_item, TableName=table, Key={"id": {"S": "1"}}, ConditionalOperator="OR")

    assert told == ("ValidationException", "ConditionalOperator cannot be used without Filter or Expected")
