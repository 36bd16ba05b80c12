"""ListStreams and DescribeStream. Shapes: LocalStack's snapshots of AWS (test_dynamodb.snapshot.json,
test_dynamodb_stream_stream_view_type)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]

STREAM = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}


def test_tells_of_one_shard(dynamodb: Any, streams: Any, make_table: MakeTable) -> None:
    name = make_table(StreamSpecification=STREAM)
    table = dynamodb.describe_table(TableName=name)["Table"]

    told = streams.describe_stream(StreamArn=table["LatestStreamArn"])["StreamDescription"]

    assert told.pop("CreationRequestDateTime")
    (shard,) = told.pop("Shards")
    assert 28 <= len(shard["ShardId"]) <= 65
    assert shard["SequenceNumberRange"]["StartingSequenceNumber"].isdigit()
    assert "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    assert told == {
        "StreamArn": table["LatestStreamArn"],
        "StreamLabel": table["LatestStreamLabel"],
        "StreamStatus": "ENABLED",
        "StreamViewType": "KEYS_ONLY",
        "TableName": name,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }


def test_there_are_no_shards_after_the_one(dynamodb: Any, streams: Any, make_table: MakeTable) -> None:
    arn = dynamodb.describe_table(TableName=make_table(StreamSpecification=STREAM))["Table"]["LatestStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]

    told = streams.describe_stream(StreamArn=arn, ExclusiveStartShardId=shard["ShardId"])

    assert told["StreamDescription"]["Shards"] == []


def test_a_deleted_tables_stream_ends_and_stays(dynamodb: Any, streams: Any, make_table: MakeTable) -> None:
    name = make_table(StreamSpecification=STREAM)
    arn = dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]

    dynamodb.delete_table(TableName=name)

    told = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert told["StreamStatus"] == "DISABLED"
    range_ = told["Shards"][0]["SequenceNumberRange"]
    assert int(range_["EndingSequenceNumber"]) >= int(range_["StartingSequenceNumber"])


def test_knows_no_other_stream(streams: Any, account: str, refused: Refused) -> None:
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/nothere/stream/2026-01-01T00:00:00.000"

    error = refused(streams.describe_stream, StreamArn=arn)

    assert error == ("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")


def test_lists_by_table_and_in_pages(dynamodb: Any, streams: Any, make_table: MakeTable) -> None:
    names = [make_table(StreamSpecification=STREAM) for _ in range(3)]

    first = streams.list_streams(Limit=2)
    second = streams.list_streams(ExclusiveStartStreamArn=first["LastEvaluatedStreamArn"])
    of_one = streams.list_streams(TableName=names[1])

    assert [entry["TableName"] for entry in first["Streams"] + second["Streams"]] == names
    assert "LastEvaluatedStreamArn" not in second
    (entry,) = of_one["Streams"]
    table = dynamodb.describe_table(TableName=names[1])["Table"]
    assert (entry["StreamArn"], entry["StreamLabel"]) == (table["LatestStreamArn"], table["LatestStreamLabel"])
