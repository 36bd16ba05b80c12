"""GetShardIterator."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.stream_iterator import find_stream, start


def get_shard_iterator(call: Call) -> Answer:
    arn = call.parameters["StreamArn"]
    document = find_stream(call.store, arn)
    return {"ShardIterator": start(arn, document, call.parameters, call.store, call.now).text()}
