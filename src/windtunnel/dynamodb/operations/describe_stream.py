"""DescribeStream: of one shard."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.stream_iterator import find_stream, shard


def describe_stream(call: Call) -> Answer:
    arn = call.parameters["StreamArn"]
    document = find_stream(call.store, arn)
    only = shard(document)
    # the shards after the one that is named, and the children of one: there are none
    past = call.parameters.get("ExclusiveStartShardId") == only["ShardId"] or call.parameters.get("ShardFilter")
    told = ("StreamLabel", "StreamStatus", "StreamViewType", "CreationRequestDateTime", "TableName", "KeySchema")
    return {
        "StreamDescription": {
            "StreamArn": arn,
            **{name: document[name] for name in told},
            "Shards": [] if past else [only],
        }
    }
