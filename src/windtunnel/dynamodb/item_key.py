"""From an item, or from a request's key, to where the item is in its table or index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.store import Key


def key_of_item(table: Table, item: Mapping[str, Any]) -> Key:
    """The key of an item that is to be written. Raises ValidationException: missing, of another type, empty, too long."""
    raise NotImplementedError


def read_key(table: Table, key: Any) -> Key:
    """A request's Key. Raises ValidationException where it is not exactly the table's key attributes, of their types."""
    raise NotImplementedError
