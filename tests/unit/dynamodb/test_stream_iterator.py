"""API Reference, GetShardIterator: an iterator lives for 15 minutes; a sequence number from more than a day ago is
trimmed. Developer Guide, "Change data capture for DynamoDB Streams": a record can be read for 24 hours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.housekeeping import Housekeeping
from windtunnel.dynamodb.item_key import read_key
from windtunnel.dynamodb.operations.create_table import create_table
from windtunnel.dynamodb.operations.delete_table import delete_table
from windtunnel.dynamodb.operations.describe_stream import describe_stream
from windtunnel.dynamodb.operations.get_records import get_records
from windtunnel.dynamodb.operations.get_shard_iterator import get_shard_iterator
from windtunnel.dynamodb.operations.list_streams import list_streams
from windtunnel.dynamodb.row import Row
from windtunnel.dynamodb.stream_iterator import Iterator

if TYPE_CHECKING:
    from tests.unit.dynamodb.conftest import World

DAY = 24 * 3600.0


@pytest.fixture
def stream(world: World) -> str:
    """A stream's ARN."""
    told = world.do(
        create_table,
        TableName="abc",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]
    return str(told["LatestStreamArn"])


def put(world: World, identifier: str) -> None:
    table = world.store.find_table("000000000000", "us-east-1", "abc")
    assert table is not None
    key = read_key(table, {"id": {"S": identifier}})
    with world.store.transaction():
        world.store.write(table, key, None, Row.of({"id": {"S": identifier}}))


def iterator(world: World, stream: str, kind: str, **more: Any) -> str:
    (shard,) = world.do(describe_stream, StreamArn=stream)["StreamDescription"]["Shards"]
    answer = world.do(get_shard_iterator, StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType=kind, **more)
    return str(answer["ShardIterator"])


def keys(world: World, text: str) -> list[str]:
    records = json.loads(world.do(get_records, ShardIterator=text))["Records"]
    return [record["dynamodb"]["Keys"]["id"]["S"] for record in records]


def test_comes_back_as_it_went() -> None:
    made = Iterator("arn:aws:dynamodb:us-east-1:0:table/abc/stream/x", "shardId-1", 12, 1.5, exact=True)

    assert Iterator.read(made.text()) == made


@pytest.mark.parametrize("text", ["", "a|1|b", "a|1|W10=", "a|1|WzIsInMiLDEsMSwwXQ=="])
def test_nothing_else_is_one(text: str) -> None:
    with pytest.raises(DynamoDBError, match="Invalid ShardIterator"):
        Iterator.read(text)


def test_lives_for_a_quarter_of_an_hour(world: World, stream: str) -> None:
    text = iterator(world, stream, "TRIM_HORIZON")

    world.now += 15 * 60
    world.do(get_records, ShardIterator=text)
    world.now += 1

    with pytest.raises(DynamoDBError) as caught:
        world.do(get_records, ShardIterator=text)
    assert caught.value.code == "ExpiredIteratorException"


def test_records_are_there_for_a_day(world: World, stream: str) -> None:
    put(world, "first")
    number = json.loads(world.do(get_records, ShardIterator=iterator(world, stream, "TRIM_HORIZON")))["Records"][0][
        "dynamodb"
    ]["SequenceNumber"]
    world.now += DAY / 2
    put(world, "second")

    world.now += DAY / 2 + 1

    # whether they were swept up or not
    assert keys(world, iterator(world, stream, "TRIM_HORIZON")) == ["second"]
    Housekeeping(world.store).run(world.now)
    assert keys(world, iterator(world, stream, "TRIM_HORIZON")) == ["second"]
    with pytest.raises(DynamoDBError) as caught:
        iterator(world, stream, "AT_SEQUENCE_NUMBER", SequenceNumber=number)
    assert caught.value.code == "TrimmedDataAccessException"


def test_a_record_may_go_while_its_iterator_waits(world: World, stream: str) -> None:
    put(world, "first")
    records = json.loads(world.do(get_records, ShardIterator=iterator(world, stream, "TRIM_HORIZON")))["Records"]
    world.now += DAY - 60
    number = records[0]["dynamodb"]["SequenceNumber"]
    text = iterator(world, stream, "AT_SEQUENCE_NUMBER", SequenceNumber=number)

    world.now += 120

    with pytest.raises(DynamoDBError) as caught:
        world.do(get_records, ShardIterator=text)
    assert caught.value.code == "TrimmedDataAccessException"


def test_a_number_that_was_never_given_is_refused(world: World, stream: str) -> None:
    with pytest.raises(DynamoDBError, match="Invalid SequenceNumber"):
        iterator(world, stream, "AT_SEQUENCE_NUMBER", SequenceNumber="9" * 21)


def test_a_closed_stream_is_forgotten_after_a_day(world: World, stream: str) -> None:
    world.do(delete_table, TableName="abc")
    house = Housekeeping(world.store)

    world.now += DAY - 61
    house.run(world.now)
    assert len(world.do(list_streams)["Streams"]) == 1
    world.now += 62
    house.run(world.now)

    assert world.do(list_streams)["Streams"] == []
