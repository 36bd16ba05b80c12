"""Developer Guide, "Using time to live (TTL)": seconds since the epoch as a number; a time more than five years ago
does not count; the deletion is in the stream with the service for its userIdentity."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from windtunnel.dynamodb.item_key import read_key
from windtunnel.dynamodb.operations.create_table import create_table
from windtunnel.dynamodb.operations.describe_table import describe_table
from windtunnel.dynamodb.operations.update_time_to_live import update_time_to_live
from windtunnel.dynamodb.row import Row
from windtunnel.dynamodb.ttl import Expiry, is_expired

if TYPE_CHECKING:
    from tests.unit.dynamodb.conftest import World

NOW = 1_800_000_000
FIVE_YEARS = 5 * 365 * 24 * 3600


@pytest.mark.parametrize(
    ("value", "expired"),
    [
        ({"N": str(NOW)}, True),
        ({"N": str(NOW - 1)}, True),
        ({"N": f"{NOW - 1}.5"}, True),
        ({"N": str(NOW + 1)}, False),
        ({"N": str(NOW - FIVE_YEARS)}, True),
        ({"N": str(NOW - FIVE_YEARS - 1)}, False),
        ({"S": str(NOW - 1)}, False),
        (None, False),
    ],
)
def test_an_items_time_comes(value: dict[str, Any] | None, expired: bool) -> None:
    item = {"id": {"S": "1"}} | ({"expires": value} if value else {})

    assert is_expired(item, "expires", NOW) is expired


def put(world: World, identifier: str, expires: int) -> None:
    table = world.store.find_table("000000000000", "us-east-1", "abc")
    assert table is not None
    key = read_key(table, {"id": {"S": identifier}})
    with world.store.transaction():
        row = Row.of({"id": {"S": identifier}, "expires": {"N": str(expires)}})
        world.store.write(table, key, world.store.get(table, key), row)


def make(world: World) -> str:
    told = world.do(
        create_table,
        TableName="abc",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]
    arn: str = told["LatestStreamArn"]
    return arn


def test_expired_items_are_deleted_by_the_service(world: World) -> None:
    stream = make(world)
    put(world, "old", NOW - 1)
    put(world, "new", NOW + 10)
    assert Expiry(world.store).run(NOW) == 0  # not enabled yet
    world.do(
        update_time_to_live, TableName="abc", TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True}
    )
    expiry = Expiry(world.store)

    assert expiry.run(NOW) == 1
    assert expiry.run(NOW) == 0
    assert expiry.run(NOW + 10) == 1

    assert world.do(describe_table, TableName="abc")["Table"]["ItemCount"] == 0
    records = [json.loads(record.text) for record in world.store.stream_records(stream, 0, 100)]
    assert [record["eventName"] for record in records] == ["INSERT", "INSERT", "REMOVE", "REMOVE"]
    assert records[2]["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    assert "userIdentity" not in records[0]


def test_an_attribute_within_another_is_none_of_the_items(world: World) -> None:
    make(world)
    ttl = {"AttributeName": "expires", "Enabled": True}
    world.do(update_time_to_live, TableName="abc", TimeToLiveSpecification=ttl)
    table = world.store.find_table("000000000000", "us-east-1", "abc")
    assert table is not None
    row = Row.of({"id": {"S": "1"}, "inner": {"M": {"expires": {"N": str(NOW - 1)}}}})
    with world.store.transaction():
        world.store.write(table, read_key(table, {"id": {"S": "1"}}), None, row)

    assert Expiry(world.store).run(NOW) == 0


def test_goes_through_a_large_table_a_batch_at_a_time(world: World) -> None:
    make(world)
    for number in range(10):
        put(world, str(number), NOW - 1)
    world.do(
        update_time_to_live, TableName="abc", TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True}
    )
    expiry = Expiry(world.store, batch=4)

    assert [expiry.run(NOW) for _ in range(4)] == [4, 4, 2, 0]


def test_a_table_that_is_gone_is_no_trouble(world: World) -> None:
    make(world)
    for number in range(10):
        put(world, str(number), NOW - 1)
    world.do(
        update_time_to_live, TableName="abc", TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True}
    )
    expiry = Expiry(world.store, batch=4)
    expiry.run(NOW)

    table = world.store.find_table("000000000000", "us-east-1", "abc")
    assert table is not None
    with world.store.transaction():
        world.store.delete_table(table)

    assert expiry.run(NOW) == 0
