"""An item as the store keeps it: JSON that is ready for the wire, and its size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from windtunnel.dynamodb.sizes import item_size
from windtunnel.dynamodb.values import Item

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
_encode_ascii = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def dumps(value: Any) -> bytes:
    """JSON as it goes over the wire: UTF-8, without spaces. Half a surrogate pair, which UTF-8 has not, is escaped."""
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:
        return _encode_ascii(value).encode()


class Key(NamedTuple):
    """Where an item is in its table, in the table's order: made by item_key.py."""

    partition: bytes
    """The hash key's partition token (4 bytes) and its key bytes."""
    range: bytes
    """The range key's order-preserving bytes; b"" where the table has none."""


class IndexKey(NamedTuple):
    """Where an item is in an index: items with equal index keys are told apart by the table's key."""

    partition: bytes
    range: bytes
    table_partition: bytes
    table_range: bytes


class Row:
    """An item as it is kept. `text` is its JSON, `size` its bytes by DynamoDB's rules."""

    __slots__ = ("_item", "size", "text")

    def __init__(self, text: bytes, size: int, item: Item | None = None) -> None:
        self.text = text
        self.size = size
        self._item = item

    @property
    def item(self) -> Item:
        """The item itself, parsed when first asked for. Not to be changed in place."""
        if self._item is None:
            self._item = json.loads(self.text)
        return self._item

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Row:
        """The row of an item that was checked."""
        item = item if isinstance(item, dict) else dict(item)
        return cls(dumps(item), item_size(item), item)

    @classmethod
    def sized(cls, item: Item, size: int) -> Row:
        """The same, its size known."""
        return cls(dumps(item), size, item)


@dataclass(frozen=True, slots=True)
class Counts:
    """ItemCount and TableSizeBytes, or an index's."""

    items: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose doing a change is, where it is not a client's: a stream record's userIdentity."""

    type: str = "Service"
    id: str = "dynamodb.amazonaws.com"


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A change in a stream. `text` is GetRecords' Record as JSON; its SequenceNumber is sequence_number(sequence)."""

    sequence: int
    time: float
    text: bytes


SEQUENCE_BASE = 10**20


def sequence_number(sequence: int) -> str:
    """A sequence as the streams API writes it: 21 digits, which order as text as they do as numbers."""
    return str(SEQUENCE_BASE + sequence)


def sequence_of(number: str) -> int:
    """The inverse of sequence_number(). Raises ValueError."""
    return int(number) - SEQUENCE_BASE
