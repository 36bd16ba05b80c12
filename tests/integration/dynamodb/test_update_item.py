"""UpdateItem. Sources: API Reference, "UpdateItem"; messages recorded from AWS by dynalite (test/updateItem.js) and
dynamodb-conformance (tier1/updateItem, tier1/putItem/indexConsumedCapacity, tier3/error-messages/updateItem)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.dynamodb.things import EMPTY, INVALID, MakeTable, Refused, make_things, put_all, strings


def update(dynamodb: Any, table: str, expression: str, **more: Any) -> Any:
    values = {f":{name}": {"S": value} for name, value in more.pop("values", {}).items()}
    wanted = {"ExpressionAttributeValues": values} if values else {}
    return dynamodb.update_item(
        TableName=table, Key=more.pop("key", strings(id="1")), UpdateExpression=expression, **wanted, **more
    )


def test_an_update_makes_the_item_where_there_is_none(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()

    answer = update(dynamodb, table, "SET a = :a", values={"a": "x"}, ReturnValues="ALL_NEW")

    assert answer["Attributes"] == strings(id="1", a="x")


def test_an_update_without_changes_makes_an_item_of_the_key(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()

    dynamodb.update_item(TableName=table, Key=strings(id="1"))
    put_all(dynamodb, table, strings(id="2", a="x"))
    dynamodb.update_item(TableName=table, Key=strings(id="2"))

    assert dynamodb.get_item(TableName=table, Key=strings(id="1"))["Item"] == strings(id="1")
    assert dynamodb.get_item(TableName=table, Key=strings(id="2"))["Item"] == strings(id="2", a="x")


@pytest.mark.parametrize(
    ("values", "attributes"),
    [
        ("NONE", None),
        ("ALL_OLD", strings(id="1", a="old", b="kept")),
        ("UPDATED_OLD", strings(a="old")),
        ("ALL_NEW", strings(id="1", a="new", b="kept", c="more")),
        ("UPDATED_NEW", strings(a="new", c="more")),
    ],
)
def test_return_values(dynamodb: Any, make_table: MakeTable, values: str, attributes: Any) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="1", a="old", b="kept"))

    answer = update(dynamodb, table, "SET a = :a, c = :c", values={"a": "new", "c": "more"}, ReturnValues=values)

    assert answer.get("Attributes") == attributes


def test_a_counter_counts(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    for _ in range(3):
        answer = dynamodb.update_item(
            TableName=table,
            Key=strings(id="1"),
            UpdateExpression="SET n = if_not_exists(n, :zero) + :one ADD m :one",
            ExpressionAttributeValues={":zero": {"N": "0"}, ":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )

    assert answer["Attributes"] == {"n": {"N": "3"}, "m": {"N": "3"}}


def test_attribute_updates_are_the_older_form(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    put_all(dynamodb, table, {**strings(id="1", a="x", gone="y"), "n": {"N": "1"}})

    answer = dynamodb.update_item(
        TableName=table,
        Key=strings(id="1"),
        AttributeUpdates={
            "a": {"Value": {"S": "z"}},
            "gone": {"Action": "DELETE"},
            "n": {"Action": "ADD", "Value": {"N": "2"}},
        },
        ReturnValues="ALL_NEW",
    )

    assert answer["Attributes"] == {**strings(id="1", a="z"), "n": {"N": "3"}}


def test_attribute_updates_that_only_delete_make_no_item(dynamodb: Any, make_table: MakeTable) -> None:
    # API Reference, UpdateItem, AttributeUpdates, where there is no item: "DELETE - Causes nothing to happen"
    table = make_table()

    dynamodb.update_item(TableName=table, Key=strings(id="1"), AttributeUpdates={"a": {"Action": "DELETE"}})

    assert dynamodb.scan(TableName=table)["Count"] == 0


def test_a_condition_that_fails_changes_nothing(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="1", a="x"))

    answer = refused(
        dynamodb.update_item,
        TableName=table,
        Key=strings(id="1"),
        UpdateExpression="SET a = :new",
        ConditionExpression="a = :old",
        ExpressionAttributeValues={":new": {"S": "z"}, ":old": {"S": "y"}},
    )

    assert answer == ("ConditionalCheckFailedException", "The conditional request failed")
    assert dynamodb.get_item(TableName=table, Key=strings(id="1"))["Item"] == strings(id="1", a="x")


def test_indexes_follow_an_update(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_things(make_table)
    key = strings(id="1", sort="a")
    put_all(dynamodb, table, {**key, **strings(kind="bird", name="tit", colour="blue")})

    update(dynamodb, table, "SET kind = :k REMOVE #n", key=key, values={"k": "fish"},
           ExpressionAttributeNames={"#n": "name"})  # fmt: skip

    assert dynamodb.scan(TableName=table, IndexName="by-kind")["Items"] == [{**key, **strings(kind="fish")}]


@pytest.mark.parametrize(
    ("expression", "units"),
    [
        # dynamodb-conformance, tier1/putItem/indexConsumedCapacity, "index write-capacity ladder", measured on AWS
        ("SET spare = :v", {"Table": 1, "by-at": 1, "by-owner": 1}),
        ("SET #n = :v", {"Table": 1, "by-at": 1, "by-owner": 1, "by-kind": 1}),
        ("SET kind = :v", {"Table": 1, "by-at": 1, "by-owner": 1, "by-kind": 2}),
        ("SET #at = :v", {"Table": 1, "by-at": 2, "by-owner": 1}),
    ],
)
def test_what_an_update_costs_the_indexes(
    dynamodb: Any, make_table: MakeTable, expression: str, units: dict[str, float]
) -> None:
    table = make_things(make_table)
    key = strings(id="1", sort="a")
    put_all(dynamodb, table, {**key, **strings(at="1", kind="k", owner="o", name="n")})
    names = {
        placeholder: name for placeholder, name in {"#n": "name", "#at": "at"}.items() if placeholder in expression
    }
    more = {"ExpressionAttributeNames": names} if names else {}

    told = update(dynamodb, table, expression, key=key, values={"v": "new"}, ReturnConsumedCapacity="INDEXES", **more)[
        "ConsumedCapacity"
    ]

    indexes = {**told.get("LocalSecondaryIndexes", {}), **told.get("GlobalSecondaryIndexes", {})}
    assert {"Table": told["Table"]["CapacityUnits"]} | {n: i["CapacityUnits"] for n, i in indexes.items()} == units


@pytest.mark.parametrize(
    ("expression", "value", "message"),
    [
        (
            "SET sort = :v",
            {"S": "b"},
            f"{INVALID}Cannot update attribute sort. This attribute is part of the key",
        ),
        (
            "SET kind = :v",
            {"N": "1"},
            f"{INVALID}Type mismatch for Index Key kind Expected: S Actual: N IndexName: by-kind",
        ),
        (
            "SET kind = :v",
            {"S": ""},
            f"{EMPTY}The update expression attempted to update a secondary index key to a value that is not supported. "
            "The AttributeValue for a key attribute cannot contain an empty string value.",
        ),
        ("SET spare = :v", {"S": "x" * 409_600}, "Item size to update has exceeded the maximum allowed size"),
    ],
)
def test_an_update_that_does_not_fit_the_table_is_refused(
    dynamodb: Any, make_table: MakeTable, refused: Refused, expression: str, value: Any, message: str
) -> None:
    answer = refused(
        dynamodb.update_item,
        TableName=make_things(make_table),
        Key=strings(id="1", sort="a"),
        UpdateExpression=expression,
        ExpressionAttributeValues={":v": value},
    )

    assert answer == ("ValidationException", message)


def test_an_update_cannot_nest_an_item_deeper_than_32_levels(
    dynamodb: Any, make_table: MakeTable, refused: Refused
) -> None:
    # DynamoDB Local 2026-01-16, which is AWS's own; the limit: Developer Guide, "Quotas", "Nested attribute depth"
    table = make_table()
    deep: dict[str, Any] = {"S": "x"}
    for _ in range(30):
        deep = {"L": [deep]}
    dynamodb.put_item(TableName=table, Item={"id": {"S": "1"}, "x": deep})
    more = {"TableName": table, "Key": {"id": {"S": "1"}}, "ExpressionAttributeValues": {":v": {"S": "x"}}}

    dynamodb.update_item(**more, UpdateExpression="SET x" + "[0]" * 30 + " = :v")
    more["ExpressionAttributeValues"] = {":v": {"L": [{"L": [{"S": "x"}]}]}}
    told = refused(dynamodb.update_item, **more, UpdateExpression="SET x" + "[0]" * 30 + " = :v")

    assert told == ("ValidationException", "Nesting Levels have exceeded supported limits")
