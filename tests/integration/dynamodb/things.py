"""A table for the tests of operations on items: keys of two parts, and an index of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]
type Item = dict[str, dict[str, Any]]

INVALID = "One or more parameter values were invalid: "
EMPTY = "One or more parameter values are not valid. "


def strings(**values: str) -> Item:
    """An item, or a key, of strings."""
    return {name: {"S": value} for name, value in values.items()}


def schema(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def make_things(make_table: MakeTable, **overrides: Any) -> str:
    """`id` and `sort`; local indexes by `at` (all) and by `size` (keys only); global by `kind` and `sort` (with
    `name`) and by `owner` (all)."""
    names = ("id", "sort", "at", "size", "kind", "owner")
    return make_table(
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=schema("id", "sort"),
        LocalSecondaryIndexes=[
            {"IndexName": "by-at", "KeySchema": schema("id", "at"), "Projection": {"ProjectionType": "ALL"}},
            {"IndexName": "by-size", "KeySchema": schema("id", "size"), "Projection": {"ProjectionType": "KEYS_ONLY"}},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-kind",
                "KeySchema": schema("kind", "sort"),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["name"]},
            },
            {"IndexName": "by-owner", "KeySchema": schema("owner"), "Projection": {"ProjectionType": "ALL"}},
        ],
        **overrides,
    )


def put_all(dynamodb: Any, table: str, *items: Item) -> None:
    for item in items:
        dynamodb.put_item(TableName=table, Item=item)
