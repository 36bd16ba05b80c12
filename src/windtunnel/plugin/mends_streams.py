"""What LocalStack 4.14.0 loses of a DynamoDB stream on its way to a function: whose doing a record is, and how far a
mapping had come when its process ended."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from windtunnel.plugin.localstack import DynamoDBPoller

VARIABLE = "WINDTUNNEL_SNAPSHOT_DIR"
"""Where the backplane's state is kept, and the checkpoints beside it. Where it is not set, there are none."""


def mend_streams() -> None:
    """Every mend of this file."""
    mend_identity()
    if folder := os.environ.get(VARIABLE):
        mend_position(Checkpoints(Path(folder) / "checkpoints"))


def mend_identity() -> None:
    """A record that is the service's own doing says so: `userIdentity`, by which functions tell expired items.

    Developer Guide, "DynamoDB Streams and Time to Live"; filters see it as well.
    """
    unmended = DynamoDBPoller.transform_into_events

    @functools.wraps(unmended)
    def transform_into_events(self: Any, records: list[dict[str, Any]], shard_id: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = unmended(self, records, shard_id)
        for event, record in zip(events, records, strict=True):
            if identity := record.get("userIdentity"):
                event["userIdentity"] = {"principalId": identity["PrincipalId"], "type": identity["Type"]}
        return events

    DynamoDBPoller.transform_into_events = transform_into_events


class Checkpoints:
    """The sequence number up to which each mapping has done each shard, a file a mapping."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, mapping: str) -> Mapping[str, str]:
        """By shard; empty where there is none, or where it is damaged."""
        try:
            read: dict[str, str] = json.loads((self._folder / f"{mapping}.json").read_text())
        except (OSError, ValueError):
            return {}
        return read

    def write(self, mapping: str, shard: str, number: str) -> None:
        """Replace a mapping's file in one step."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"{mapping}.new"
        draft.write_text(json.dumps({**self.read(mapping), shard: number}))
        draft.replace(self._folder / f"{mapping}.json")


def mend_position(checkpoints: Checkpoints) -> None:
    """A mapping goes on where it was, not where it once began: as on AWS, whatever became of its process."""
    initialize, forward = DynamoDBPoller.initialize_shards, DynamoDBPoller.forward_events_to_target

    @functools.wraps(initialize)
    def initialize_shards(self: Any) -> dict[str, str]:
        shards: dict[str, str] = initialize(self)
        done = checkpoints.read(self.esm_uuid) if self.esm_uuid else {}
        for shard in shards.keys() & done.keys():
            try:
                shards[shard] = self.source_client.get_shard_iterator(
                    StreamArn=self.source_arn,
                    ShardId=shard,
                    ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                    SequenceNumber=done[shard],
                )["ShardIterator"]
            except ClientError as error:
                # a day later there is nothing before what is still there
                if error.response["Error"]["Code"] != "TrimmedDataAccessException":
                    raise
        return shards

    @functools.wraps(forward)
    def forward_events_to_target(self: Any, shard_id: str, records: list[dict[str, Any]]) -> None:
        forward(self, shard_id, records)
        # a mapping that was told to end amid its retries has not done what it gave up
        if records and self.esm_uuid and not self._is_shutdown.is_set():
            checkpoints.write(self.esm_uuid, shard_id, self.get_sequence_number(records[-1]))

    DynamoDBPoller.initialize_shards = initialize_shards
    DynamoDBPoller.forward_events_to_target = forward_events_to_target
