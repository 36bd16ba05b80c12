"""GetRecords: up to 1 000 records or 1 MB of them."""

from __future__ import annotations

import json

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.store import StreamRecord
from windtunnel.dynamodb.store_streams import MICROSECONDS
from windtunnel.dynamodb.stream_iterator import Iterator, find_stream, require_alive, require_untrimmed
from windtunnel.dynamodb.table_streams import RETENTION

MOST = 1000
MOST_BYTES = 1024 * 1024


def get_records(call: Call) -> Answer:
    limit = call.parameters.get("Limit") or MOST
    if limit > MOST:
        raise validation(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            f"Member must have value less than or equal to {MOST}"
        )
    iterator = Iterator.read(call.parameters["ShardIterator"])
    document = find_stream(call.store, iterator.stream)
    require_alive(iterator, call.now)
    require_untrimmed(iterator, call.now)
    # what is older than a day is gone, whether it was swept up already or not
    after = max(iterator.after, int((call.now - RETENTION) * MICROSECONDS))
    records, more = _page(call.store.stream_records(iterator.stream, after, limit + 1), limit)
    last = records[-1].sequence if records else iterator.after
    ended = document["StreamStatus"] == "DISABLED" and not more
    parts = []
    if not ended:
        follows = Iterator(iterator.stream, iterator.shard, last, call.now)
        parts.append(b'"NextShardIterator":' + json.dumps(follows.text()).encode())
    parts.append(b'"Records":[' + b",".join(record.text for record in records) + b"]")
    return b"{" + b",".join(parts) + b"}"


def _page(found: list[StreamRecord], limit: int) -> tuple[list[StreamRecord], bool]:
    """As many as one answer takes, one at least; and whether there are more."""
    size = 0
    for index, record in enumerate(found):
        size += len(record.text)
        if index == limit or (index and size > MOST_BYTES):
            return found[:index], True
    return found, False
