"""From an item, or from a request's key, to where the item is in its table or index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from windtunnel.dynamodb.errors import DynamoDBError, invalid_parameter, validation
from windtunnel.dynamodb.keys import MAX_HASH_KEY_SIZE, MAX_RANGE_KEY_SIZE, key_bytes, partition_token
from windtunnel.dynamodb.row import IndexKey, Key
from windtunnel.dynamodb.table import Index, KeySchema, Table
from windtunnel.dynamodb.values import AttributeValue, Item

EMPTY_KEY = "One or more parameter values are not valid. "
"""How the words for an empty key value begin: a transaction tells of those as itself, not as a reason."""
NO_MATCH = "The provided key element does not match the schema"
NOT_ABOVE = "Size of hashkey has exceeded the maximum size limit of2048 bytes"
RANGE_ABOVE = "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"


def partition_bytes(value: AttributeValue) -> bytes:
    """A hash key's token and bytes: the order of scans, and what is equal for equal keys only."""
    text = key_bytes(value)
    return partition_token(text).to_bytes(4, "big") + text


def key_of_item(table: Table, item: Item, *, updating: bool = False) -> Key:
    """The key of an item that is to be written. Raises ValidationException: missing, another type, empty, too long;
    the keys of the indexes likewise, where the item has them. `updating`: it is what an update makes of one."""
    key = table.key
    hash_bytes = _item_key(item, key.hash, key.hash_type, MAX_HASH_KEY_SIZE, NOT_ABOVE)
    range_bytes = b""
    if key.range is not None and key.range_type is not None:
        range_bytes = _item_key(item, key.range, key.range_type, MAX_RANGE_KEY_SIZE, RANGE_ABOVE)
    # the first by name is the one that is told of
    for name in sorted(table.indexes) if len(table.indexes) > 1 else table.indexes:
        _check_index_key(table.indexes[name], item, updating)
    return Key(partition_token(hash_bytes).to_bytes(4, "big") + hash_bytes, range_bytes)


def _item_key(item: Item, name: str, kind: str, most: int, above: str) -> bytes:
    value = item.get(name)
    if value is None:
        raise invalid_parameter(f"Missing the key {name} in the item")
    content = value.get(kind)
    if content is None:
        raise invalid_parameter(f"Type mismatch for key {name} expected: {kind} actual: {next(iter(value))}")
    if not content:
        raise _empty(name, kind)
    text = key_bytes(value)
    if len(text) > most:
        raise invalid_parameter(above)
    return text


def _empty(name: str, kind: str) -> DynamoDBError:
    what = "string" if kind == "S" else "binary"
    return validation(
        f"{EMPTY_KEY}The AttributeValue for a key attribute cannot contain an empty {what} value. Key: {name}"
    )


def _check_index_key(index: Index, item: Item, updating: bool) -> None:
    for name, kind in index.key.types.items():
        value = item.get(name)
        if value is None:
            continue
        if kind not in value:
            raise invalid_parameter(
                f"Type mismatch for Index Key {name} Expected: {kind} Actual: {next(iter(value))} "
                f"IndexName: {index.name}"
            )
        if not value[kind]:
            what = "string" if kind == "S" else "binary"
            if updating:
                raise validation(
                    f"{EMPTY_KEY}The update expression attempted to update a secondary index key to a value that is "
                    f"not supported. The AttributeValue for a key attribute cannot contain an empty {what} value."
                )
            raise validation(
                f"{EMPTY_KEY}A value specified for a secondary index key is not "
                f"supported. The AttributeValue for a key attribute cannot contain an empty {what} value. "
                f"IndexName: {index.name}, IndexKey: {name}"
            )
        most, above = (MAX_HASH_KEY_SIZE, NOT_ABOVE) if name == index.key.hash else (MAX_RANGE_KEY_SIZE, RANGE_ABOVE)
        if kind != "N" and len(value[kind]) > most and len(key_bytes(value)) > most:
            raise invalid_parameter(above)


def read_key(table: Table, key: Mapping[str, Any]) -> Key:
    """A request's Key, its values checked before. Raises ValidationException where it is not exactly the table's."""
    schema = table.key
    if len(key) != (1 if schema.range is None else 2):
        raise validation(NO_MATCH)
    hash_bytes = _key_part(key, schema.hash, schema.hash_type, MAX_HASH_KEY_SIZE, NOT_ABOVE)
    range_bytes = b""
    if schema.range is not None and schema.range_type is not None:
        range_bytes = _key_part(key, schema.range, schema.range_type, MAX_RANGE_KEY_SIZE, RANGE_ABOVE)
    return Key(partition_token(hash_bytes).to_bytes(4, "big") + hash_bytes, range_bytes)


def _key_part(key: Mapping[str, Any], name: str, kind: str, most: int, above: str) -> bytes:
    value = key.get(name)
    if value is None or (content := value.get(kind)) is None:
        raise validation(NO_MATCH)
    if not content:
        raise _empty(name, kind)
    text = key_bytes(value)
    if len(text) > most:
        raise invalid_parameter(above)
    return text


def index_key(index: Index, item: Item, key: Key) -> IndexKey | None:
    """Where an item is in an index; None where it is not in it, for want of the index's attributes."""
    schema = index.key
    hash_value = item.get(schema.hash)
    # an item that was there before the index may have them in another type, or empty
    if hash_value is None or not hash_value.get(schema.hash_type):
        return None
    range_bytes = b""
    if schema.range is not None and schema.range_type is not None:
        range_value = item.get(schema.range)
        if range_value is None or not range_value.get(schema.range_type):
            return None
        range_bytes = key_bytes(range_value)
    return IndexKey(partition_bytes(hash_value), range_bytes, key.partition, key.range)


def key_attributes(schemas: Iterable[KeySchema], item: Item) -> Item:
    """The key attributes of an item: LastEvaluatedKey, a stream record's Keys."""
    return {name: item[name] for schema in schemas for name in schema.names}


def projected(table: Table, index: Index, item: Item) -> Item:
    """What of an item is in an index."""
    if index.projection == "ALL":
        return item
    names = dict.fromkeys((*table.key.names, *index.key.names, *index.included))
    return {name: item[name] for name in names if name in item}
