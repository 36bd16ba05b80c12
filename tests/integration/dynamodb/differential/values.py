"""Attribute values: keys from a small universe, so that operations meet; numbers, documents and sets of every kind."""

from __future__ import annotations

from typing import Any

from tests.integration.dynamodb.differential.chance import Chance
from tests.integration.dynamodb.differential.tables import INDEXED, Shape

type Value = dict[str, Any]

KEYS = {
    "S": ("a", "b", "ab", "é", "A"),
    "N": ("1", "2", "-1", "10", "1.5", "0"),
    "B": ("YQ==", "Yg==", "/w==", "YWI="),
}
STRINGS = ("a", "b", "abc", "", "é", "1")
NUMBERS = ("1", "2", "0", "-1", "3.5", "10", "1e3", "007", "-0.10", "1E-5", "12345678901234567890123456789012345678")
BINARY = ("YQ==", "YWI=", "", "/w==")
BAD: tuple[Any, ...] = (
    {"S": 1}, {"N": "x"}, {"N": ""}, {"N": "1e126"}, {"N": "1e-131"}, {"N": "1" * 39}, {"SS": []}, {"SS": ["a", "a"]},
    {"NS": ["1", "1.0"]}, {"NS": ["x"]}, {"BS": ["YQ==", "YQ=="]}, {"SS": ["a", ""]}, {"NULL": False}, {}, {"Z": "a"},
    {"S": "a", "N": "1"}, "a", {"B": "a"}, {"L": [{}]}, {"M": {"a": {"N": "x"}}}, {"BOOL": "true"}, {"NS": []},
    {"BS": []}, {"L": "a"},
)  # fmt: skip
NAMES = ("x", "y", "z", "m", "l", "t")


def key_value(chance: Chance, kind: str) -> Value:
    return {kind: chance.one(KEYS[kind])}


def key(chance: Chance, shape: Shape) -> dict[str, Value]:
    """A primary key; seldom one that is wrong."""
    made = {name: key_value(chance, kind) for name, kind in shape.keys.items()}
    if not chance.often(4):
        return made
    name = chance.one(list(made))
    wrong = chance.upto(6)
    if wrong == 0:
        del made[name]
    elif wrong == 1:
        made["x"] = {"S": "a"}
    elif wrong == 2:
        made[name] = {shape.keys[name]: ""}
    elif wrong == 3:
        made[name] = {"S": "a" * 3000}
    else:
        made[name] = chance.one(({"S": "a"}, {"N": "1"}, {"B": "YQ=="}, {"BOOL": True}, {"SS": ["a"]}, {"M": {}}))
    return made


def value(chance: Chance, depth: int = 0) -> Value:
    """Any value; documents are at most three deep."""
    kind = chance.one(("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")[: 8 if depth > 2 else 10])
    if kind == "L":
        return {"L": chance.many(lambda: value(chance, depth + 1), 3, 0)}
    if kind == "M":
        return {"M": {name: value(chance, depth + 1) for name in chance.some(("a", "b", "c"), 2, 0)}}
    if kind in ("SS", "NS", "BS"):
        pool = {"SS": ("a", "b", "c"), "NS": ("1", "2", "3.5"), "BS": ("YQ==", "Yg==", "/w==")}[kind]
        return {kind: chance.some(pool, 3)}
    if kind == "BOOL":
        return {"BOOL": chance.often(50)}
    if kind == "NULL":
        return {"NULL": True}
    return {kind: chance.one({"S": STRINGS, "N": NUMBERS, "B": BINARY}[kind])}


def any_value(chance: Chance) -> Value:
    """A value; seldom one that DynamoDB refuses."""
    made: Value = chance.one(BAD) if chance.often(2) else value(chance)
    return made


def item(chance: Chance, shape: Shape) -> dict[str, Value]:
    """An item, with keys of indexes or without."""
    made = key(chance, shape)
    for name, kind in INDEXED.items():
        if chance.often(60):
            made[name] = any_value(chance) if chance.often(3) else key_value(chance, kind)
    for name in chance.some(NAMES, 4, 0):
        made[name] = any_value(chance)
    if chance.often(1):
        made["x"] = {"S": "x" * chance.one((3500, 410_000))}
    return made
