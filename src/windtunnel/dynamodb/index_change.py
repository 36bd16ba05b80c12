"""What a write changes in an index, and the sizes of the writes that this is."""

from __future__ import annotations

from windtunnel.dynamodb.item_key import index_key, projected
from windtunnel.dynamodb.row import IndexKey, Key, Row
from windtunnel.dynamodb.table import Index, Table

IndexChange = tuple[Index, IndexKey | None, IndexKey | None, Row | None, Row | None]
"""Where an item is in an index before a write and after it, and its entry before and after; None where it is not there.

A plain tuple: a named one costs the write of an item half a percent more.
"""


def index_change(table: Table, index: Index, key: Key, old: Row | None, new: Row | None) -> IndexChange | None:
    """What a write of `new` in the place of `old` is to an index; None where the item is not in it before or after."""
    old_key = index_key(index, old.item, key) if old else None
    if old is not None and new is not None and _same_keys(index, old, new):
        new_key = old_key  # as of most writes; making it costs more than all of the rest
    else:
        new_key = index_key(index, new.item, key) if new else None
    if old_key is None and new_key is None:
        return None
    if index.projection == "ALL":
        return index, old_key, new_key, old if old_key else None, new if new_key else None
    return (
        index,
        old_key,
        new_key,
        index_entry(table, index, old) if old and old_key else None,
        index_entry(table, index, new) if new and new_key else None,
    )


def _same_keys(index: Index, old: Row, new: Row) -> bool:
    schema, was, is_ = index.key, old.item, new.item
    if was.get(schema.hash) != is_.get(schema.hash):
        return False
    return schema.range is None or was.get(schema.range) == is_.get(schema.range)


def written_sizes(change: IndexChange) -> tuple[int, ...]:
    """Of what is written to an index: nothing where the entry stays as it is, two where it moves (deleted, and put).

    Source: Developer Guide, "Provisioned throughput considerations for global secondary indexes".
    """
    _, old_key, new_key, before, after = change
    if before is not None and after is not None and old_key == new_key:
        # of the same attributes in another order nothing is written
        same = before.text == after.text or before.item == after.item
        return () if same else (max(before.size, after.size),)
    return tuple(entry.size for entry in (before, after) if entry is not None)


def index_entry(table: Table, index: Index, row: Row) -> Row:
    """What an index keeps of an item."""
    if index.projection == "ALL":
        return row
    return Row.of(projected(table, index, row.item))
