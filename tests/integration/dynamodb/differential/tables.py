"""The tables that operations are generated for: a hash key alone or with a range key, of every type, and indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.integration.dynamodb.things import schema

INDEXED = {"s": "S", "n": "N", "b": "B"}
"""Attributes that are indexes' keys, and their types."""
LOCAL = {"local-n": ("n", "ALL"), "local-b": ("b", "KEYS_ONLY")}
GLOBAL = {"global-sn": (("s", "n"), "INCLUDE"), "global-n": (("n",), "ALL"), "global-b": (("b",), "KEYS_ONLY")}


@dataclass(frozen=True)
class Shape:
    """A table's keys by their types: `k`, and `r` where there is a range key."""

    hash: str
    range: str | None

    @property
    def name(self) -> str:
        return f"table-{self.hash}-{self.range or 'alone'}"

    @property
    def keys(self) -> dict[str, str]:
        return {"k": self.hash} | ({"r": self.range} if self.range else {})

    def indexes(self) -> dict[str | None, dict[str, str]]:
        """The key of the table and of every index, by the index' name."""
        local: dict[str | None, dict[str, str]] = {}
        if self.range:
            local = {name: {"k": self.hash, at: INDEXED[at]} for name, (at, _) in LOCAL.items()}
        far: dict[str | None, dict[str, str]] = {
            name: {at: INDEXED[at] for at in key} for name, (key, _) in GLOBAL.items()
        }
        return {None: self.keys, **local, **far}

    def definition(self) -> dict[str, Any]:
        """CreateTable's parameters."""
        types = self.keys | INDEXED
        made: dict[str, Any] = {
            "TableName": self.name,
            "KeySchema": schema(*self.keys),
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [
                {"IndexName": name, "KeySchema": schema(*key), "Projection": _projection(kind)}
                for name, (key, kind) in GLOBAL.items()
            ],
        }
        if self.range:
            made["LocalSecondaryIndexes"] = [
                {"IndexName": name, "KeySchema": schema("k", at), "Projection": _projection(kind)}
                for name, (at, kind) in LOCAL.items()
            ]
        return made | {
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]
        }


def _projection(kind: str) -> dict[str, Any]:
    return {"ProjectionType": kind} | ({"NonKeyAttributes": ["x", "y"]} if kind == "INCLUDE" else {})


SHAPES = tuple(Shape(key, range_) for key in "SNB" for range_ in (None, "S", "N", "B"))
