"""TransactWriteItems. Sources: API Reference, "TransactWriteItems"; answers recorded from AWS by dynamodb-conformance
(tier2/transactions/transactWrite, tier3/error-messages/transactWriteItems, tier3/limits/transactionLimits)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.dynamodb.things import EMPTY, INVALID, MakeTable, Refused, make_things, put_all, strings

SCHEMA = "The provided key element does not match the schema"


def put(table: str, **values: str) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": strings(**values)}}


def everything(dynamodb: Any, table: str) -> list[Any]:
    return sorted(dynamodb.scan(TableName=table)["Items"], key=lambda item: str(item["id"]["S"]))


def reasons(dynamodb: Any, *items: Any) -> list[Any]:
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        dynamodb.transact_write_items(TransactItems=list(items))
    told: list[Any] = cancelled.value.response["CancellationReasons"]
    codes = ", ".join(reason["Code"] for reason in told)
    assert cancelled.value.response["Error"]["Message"] == (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    )
    return told


def test_every_kind_of_action_at_once(dynamodb: Any, make_table: MakeTable) -> None:
    plain, things = make_table(), make_things(make_table)
    put_all(dynamodb, plain, strings(id="changed", a="x"), strings(id="gone"), strings(id="looked-at", a="x"))

    dynamodb.transact_write_items(
        TransactItems=[
            put(things, id="1", sort="a", kind="k"),
            {
                "Update": {
                    "TableName": plain,
                    "Key": strings(id="changed"),
                    "UpdateExpression": "SET a = :a",
                    "ExpressionAttributeValues": {":a": {"S": "y"}},
                }
            },
            {"Delete": {"TableName": plain, "Key": strings(id="gone")}},
            {
                "ConditionCheck": {
                    "TableName": plain,
                    "Key": strings(id="looked-at"),
                    "ConditionExpression": "attribute_exists(a)",
                }
            },
        ]
    )

    assert everything(dynamodb, plain) == [strings(id="changed", a="y"), strings(id="looked-at", a="x")]
    assert dynamodb.scan(TableName=things, IndexName="by-kind")["Count"] == 1


def test_a_condition_that_fails_undoes_all(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="there", a="x"))
    failing = put(table, id="there", a="y")
    failing["Put"] |= {
        "ConditionExpression": "attribute_not_exists(id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }

    told = reasons(dynamodb, put(table, id="new"), failing)

    assert told == [
        {"Code": "None"},
        {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            "Item": strings(id="there", a="x"),
        },
    ]
    assert everything(dynamodb, table) == [strings(id="there", a="x")]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            {"Put": {"Item": {"id": {"N": "5"}, "sort": {"S": "a"}}}},
            f"{INVALID}Type mismatch for key id expected: S actual: N",
        ),
        (
            {"Put": {"Item": {**strings(id="1", sort="a"), "kind": {"L": []}}}},
            f"{INVALID}Type mismatch for Index Key kind Expected: S Actual: L IndexName: by-kind",
        ),
        ({"Delete": {"Key": {"id": {"N": "5"}, "sort": {"S": "a"}}}}, SCHEMA),
        (
            {"ConditionCheck": {"Key": strings(id="1"), "ConditionExpression": "attribute_exists(id)"}},
            SCHEMA,
        ),
        (
            {
                "Update": {
                    "Key": strings(id="1", sort="a"),
                    "UpdateExpression": "SET kind = :k",
                    "ExpressionAttributeValues": {":k": {"N": "1"}},
                }
            },
            f"{INVALID}Type mismatch for Index Key kind Expected: S Actual: N IndexName: by-kind",
        ),
    ],
)
def test_what_does_not_fit_the_table_is_a_reason(
    dynamodb: Any, make_table: MakeTable, action: Any, message: str
) -> None:
    table = make_things(make_table)
    ((kind, parameters),) = action.items()

    told = reasons(dynamodb, put(table, id="9", sort="z"), {kind: {"TableName": table, **parameters}})

    assert told == [{"Code": "None"}, {"Code": "ValidationError", "Message": message}]
    assert everything(dynamodb, table) == []


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (
            [{"Put": {"Item": strings(id="", sort="a")}}],
            f"{EMPTY}The AttributeValue for a key attribute cannot contain an empty string value. Key: id",
        ),
        (
            [{"Delete": {"Key": strings(id="", sort="a")}}],
            f"{EMPTY}The AttributeValue for a key attribute cannot contain an empty string value. Key: id",
        ),
        (
            [
                {
                    "Update": {
                        "Key": strings(id="1", sort="a"),
                        "UpdateExpression": "SET kind = :k",
                        "ExpressionAttributeValues": {":k": {"S": ""}},
                    }
                }
            ],
            f"{EMPTY}The update expression attempted to update a secondary index key to a value that is not supported. "
            "The AttributeValue for a key attribute cannot contain an empty string value.",
        ),
        (
            [{"Put": {"Item": strings(id="1", sort="a")}}, {"Delete": {"Key": strings(id="1", sort="a")}}],
            "Transaction request cannot include multiple operations on one item",
        ),
        (
            [{"Put": {"Item": strings(id="1", sort="a")}, "Delete": {"Key": strings(id="1", sort="a")}}],
            "TransactItems can only contain one of Check, Put, Update or Delete",
        ),
        ([{}], "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"),
    ],
)
def test_other_faults_refuse_the_request(
    dynamodb: Any, make_table: MakeTable, refused: Refused, items: Any, message: str
) -> None:
    table = make_things(make_table)
    named = [{kind: {"TableName": table, **action} for kind, action in item.items()} for item in items]

    answer = refused(dynamodb.transact_write_items, TransactItems=named)

    assert answer == ("ValidationException", message)
    assert everything(dynamodb, table) == []


def test_a_hundred_actions_and_no_more(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    table = make_table()
    items = [put(table, id=str(number)) for number in range(101)]

    code, message = refused(dynamodb.transact_write_items, TransactItems=items)
    dynamodb.transact_write_items(TransactItems=items[:100])

    assert code == "ValidationException"
    assert message.endswith("failed to satisfy constraint: Member must have length less than or equal to 100")
    assert dynamodb.scan(TableName=table)["Count"] == 100


def test_four_megabytes_and_no_more(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    table = make_table()
    items = [put(table, id=str(number), text="x" * 350_000) for number in range(12)]

    assert refused(dynamodb.transact_write_items, TransactItems=items)[0] == "ValidationException"
    dynamodb.transact_write_items(TransactItems=items[:11])


def test_a_table_that_is_not_there(dynamodb: Any, refused: Refused) -> None:
    answer = refused(dynamodb.transact_write_items, TransactItems=[put("nowhere", id="1")])

    assert answer == ("ResourceNotFoundException", "Requested resource not found")


# --- client request tokens --------------------------------------------------------------------------------------


def test_a_token_makes_a_transaction_happen_once(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    counted = {
        "Update": {
            "TableName": table,
            "Key": strings(id="1"),
            "UpdateExpression": "ADD n :one SET big = :big",
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":big": {"S": "x" * 1536}},
        }
    }
    wanted = {"TransactItems": [counted], "ClientRequestToken": "once", "ReturnConsumedCapacity": "INDEXES"}

    first = dynamodb.transact_write_items(**wanted)["ConsumedCapacity"][0]
    second = dynamodb.transact_write_items(**wanted)["ConsumedCapacity"][0]

    assert everything(dynamodb, table)[0]["n"] == {"N": "1"}
    # measured on AWS (dynamodb-conformance, "read capacity on a same-token replay")
    assert (first["WriteCapacityUnits"], first.get("ReadCapacityUnits")) == (4.0, None)
    assert (second["ReadCapacityUnits"], second.get("WriteCapacityUnits")) == (2.0, None)


def test_a_token_is_for_one_transaction(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    table = make_table()
    dynamodb.transact_write_items(TransactItems=[put(table, id="1")], ClientRequestToken="one")

    code, _ = refused(dynamodb.transact_write_items, TransactItems=[put(table, id="2")], ClientRequestToken="one")

    assert code == "IdempotentParameterMismatchException"


def test_a_transaction_that_failed_may_be_tried_again_with_its_token(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    item = put(table, id="1", a="y")
    item["Put"]["ConditionExpression"] = "attribute_exists(id)"
    wanted = {"TransactItems": [item], "ClientRequestToken": "again"}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(**wanted)
    put_all(dynamodb, table, strings(id="1"))

    dynamodb.transact_write_items(**wanted)

    assert everything(dynamodb, table) == [strings(id="1", a="y")]


def test_writes_and_checks_cost_double(dynamodb: Any, make_table: MakeTable) -> None:
    # measured on AWS (dynamodb-conformance): 2 WCU an item, and a ConditionCheck 2 WCU as well
    plain, checked = make_table(), make_table()
    put_all(dynamodb, checked, strings(id="1"))
    check = {"TableName": checked, "Key": strings(id="1"), "ConditionExpression": "attribute_exists(id)"}

    told = dynamodb.transact_write_items(
        TransactItems=[put(plain, id="1"), put(plain, id="2"), {"ConditionCheck": check}],
        ReturnConsumedCapacity="TOTAL",
    )["ConsumedCapacity"]

    assert {entry["TableName"]: (entry["CapacityUnits"], entry["WriteCapacityUnits"]) for entry in told} == {
        plain: (4.0, 4.0),
        checked: (2.0, 2.0),
    }
