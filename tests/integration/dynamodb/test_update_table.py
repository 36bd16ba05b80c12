"""UpdateTable. Messages and rules: the ack-api-quirks catalogue of October 2026 (DDB-TABLE-015, 134, 151, 152, 159,
160, 162, 164, 169, 174, 359, 380, 442), recorded from AWS; LocalStack's snapshots for encryption."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]

INVALID = "One or more parameter values were invalid: "
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
ALL = {"ProjectionType": "ALL"}
NUMBERS = [{"AttributeName": "n", "AttributeType": "N"}]


def create(name: str, key: str = "n", **more: Any) -> dict[str, Any]:
    return {
        "Create": {
            "IndexName": name,
            "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
            "Projection": ALL,
            **more,
        }
    }


def with_index(name: str = "by-n", **more: Any) -> dict[str, Any]:
    definitions = [{"AttributeName": "id", "AttributeType": "S"}, *NUMBERS]
    return {"AttributeDefinitions": definitions, "GlobalSecondaryIndexes": [create(name, **more)["Create"]]}


def test_makes_an_index_of_the_items_there_are(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table()
    for number in range(3):
        dynamodb.put_item(TableName=name, Item={"id": {"S": str(number)}, "n": {"N": "7"}})
    dynamodb.put_item(TableName=name, Item={"id": {"S": "without"}})

    told = dynamodb.update_table(
        TableName=name, AttributeDefinitions=NUMBERS, GlobalSecondaryIndexUpdates=[create("by-n")]
    )["TableDescription"]

    # the new attribute's definition is enough, and joins those there are
    assert [entry["AttributeName"] for entry in told["AttributeDefinitions"]] == ["id", "n"]
    (index,) = dynamodb.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"]
    assert (index["IndexStatus"], index["ItemCount"]) == ("ACTIVE", 3)
    found = dynamodb.query(
        TableName=name,
        IndexName="by-n",
        KeyConditionExpression="n = :n",
        ExpressionAttributeValues={":n": {"N": "7"}},
    )
    assert sorted(item["id"]["S"] for item in found["Items"]) == ["0", "1", "2"]


def test_deletes_an_index_and_its_definitions(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    name = make_table(**with_index())

    dynamodb.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-n"}}])

    told = dynamodb.describe_table(TableName=name)["Table"]
    assert "GlobalSecondaryIndexes" not in told
    assert told["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "S"}]
    missing = f"Requested resource not found: Index by-n for table {name}"
    again = [{"Delete": {"IndexName": "by-n"}}]
    error = refused(dynamodb.update_table, TableName=name, GlobalSecondaryIndexUpdates=again)
    assert error == ("ResourceNotFoundException", missing)


def test_makes_or_deletes_one_index_at_a_time(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    name = make_table()

    error = refused(
        dynamodb.update_table,
        TableName=name,
        AttributeDefinitions=NUMBERS,
        GlobalSecondaryIndexUpdates=[create("one"), create("two")],
    )

    message = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
    assert error == ("LimitExceededException", message)


def test_makes_no_21st_index(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    definitions = [{"AttributeName": "id", "AttributeType": "S"}, *NUMBERS]
    indexes = [create(f"index-{number}")["Create"] for number in range(20)]
    name = make_table(AttributeDefinitions=definitions, GlobalSecondaryIndexes=indexes)

    error = refused(
        dynamodb.update_table,
        TableName=name,
        AttributeDefinitions=NUMBERS,
        GlobalSecondaryIndexUpdates=[create("another")],
    )

    message = "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20"
    assert error == ("LimitExceededException", message)


def test_goes_from_requests_to_provisioned_and_back(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    name = make_table(**with_index())

    def answer(**more: Any) -> tuple[str, str]:
        return refused(dynamodb.update_table, TableName=name, BillingMode="PROVISIONED", **more)

    assert answer()[1] == INVALID + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
    message = INVALID + "ProvisionedThroughput must be specified for index: by-n"
    assert answer(ProvisionedThroughput=UNITS)[1] == message

    update = {"Update": {"IndexName": "by-n", "ProvisionedThroughput": UNITS}}
    told = dynamodb.update_table(
        TableName=name,
        BillingMode="PROVISIONED",
        ProvisionedThroughput=UNITS,
        GlobalSecondaryIndexUpdates=[update],
    )["TableDescription"]
    assert told["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert told["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 1

    told = dynamodb.update_table(TableName=name, BillingMode="PAY_PER_REQUEST")["TableDescription"]
    assert told["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert told["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert told["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 0


def test_counts_decreases(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table(BillingMode=None, ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5})

    dynamodb.update_table(TableName=name, ProvisionedThroughput={"ReadCapacityUnits": 4, "WriteCapacityUnits": 6})

    told = dynamodb.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]
    assert (told["ReadCapacityUnits"], told["WriteCapacityUnits"], told["NumberOfDecreasesToday"]) == (4, 6, 1)
    assert told["LastIncreaseDateTime"] == told["LastDecreaseDateTime"]


def test_refuses_throughput_that_does_not_change(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    name = make_table(BillingMode=None, ProvisionedThroughput=UNITS)

    error = refused(dynamodb.update_table, TableName=name, ProvisionedThroughput=UNITS)

    assert error == (
        "ValidationException",
        "The provisioned throughput for the table will not change. The requested value equals the current value. "
        "Current ReadCapacityUnits provisioned for the table: 1. Requested ReadCapacityUnits: 1. "
        "Current WriteCapacityUnits provisioned for the table: 1. Requested WriteCapacityUnits: 1. "
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
    )


def test_enables_and_disables_a_stream(dynamodb: Any, streams: Any, make_table: MakeTable, refused: Refused) -> None:
    name = make_table()
    wanted = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}

    told = dynamodb.update_table(TableName=name, StreamSpecification=wanted)["TableDescription"]

    arn = told["LatestStreamArn"]
    assert arn == f"{told['TableArn']}/stream/{told['LatestStreamLabel']}"
    error = refused(dynamodb.update_table, TableName=name, StreamSpecification=wanted)
    assert error == ("ValidationException", f"Table already has an enabled stream: TableName: {name}")

    told = dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})["TableDescription"]
    assert "StreamSpecification" not in told
    assert told["LatestStreamArn"] == arn
    assert streams.describe_stream(StreamArn=arn)["StreamDescription"]["StreamStatus"] == "DISABLED"
    error = refused(dynamodb.update_table, TableName=name, StreamSpecification={"StreamEnabled": False})
    assert error == ("ValidationException", f"Table has no stream to disable: TableName: {name}")


def test_changes_the_class_and_the_protection(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table()

    dynamodb.update_table(TableName=name, TableClass="STANDARD_INFREQUENT_ACCESS")
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)

    told = dynamodb.describe_table(TableName=name)["Table"]
    assert told["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert told["DeletionProtectionEnabled"] is True


def test_encrypts_with_a_key_and_back(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    name = make_table()

    told = dynamodb.update_table(TableName=name, SSESpecification={"Enabled": True})["TableDescription"]

    assert told["SSEDescription"]["SSEType"] == "KMS"
    dynamodb.update_table(TableName=name, SSESpecification={"Enabled": False})
    assert "SSEDescription" not in dynamodb.describe_table(TableName=name)["Table"]
    error = refused(dynamodb.update_table, TableName=name, SSESpecification={"Enabled": False})
    assert error == ("ValidationException", INVALID + "Table is already encrypted by default")


NOTHING = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
    "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
)
STREAM = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, NOTHING),
        ({"AttributeDefinitions": NUMBERS}, NOTHING),
        ({"GlobalSecondaryIndexUpdates": []}, NOTHING),
        (
            {"GlobalSecondaryIndexUpdates": [], "DeletionProtectionEnabled": True},
            INVALID + "List of GlobalSecondaryIndexUpdates is empty",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{}]},
            INVALID + "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
            "GlobalSecondaryIndexUpdate.Delete must not be null",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{**create("abc"), "Delete": {"IndexName": "abc"}}]},
            INVALID + "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [create("abc"), {"Delete": {"IndexName": "abc"}}]},
            INVALID + "Only one global secondary index update per index is allowed simultaneously. Index: abc",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [create("abc")]},
            INVALID + "AttributeDefinitions is not specified for index: abc",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [create("abc")], "ProvisionedThroughput": UNITS},
            INVALID + "You cannot create or delete index while updating table IOPS",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [create("abc")], "StreamSpecification": STREAM},
            INVALID + "You cannot create or delete index while changing stream status",
        ),
        (
            {"StreamSpecification": STREAM, "ProvisionedThroughput": UNITS},
            INVALID + "You cannot modify stream status while updating table IOPS",
        ),
        (
            {"DeletionProtectionEnabled": True, "TableClass": "STANDARD"},
            INVALID + "TableClass modification must be the only operation in the request",
        ),
        (
            {"DeletionProtectionEnabled": True, "SSESpecification": {"Enabled": True}},
            INVALID + "Server-Side Encryption modification must be the only operation in the request",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            INVALID + "If stream is being enabled then UpdateViewType is required",
        ),
        (
            {"StreamSpecification": {**STREAM, "StreamEnabled": False}},
            INVALID + "If stream is being disabled, then UpdateViewType must not be specified",
        ),
        (
            {"ProvisionedThroughput": UNITS},
            INVALID
            + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": UNITS},
            INVALID + "ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {
                "AttributeDefinitions": NUMBERS,
                "GlobalSecondaryIndexUpdates": [create("abc", ProvisionedThroughput=UNITS)],
            },
            INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: abc when "
            "BillingMode is PAY_PER_REQUEST",
        ),
    ],
)
def test_refuses(
    dynamodb: Any, make_table: MakeTable, refused: Refused, parameters: dict[str, Any], message: str
) -> None:
    name = make_table()

    assert refused(dynamodb.update_table, TableName=name, **parameters) == ("ValidationException", message)


def test_looks_at_the_request_before_the_table(dynamodb: Any, refused: Refused) -> None:
    assert refused(dynamodb.update_table, TableName="nothere") == ("ValidationException", NOTHING)
    error = refused(dynamodb.update_table, TableName="nothere", DeletionProtectionEnabled=True)
    assert error == ("ResourceNotFoundException", "Requested resource not found: Table: nothere not found")


def test_an_index_that_is_local_stays(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    definitions = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "range", "other")]
    schema = [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "range", "KeyType": "RANGE"}]
    local = {"IndexName": "local", "KeySchema": [schema[0], {**schema[1], "AttributeName": "other"}], "Projection": ALL}
    name = make_table(AttributeDefinitions=definitions, KeySchema=schema, LocalSecondaryIndexes=[local])

    updates = [{"Delete": {"IndexName": "local"}}]
    error = refused(dynamodb.update_table, TableName=name, GlobalSecondaryIndexUpdates=updates)

    assert error == ("ValidationException", "Cannot delete an index that is not a GlobalSecondaryIndex: local")
