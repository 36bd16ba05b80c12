"""A table's streams as the control plane sees them: enabled with the table or later, DISABLED for a day afterwards.

A stream has one shard for its whole life, as a table with little traffic has on AWS for some hours.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from windtunnel.dynamodb.store import Store
from windtunnel.dynamodb.store_streams import MICROSECONDS
from windtunnel.dynamodb.table_document import moment

type Document = dict[str, Any]

RETENTION = 24 * 3600.0
"""Seconds that a record, and a stream that was disabled, can be read."""


def stream_label(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(now * 1000) % 1000:03d}"


def free_label(store: Store, arn: str, now: float) -> str:
    """A label that no earlier stream of the table has: two in one millisecond must not be taken for one."""
    while store.find_stream(f"{arn}/stream/{stream_label(now)}") is not None:
        now += 0.001
    return stream_label(now)


def enable_stream(store: Store, told: Document, account: str, region: str, view: str, now: float) -> None:
    """Make a stream and note it in the table's description. To be called within a transaction."""
    label = free_label(store, told["TableArn"], now)
    arn = f"{told['TableArn']}/stream/{label}"
    told["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    told["LatestStreamLabel"], told["LatestStreamArn"] = label, arn
    document = {
        "TableName": told["TableName"],
        "KeySchema": told["KeySchema"],
        "StreamLabel": label,
        "StreamViewType": view,
        "StreamStatus": "ENABLED",
        "CreationRequestDateTime": moment(now),
        "ShardId": f"shardId-{int(now * 1000):020d}-{secrets.token_hex(4)}",
        # no record of this stream has a lower one
        "StartsAt": max(store.last_sequence() + 1, int(now * MICROSECONDS)),
    }
    store.create_stream(arn, account, region, document)


def disable_stream(store: Store, told: Document, now: float) -> None:
    """Close the stream of a table. Its records can be read for a day more."""
    told.pop("StreamSpecification", None)
    close_stream(store, told["LatestStreamArn"], now)


def close_stream(store: Store, arn: str, now: float) -> None:
    document = store.find_stream(arn)
    if document is None or document["StreamStatus"] == "DISABLED":
        return
    closed: Mapping[str, Any] = {
        **document,
        "StreamStatus": "DISABLED",
        "DisabledAt": moment(now),
        "EndsAt": max(store.last_sequence(), document["StartsAt"]),
    }
    store.update_stream(arn, closed)


def forget_old_streams(store: Store, now: float) -> None:
    """Delete streams that were disabled a day ago."""
    for arn, document in store.all_streams():
        if document.get("DisabledAt", now) + RETENTION < now:
            store.delete_stream(arn)
