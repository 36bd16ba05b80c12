"""Tags of tables: what may be one, and how many.

Messages: the ack-api-quirks catalogue of October 2026 (DDB-TABLE-442), recorded from AWS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from windtunnel.dynamodb.errors import validation

MOST = 50
ALLOWED = re.compile(r"[\w\s.:/=+\-@]*")

type Tags = dict[str, str]


def read_tags(tags: Sequence[Mapping[str, str]]) -> Tags:
    """The tags of a request. Raises DynamoDBError."""
    read: Tags = {}
    for tag in tags:
        key, value = tag["Key"], tag["Value"]
        if key.lower().startswith("aws:"):
            raise validation(f"Tag Key cannot be prefixed with aws:, Key: {key}")
        if not ALLOWED.fullmatch(key):
            raise validation(f"The Tag Key provided is invalid, Key: {key}")
        if not ALLOWED.fullmatch(value):
            raise validation(f"The Tag Value provided is invalid, Value: {value}")
        if key in read:
            raise validation(f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {key}")
        read[key] = value
    return read


def with_tags(there: Mapping[str, str], new: Mapping[str, str]) -> Tags:
    """The tags of a resource after TagResource. Raises DynamoDBError where they are too many."""
    joined = {**there, **new}
    if len(joined) > MOST:
        raise validation("Number of Tags exceed the current limit for the provided ResourceArn")
    return joined


def told_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
