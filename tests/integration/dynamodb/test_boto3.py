"""boto3's own conveniences: paginators, waiters, and the resource API with its types."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.config import Config
from tests.integration.dynamodb.things import MakeTable


@pytest.fixture
def resource(endpoint: str, account: str) -> Iterator[Any]:
    made = boto3.resource(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=account,
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield made
    made.meta.client.close()


@pytest.fixture
def table(resource: Any) -> Any:
    made = resource.create_table(
        TableName="people",
        AttributeDefinitions=[
            {"AttributeName": "town", "AttributeType": "S"},
            {"AttributeName": "age", "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": "town", "KeyType": "HASH"},
            {"AttributeName": "age", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    made.wait_until_exists()
    return made


def test_waiters_wait_for_tables_to_come_and_go(dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    dynamodb.get_waiter("table_exists").wait(TableName=table)
    dynamodb.delete_table(TableName=table)

    dynamodb.get_waiter("table_not_exists").wait(TableName=table)

    assert dynamodb.list_tables()["TableNames"] == []


def test_values_come_back_as_pythons(table: Any) -> None:
    item = {
        "town": "Bern",
        "age": 36,
        "height": Decimal("1.75"),
        "photo": b"\x00\x01",
        "tags": {"a", "b"},
        "numbers": {1, Decimal("2.5")},
        "nested": {"list": [None, True, {"deep": "yes"}]},
    }
    table.put_item(Item=item)

    found = table.get_item(Key={"town": "Bern", "age": 36})["Item"]

    assert found == {**item, "photo": Binary(b"\x00\x01")}


def test_conditions_are_built_by_boto3(table: Any) -> None:
    with table.batch_writer() as batch:
        for age in range(60):
            batch.put_item(Item={"town": "Bern", "age": age, "even": age % 2 == 0})

    answer = table.query(
        KeyConditionExpression=Key("town").eq("Bern") & Key("age").between(10, 20),
        FilterExpression=Attr("even").eq(True) & ~Attr("gone").exists(),
    )

    assert [int(item["age"]) for item in answer["Items"]] == [10, 12, 14, 16, 18, 20]


def test_a_batch_writer_writes_and_deletes_in_batches(table: Any) -> None:
    with table.batch_writer(overwrite_by_pkeys=["town", "age"]) as batch:
        for age in range(60):
            batch.put_item(Item={"town": "Bern", "age": age})
            batch.put_item(Item={"town": "Bern", "age": age, "again": True})
    with table.batch_writer() as batch:
        for age in range(0, 60, 2):
            batch.delete_item(Key={"town": "Bern", "age": age})

    assert table.scan()["Count"] == 30
    table.reload()
    assert table.item_count == 30


def test_paginators_tell_everything_once(dynamodb: Any, make_table: MakeTable) -> None:
    tables = [make_table() for _ in range(5)]

    listed = dynamodb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2})

    assert [name for page in listed for name in page["TableNames"]] == tables


def test_a_counter_by_the_resource(table: Any) -> None:
    for _ in range(3):
        answer = table.update_item(
            Key={"town": "Bern", "age": 1},
            UpdateExpression="ADD visits :one",
            ExpressionAttributeValues={":one": 1},
            ReturnValues="UPDATED_NEW",
        )

    assert answer["Attributes"] == {"visits": Decimal(3)}
