"""A shard iterator: where in a stream its holder is to read on, for a quarter of an hour.

A stream has one shard; what is in it, its range and its end are worked out here from the stream's document.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.errors import DynamoDBError, resource_not_found, validation
from windtunnel.dynamodb.row import sequence_number, sequence_of
from windtunnel.dynamodb.store import Store
from windtunnel.dynamodb.store_streams import MICROSECONDS
from windtunnel.dynamodb.table_streams import RETENTION

LIFETIME = 15 * 60.0
"""Seconds that an iterator can be used (API Reference, GetShardIterator)."""
VERSION = 1


@dataclass(frozen=True, slots=True)
class Iterator:
    """Reads what comes after a sequence. `exact`: a client named the record, so it is an error when that is trimmed."""

    stream: str
    shard: str
    after: int
    made: float
    exact: bool = False

    def text(self) -> str:
        """As the client gets it."""
        inner = json.dumps([VERSION, self.shard, self.after, self.made, self.exact]).encode()
        return f"{self.stream}|{VERSION}|{base64.b64encode(inner).decode()}"

    @classmethod
    def read(cls, text: str) -> Iterator:
        """Raises ValidationException."""
        try:
            stream, _, inner = text.split("|")
            version, shard, after, made, exact = json.loads(base64.b64decode(inner, validate=True))
            if version != VERSION:
                raise ValueError(text)
            return cls(stream, str(shard), int(after), float(made), bool(exact))
        except (ValueError, TypeError, binascii.Error) as error:
            raise validation("Invalid ShardIterator") from error


def start(
    stream: str, document: Mapping[str, Any], parameters: Mapping[str, Any], store: Store, now: float
) -> Iterator:
    """The iterator that GetShardIterator asks for. Raises DynamoDBError."""
    shard, kind = parameters["ShardId"], parameters["ShardIteratorType"]
    if shard != document["ShardId"]:
        raise resource_not_found(f"Requested resource not found: Shard: {shard} in stream: {stream} not found")
    if kind == "TRIM_HORIZON":
        return Iterator(stream, shard, 0, now)
    if kind == "LATEST":
        return Iterator(stream, shard, store.last_sequence(), now)
    number = parameters.get("SequenceNumber")
    if number is None:
        raise validation(f"SequenceNumber is required when ShardIteratorType is {kind}")
    try:
        sequence = sequence_of(number)
    except ValueError as error:
        raise validation(f"Invalid SequenceNumber: {number}") from error
    if sequence < 0 or sequence > max(store.last_sequence(), document["StartsAt"]):
        raise validation(f"Invalid SequenceNumber: {number}")
    after = sequence if kind == "AFTER_SEQUENCE_NUMBER" else sequence - 1
    found = Iterator(stream, shard, after, now, exact=True)
    require_untrimmed(found, now)
    return found


def require_untrimmed(iterator: Iterator, now: float) -> None:
    """Raises TrimmedDataAccessException where the record that was named is more than a day old."""
    if iterator.exact and iterator.after + 1 < (now - RETENTION) * MICROSECONDS:
        raise DynamoDBError(
            "TrimmedDataAccessException",
            "The operation attempted to read past the oldest stream record in a shard.",
        )


def require_alive(iterator: Iterator, now: float) -> None:
    if iterator.made + LIFETIME < now:
        raise DynamoDBError("ExpiredIteratorException", "The shard iterator has expired.")


def find_stream(store: Store, arn: str) -> Mapping[str, Any]:
    """A stream's document. Raises ResourceNotFoundException."""
    document = store.find_stream(arn)
    if document is None:
        raise resource_not_found(f"Requested resource not found: Stream: {arn} not found")
    return document


def shard(document: Mapping[str, Any]) -> dict[str, Any]:
    """The one shard of a stream, as DescribeStream tells it."""
    range_ = {"StartingSequenceNumber": sequence_number(document["StartsAt"])}
    if "EndsAt" in document:
        range_["EndingSequenceNumber"] = sequence_number(document["EndsAt"])
    return {"ShardId": document["ShardId"], "SequenceNumberRange": range_}
