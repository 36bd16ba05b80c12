"""Reading single items, and what of them is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.call import Call
from windtunnel.dynamodb.capacity import read_units
from windtunnel.dynamodb.expressions.placeholders import Placeholders
from windtunnel.dynamodb.expressions.projection import Projection, of_attributes, parse_projection
from windtunnel.dynamodb.row import Key, Row
from windtunnel.dynamodb.table import Table


def read_projection(parameters: Mapping[str, Any], placeholders: Placeholders) -> Projection | None:
    """ProjectionExpression, or AttributesToGet; None: the whole item."""
    text = parameters.get("ProjectionExpression")
    if text is not None:
        return parse_projection(text, placeholders)
    names = parameters.get("AttributesToGet")
    if names is not None:
        return of_attributes(names)
    return None


def read_item(call: Call, table: Table, key: Key, *, consistent: bool, transactional: bool = False) -> Row | None:
    """An item as a read sees it: with lag on, an eventually consistent one may see what was before.

    Raises ProvisionedThroughputExceededException where that is on.
    """
    row = call.store.get(table, key)
    life = call.life
    if life is None:
        return row
    if life.lags and not consistent and not transactional:
        unseen = life.unseen(table)
        if key in unseen:
            row = unseen[key]
    call.take_reads(table, None, key.partition, read_units(row.size if row else 0, consistent, transactional))
    return row
