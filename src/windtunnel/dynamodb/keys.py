"""Key values as bytes in DynamoDB's order (strings by UTF-8, numbers by magnitude, binary by unsigned bytes), and what
may be a key.

Sources: DynamoDB Developer Guide, "Core components" (sort key), "Constraints" (partition key 2 048 bytes, sort key
1 024); messages: answers of AWS recorded in dynalite's tests, and on empty values in DynamoDB Local.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence

from windtunnel.dynamodb import numbers
from windtunnel.dynamodb.errors import DynamoDBError, invalid_parameter, validation
from windtunnel.dynamodb.sizes import value_size
from windtunnel.dynamodb.values import AttributeValue, Item, value_type

MAX_HASH_KEY_SIZE = 2048
MAX_RANGE_KEY_SIZE = 1024

type KeyTypes = Sequence[tuple[str, str]]
"""Name and type (S, N or B) of the partition key, and of the sort key where there is one."""

_EMPTY_NAMES = {"S": "string", "B": "binary"}


def key_bytes(value: AttributeValue) -> bytes:
    """Order-preserving bytes of a normalised S, N or B value; values of different types are never compared."""
    if (text := value.get("S")) is not None:
        return text.encode("utf-8", "surrogatepass")  # type: ignore[no-any-return]
    if (number := value.get("N")) is not None:
        return numbers.key_bytes(number)
    return base64.b64decode(value["B"])


def partition_token(key: bytes) -> int:
    """A stable hash of a partition key, 32 bits: where a scan meets it, and which segment it is in."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=4).digest(), "big")


def check_key(key: Mapping[str, AttributeValue], types: KeyTypes) -> None:
    """A request's Key, values normalised: exactly the key's attributes, of their types, neither empty nor too long."""
    if len(key) != len(types) or any(name not in key or kind not in key[name] for name, kind in types):
        raise validation("The provided key element does not match the schema")
    _check_contents(key, types)


def check_item_keys(item: Item, types: KeyTypes) -> None:
    """The key attributes of a whole item."""
    for name, kind in types:
        value = item.get(name)
        if value is None:
            raise invalid_parameter(f"Missing the key {name} in the item")
        if kind not in value:
            raise invalid_parameter(f"Type mismatch for key {name} expected: {kind} actual: {value_type(value)}")
    _check_contents(item, types)


def check_index_keys(item: Item, types: KeyTypes, index: str) -> None:
    """What an item has of an index' key attributes; an item without one of them is not in the index."""
    for position, (name, kind) in enumerate(types):
        value = item.get(name)
        if value is None:
            continue
        if kind not in value:
            raise invalid_parameter(
                f"Type mismatch for Index Key {name} Expected: {kind} Actual: {value_type(value)} IndexName: {index}"
            )
        if not value[kind]:
            raise validation(
                "One or more parameter values are not valid. A value specified for a secondary index key is not "
                "supported. The AttributeValue for a key attribute cannot contain an empty "
                f"{_EMPTY_NAMES[kind]} value. IndexName: {index}, IndexKey: {name}"
            )
        check_length(value, is_range=position > 0)


def check_length(value: AttributeValue, *, is_range: bool) -> None:
    """Raises where a key value has more bytes than a partition key or, `is_range`, a sort key may have."""
    size = value_size(value)
    if is_range and size > MAX_RANGE_KEY_SIZE:
        raise invalid_parameter(
            f"Aggregated size of all range keys has exceeded the size limit of {MAX_RANGE_KEY_SIZE} bytes"
        )
    if not is_range and size > MAX_HASH_KEY_SIZE:
        raise invalid_parameter(f"Size of hashkey has exceeded the maximum size limit of{MAX_HASH_KEY_SIZE} bytes")


def empty_key(name: str, kind: str) -> DynamoDBError:
    """The error for an empty string or binary as a key value."""
    return validation(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        f"{_EMPTY_NAMES[kind]} value. Key: {name}"
    )


def _check_contents(item: Mapping[str, AttributeValue], types: KeyTypes) -> None:
    for position, (name, kind) in enumerate(types):
        value = item[name]
        if not value[kind]:
            raise empty_key(name, kind)
        check_length(value, is_range=position > 0)
