"""GetShardIterator and GetRecords. Records: LocalStack's snapshots of AWS (test_dynamodb.snapshot.json,
test_batch_write_items_streaming, test_dynamodb_stream_stream_view_type), SizeBytes and all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]


def read(streams: Any, arn: str, kind: str = "TRIM_HORIZON", **more: Any) -> dict[str, Any]:
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType=kind, **more)[
        "ShardIterator"
    ]
    answer: dict[str, Any] = streams.get_records(ShardIterator=iterator)
    return answer


def streamed(dynamodb: Any, make_table: MakeTable, view: str = "NEW_AND_OLD_IMAGES") -> tuple[str, str]:
    name = make_table(StreamSpecification={"StreamEnabled": True, "StreamViewType": view})
    return name, dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]


def write(dynamodb: Any, name: str) -> None:
    fred, key = {"id": {"S": "Fred"}}, {"id": {"S": "NewKey"}}
    dynamodb.put_item(TableName=name, Item=fred)
    dynamodb.put_item(TableName=name, Item=key)
    dynamodb.delete_item(TableName=name, Key=key)
    dynamodb.put_item(TableName=name, Item={**fred, "name": {"S": "Fred"}})
    dynamodb.put_item(TableName=name, Item={**fred, "name": {"S": "Fred"}})


def test_tells_what_changed(dynamodb: Any, streams: Any, make_table: MakeTable) -> None:
    name, arn = streamed(dynamodb, make_table)

    write(dynamodb, name)

    records = read(streams, arn)["Records"]
    # the last write changed nothing
    assert [record["eventName"] for record in records] == ["INSERT", "INSERT", "REMOVE", "MODIFY"]
    # recorded: 12, 16, 16, 26
    assert [record["dynamodb"]["SizeBytes"] for record in records] == [12, 16, 16, 26]
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert numbers == sorted(set(numbers))
    first, last = records[0], records[3]
    assert first.pop("eventID")
    assert first["dynamodb"].pop("ApproximateCreationDateTime")
    assert first["dynamodb"].pop("SequenceNumber")
    assert first == {
        "awsRegion": "us-east-1",
        "dynamodb": {
            "Keys": {"id": {"S": "Fred"}},
            "NewImage": {"id": {"S": "Fred"}},
            "SizeBytes": 12,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "eventVersion": "1.1",
    }
    assert last["dynamodb"]["OldImage"] == {"id": {"S": "Fred"}}
    assert last["dynamodb"]["NewImage"] == {"id": {"S": "Fred"}, "name": {"S": "Fred"}}


@pytest.mark.parametrize(
    ("view", "images", "sizes"),
    [
        ("KEYS_ONLY", [set(), set(), set(), set()], [6, 8, 8, 6]),
        ("NEW_IMAGE", [{"NewImage"}, {"NewImage"}, set(), {"NewImage"}], [12, 16, 8, 20]),
        ("OLD_IMAGE", [set(), set(), {"OldImage"}, {"OldImage"}], [6, 8, 16, 12]),
    ],
)
def test_shows_the_images_that_were_asked_for(
    dynamodb: Any, streams: Any, make_table: MakeTable, view: str, images: list[set[str]], sizes: list[int]
) -> None:
    name, arn = streamed(dynamodb, make_table, view)

    write(dynamodb, name)

    changes = [record["dynamodb"] for record in read(streams, arn)["Records"]]
    assert [{"NewImage", "OldImage"} & set(change) for change in changes] == images
    assert [change["SizeBytes"] for change in changes] == sizes


def test_reads_on_where_it_stopped(dynamodb: Any, streams: Any, make_table: MakeTable) -> None:
    name, arn = streamed(dynamodb, make_table)
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    write(dynamodb, name)

    names, sizes = [], []
    for _ in range(3):
        answer = streams.get_records(ShardIterator=iterator, Limit=3)
        names += [record["eventName"] for record in answer["Records"]]
        sizes.append(len(answer["Records"]))
        iterator = answer["NextShardIterator"]

    assert sizes == [3, 1, 0]
    assert names == ["INSERT", "INSERT", "REMOVE", "MODIFY"]


def test_latest_is_what_comes_now(dynamodb: Any, streams: Any, make_table: MakeTable) -> None:
    name, arn = streamed(dynamodb, make_table)
    dynamodb.put_item(TableName=name, Item={"id": {"S": "before"}})

    latest = read(streams, arn, "LATEST")
    dynamodb.put_item(TableName=name, Item={"id": {"S": "after"}})

    assert latest["Records"] == []
    (record,) = streams.get_records(ShardIterator=latest["NextShardIterator"])["Records"]
    assert record["dynamodb"]["Keys"] == {"id": {"S": "after"}}


def test_begins_at_or_after_a_number(dynamodb: Any, streams: Any, make_table: MakeTable) -> None:
    name, arn = streamed(dynamodb, make_table)
    write(dynamodb, name)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in read(streams, arn)["Records"]]

    at = read(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=numbers[2])
    after = read(streams, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[2])

    assert [record["dynamodb"]["SequenceNumber"] for record in at["Records"]] == numbers[2:]
    assert [record["dynamodb"]["SequenceNumber"] for record in after["Records"]] == numbers[3:]


def test_the_end_of_a_closed_stream_has_no_next(dynamodb: Any, streams: Any, make_table: MakeTable) -> None:
    name, arn = streamed(dynamodb, make_table)
    write(dynamodb, name)

    dynamodb.delete_table(TableName=name)

    answer = read(streams, arn)
    assert len(answer["Records"]) == 4
    assert "NextShardIterator" not in answer


def test_an_answer_ends_at_a_megabyte(dynamodb: Any, streams: Any, make_table: MakeTable) -> None:
    name, arn = streamed(dynamodb, make_table, "NEW_IMAGE")
    for number in range(4):
        dynamodb.put_item(TableName=name, Item={"id": {"S": str(number)}, "x": {"S": "x" * 390_000}})

    answer = read(streams, arn)
    rest = streams.get_records(ShardIterator=answer["NextShardIterator"])

    assert (len(answer["Records"]), len(rest["Records"])) == (2, 2)


def test_refuses_what_is_no_iterator(streams: Any, refused: Refused) -> None:
    assert refused(streams.get_records, ShardIterator="abc") == ("ValidationException", "Invalid ShardIterator")


def test_refuses_more_than_a_thousand(dynamodb: Any, streams: Any, make_table: MakeTable, refused: Refused) -> None:
    _, arn = streamed(dynamodb, make_table)
    iterator = read(streams, arn)["NextShardIterator"]

    error = refused(streams.get_records, ShardIterator=iterator, Limit=1001)

    limit = "Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000"
    assert error == ("ValidationException", f"1 validation error detected: {limit}")


def test_knows_no_other_shard(dynamodb: Any, streams: Any, make_table: MakeTable, refused: Refused) -> None:
    _, arn = streamed(dynamodb, make_table)

    error = refused(
        streams.get_shard_iterator,
        StreamArn=arn,
        ShardId="shardId-00000000000000000000-00000000",
        ShardIteratorType="LATEST",
    )

    assert error[0] == "ResourceNotFoundException"
