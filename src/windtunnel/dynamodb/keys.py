"""Key values as bytes in DynamoDB's order: strings by UTF-8, numbers by magnitude, binary by unsigned bytes.

Source: DynamoDB Developer Guide, "Core components" (sort key) and "Naming rules and data types": the key lengths are in
"Constraints", partition key 2 048 bytes, sort key 1 024.
"""

from __future__ import annotations

import base64
import hashlib

from windtunnel.dynamodb import numbers
from windtunnel.dynamodb.values import AttributeValue

MAX_HASH_KEY_SIZE = 2048
MAX_RANGE_KEY_SIZE = 1024


def key_bytes(value: AttributeValue) -> bytes:
    """Order-preserving bytes of a normalised S, N or B value; values of different types are never compared."""
    if (text := value.get("S")) is not None:
        return text.encode("utf-8", "surrogatepass")
    if (number := value.get("N")) is not None:
        return numbers.key_bytes(number)
    return base64.b64decode(value["B"])


def partition_token(key: bytes) -> int:
    """A stable hash of a partition key, 32 bits: where a scan meets it, and which segment it is in."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=4).digest(), "big")
