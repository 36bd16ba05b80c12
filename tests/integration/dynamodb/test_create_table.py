"""CreateTable. Messages and their order: recorded from AWS by dynalite (test/createTable.js) and in the ack-api-quirks
catalogue of October 2026 (DDB-TABLE-043, 123 to 129, 134, 138, 442); answers: LocalStack's snapshots of AWS
(tests/aws/services/dynamodb/test_dynamodb.snapshot.json)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]

INVALID = "One or more parameter values were invalid: "
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
ALL = {"ProjectionType": "ALL"}


def attributes(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def keys(*names: str, types: tuple[str, ...] = ("HASH", "RANGE")) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, types, strict=False)]


def index(name: str, *names: str, **more: Any) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": keys(*names), "Projection": ALL, **more}


def request(**overrides: Any) -> dict[str, Any]:
    wanted = {
        "TableName": "abc",
        "AttributeDefinitions": attributes("a", "b"),
        "KeySchema": keys("a", "b"),
        "ProvisionedThroughput": UNITS,
        **overrides,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def test_tells_what_was_made(dynamodb: Any, account: str) -> None:
    told = dynamodb.create_table(
        TableName="Users",
        AttributeDefinitions=attributes("id"),
        KeySchema=keys("id"),
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
    )["TableDescription"]

    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", told.pop("TableId"))
    assert told.pop("CreationDateTime")
    assert told == {
        "AttributeDefinitions": attributes("id"),
        "TableName": "Users",
        "KeySchema": keys("id"),
        "TableStatus": "ACTIVE",
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "TableArn": f"arn:aws:dynamodb:us-east-1:{account}:table/Users",
        "DeletionProtectionEnabled": False,
    }


def test_tells_the_indexes_and_sorts_definitions(dynamodb: Any, account: str) -> None:
    included = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["zz", "aa"]}

    told = dynamodb.create_table(
        TableName="Users",
        AttributeDefinitions=attributes("z", "m", "a"),
        KeySchema=keys("z", "m"),
        BillingMode="PAY_PER_REQUEST",
        LocalSecondaryIndexes=[index("local", "z", "a")],
        GlobalSecondaryIndexes=[index("second", "a", Projection=included), index("first", "m", "a")],
    )["TableDescription"]

    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/Users"
    assert told["AttributeDefinitions"] == attributes("a", "m", "z")
    assert told["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert told["LocalSecondaryIndexes"] == [
        {
            "IndexName": "local",
            "KeySchema": keys("z", "a"),
            "Projection": ALL,
            "IndexSizeBytes": 0,
            "ItemCount": 0,
            "IndexArn": f"{arn}/index/local",
        }
    ]
    assert [entry["IndexName"] for entry in told["GlobalSecondaryIndexes"]] == ["second", "first"]
    assert told["GlobalSecondaryIndexes"][0] == {
        "IndexName": "second",
        "KeySchema": keys("a"),
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["aa", "zz"]},
        "IndexStatus": "ACTIVE",
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "IndexSizeBytes": 0,
        "ItemCount": 0,
        "IndexArn": f"{arn}/index/second",
    }


def test_describes_a_key_of_kms_where_encryption_is_asked_for(dynamodb: Any, account: str) -> None:
    told = dynamodb.create_table(**request(SSESpecification={"Enabled": True}))["TableDescription"]

    assert told["SSEDescription"]["Status"] == "ENABLED"
    assert told["SSEDescription"]["SSEType"] == "KMS"
    assert told["SSEDescription"]["KMSMasterKeyArn"].startswith(f"arn:aws:kms:us-east-1:{account}:key/")


def test_keeps_class_tags_and_protection(dynamodb: Any) -> None:
    told = dynamodb.create_table(
        **request(
            TableClass="STANDARD_INFREQUENT_ACCESS",
            DeletionProtectionEnabled=True,
            Tags=[{"Key": "team", "Value": "blue"}],
        )
    )["TableDescription"]

    assert told["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert told["DeletionProtectionEnabled"] is True
    tags = dynamodb.list_tags_of_resource(ResourceArn=told["TableArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "blue"}]


def test_refuses_a_name_that_is_taken(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    name = make_table()

    error = refused(dynamodb.create_table, **request(TableName=name))

    # recorded: LocalStack's snapshot, test_create_duplicate_table
    assert error == ("ResourceInUseException", f"Table already exists: {name}")


def test_a_name_is_taken_in_its_region_and_account_only(
    account: str, dynamodb: Any, make_table: MakeTable, client_of: Callable[..., Any]
) -> None:
    name = make_table()

    client_of(region="eu-west-1").create_table(**request(TableName=name))
    client_of(account=str(int(account) + 500_000_000_000)).create_table(**request(TableName=name))

    assert dynamodb.describe_table(TableName=name)["Table"]["KeySchema"] == keys("id")


SCHEMA_MESSAGES = [
    (
        {"AttributeDefinitions": [], "KeySchema": keys("a", "a", types=("HASH", "HASH"))},
        "Invalid KeySchema: Some index key attribute have no definition",
    ),
    (
        {"AttributeDefinitions": attributes("b"), "KeySchema": keys("a")},
        INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [a], AttributeDefinitions: [b]",
    ),
    (
        {"KeySchema": keys("a", "a", types=("HASH", "HASH"))},
        "Both the Hash Key and the Range Key element in the KeySchema have the same name",
    ),
    (
        {"KeySchema": keys("a", "b", types=("HASH", "HASH"))},
        "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
    ),
    (
        {"KeySchema": keys("a", "b", types=("RANGE", "HASH"))},
        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
    ),
    (
        {"AttributeDefinitions": attributes("a", "c", "b")},
        INVALID + "Number of attributes in KeySchema does not exactly match number of attributes defined in "
        "AttributeDefinitions",
    ),
    ({"AttributeDefinitions": attributes("a", "b", "a")}, "Attribute Name is duplicated: a"),
]


@pytest.mark.parametrize(("overrides", "message"), SCHEMA_MESSAGES)
def test_refuses_keys_that_do_not_fit(dynamodb: Any, refused: Refused, overrides: dict[str, Any], message: str) -> None:
    assert refused(dynamodb.create_table, **request(**overrides)) == ("ValidationException", message)


INDEX_MESSAGES = [
    ({"LocalSecondaryIndexes": []}, INVALID + "List of LocalSecondaryIndexes is empty"),
    ({"GlobalSecondaryIndexes": []}, INVALID + "List of GlobalSecondaryIndexes is empty"),
    (
        {"KeySchema": keys("a"), "LocalSecondaryIndexes": [index("abc", "c")]},
        INVALID + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
    ),
    (
        {"LocalSecondaryIndexes": [index("abc", "c", "d"), index("abc", "e")]},
        INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [c, d], AttributeDefinitions: [a, b]",
    ),
    (
        {"AttributeDefinitions": attributes("a", "b", "c"), "LocalSecondaryIndexes": [index("abc", "a", "b")]},
        INVALID + "Some AttributeDefinitions are not used. AttributeDefinitions: [a, b, c], keys used: [a, b]",
    ),
    (
        {"LocalSecondaryIndexes": [index("abc", "b")]},
        INVALID + "Index KeySchema does not have a range key for index: abc",
    ),
    (
        {"LocalSecondaryIndexes": [index("abc", "b", "a")]},
        INVALID + "Index KeySchema does not have the same leading hash key as table KeySchema for index: abc. "
        "index hash key: b, table hash key: a",
    ),
    (
        {"LocalSecondaryIndexes": [index("abc", "a", "b", Projection={})]},
        INVALID + "Unknown ProjectionType: null",
    ),
    (
        {"LocalSecondaryIndexes": [index("abc", "a", "b", Projection={**ALL, "NonKeyAttributes": ["x"]})]},
        INVALID + "ProjectionType is ALL, but NonKeyAttributes is specified",
    ),
    (
        {"LocalSecondaryIndexes": [index("abc", "a", "b", Projection={"ProjectionType": "INCLUDE"})]},
        INVALID + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
    ),
    (
        {"LocalSecondaryIndexes": [index("abc", "a", "b"), index("abc", "a", "b")]},
        INVALID + "Duplicate index name: abc",
    ),
    (
        {"LocalSecondaryIndexes": [index(f"index-{number}", "a", "b") for number in range(6)]},
        INVALID + "Number of LocalSecondaryIndexes exceeds per-table limit of 5",
    ),
    (
        {
            "GlobalSecondaryIndexes": [
                index(f"index-{number}", "b", ProvisionedThroughput=UNITS) for number in range(21)
            ]
        },
        INVALID + "GlobalSecondaryIndex count exceeds the per-table limit of 20",
    ),
    (
        {"GlobalSecondaryIndexes": [index("abc", "b")]},
        INVALID + "ProvisionedThroughput is not specified for index: abc",
    ),
    (
        {
            "BillingMode": "PAY_PER_REQUEST",
            "ProvisionedThroughput": None,
            "GlobalSecondaryIndexes": [index("abc", "b", ProvisionedThroughput=UNITS)],
        },
        INVALID + "ProvisionedThroughput should not be specified for index: abc when BillingMode is PAY_PER_REQUEST",
    ),
]


@pytest.mark.parametrize(("overrides", "message"), INDEX_MESSAGES)
def test_refuses_indexes_that_do_not_fit(
    dynamodb: Any, refused: Refused, overrides: dict[str, Any], message: str
) -> None:
    assert refused(dynamodb.create_table, **request(**overrides)) == ("ValidationException", message)


OTHER_MESSAGES = [
    (
        # recorded: LocalStack's snapshot, test_dynamodb_pay_per_request
        {"BillingMode": "PAY_PER_REQUEST"},
        INVALID
        + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    ),
    (
        {"ProvisionedThroughput": None},
        INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    ),
    (
        {"ProvisionedThroughput": {"ReadCapacityUnits": 1000000000001, "WriteCapacityUnits": 1000000000001}},
        "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
    ),
    (
        {"StreamSpecification": {"StreamEnabled": True}},
        INVALID + "Table is being created with a stream enabled, UpdateViewType is required",
    ),
    (
        {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"}},
        INVALID + "Table is being created with a stream disabled, UpdateViewType should not be specified",
    ),
    (
        {"OnDemandThroughput": {"MaxReadRequestUnits": 10}},
        INVALID
        + "MaxReadRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED.",
    ),
    (
        {"SSESpecification": {"Enabled": False, "SSEType": "KMS"}},
        INVALID + "SSEType can not be specified if Enabled is false",
    ),
    ({"SSESpecification": {"Enabled": True, "SSEType": "AES256"}}, INVALID + "SSEType AES256 is not supported"),
    ({"Tags": [{"Key": "aws:x", "Value": ""}]}, "Tag Key cannot be prefixed with aws:, Key: aws:x"),
    (
        {"Tags": [{"Key": "x", "Value": "1"}, {"Key": "x", "Value": "2"}]},
        "Duplicate Tag Keys provided as input: Duplicate Tag Key found x",
    ),
]


@pytest.mark.parametrize(("overrides", "message"), OTHER_MESSAGES)
def test_refuses_what_contradicts_itself(
    dynamodb: Any, refused: Refused, overrides: dict[str, Any], message: str
) -> None:
    assert refused(dynamodb.create_table, **request(**overrides)) == ("ValidationException", message)


def test_a_refused_table_is_not_there(dynamodb: Any, refused: Refused) -> None:
    refused(dynamodb.create_table, **request(Tags=[{"Key": "aws:x", "Value": ""}]))

    assert dynamodb.list_tables()["TableNames"] == []
