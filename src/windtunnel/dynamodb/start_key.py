"""ExclusiveStartKey: where a Query or a Scan goes on.

The order of the checks and their words: answers of AWS recorded in dynalite's test/query.js and test/scan.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.item_key import index_key, read_key
from windtunnel.dynamodb.row import IndexKey, Key
from windtunnel.dynamodb.table import Index, Table
from windtunnel.dynamodb.values import check_item

INVALID = "The provided starting key is invalid"


def read_start_key(table: Table, index: Index | None, given: Mapping[str, Any] | None) -> Key | IndexKey | None:
    """None where the request begins at the beginning. Raises ValidationException."""
    if given is None:
        return None
    try:
        start = check_item(dict(given))
    except DynamoDBError as error:
        if error.code != "ValidationException":
            raise
        raise validation(f"{INVALID}: {error.message}") from error
    names = set(table.key.names) | set(index.key.names if index else ())
    if set(start) != names:
        raise validation(INVALID if index else f"{INVALID}: The provided key element does not match the schema")
    try:
        key = read_key(table, {name: start[name] for name in table.key.names})
    except DynamoDBError as error:
        raise validation(f"{INVALID}: {error.message}") from error
    if index is None:
        return key
    found = index_key(index, start, key)
    if found is None:
        raise validation("The provided key element does not match the schema")
    return found
