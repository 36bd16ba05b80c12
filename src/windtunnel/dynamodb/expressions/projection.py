"""Projection expressions: what of an item is answered.

Source: DynamoDB Developer Guide, "Projection expressions". Of a list the chosen elements are answered in the list's
order, whatever the expression's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.expressions import parsing
from windtunnel.dynamodb.expressions.condition_grammar import CACHED
from windtunnel.dynamodb.expressions.document_path import bind_apart, check_key_paths, child
from windtunnel.dynamodb.expressions.lexer import Lexer
from windtunnel.dynamodb.expressions.placeholders import Placeholders
from windtunnel.dynamodb.expressions.tree import Path, Steps
from windtunnel.dynamodb.values import AttributeValue, Item

type Below = dict[str | int, Below]
"""What is chosen below a step; empty where all of it is."""


@dataclass(frozen=True, slots=True)
class Projection:
    """The parts of an item that are chosen."""

    paths: tuple[Steps, ...]
    tree: Below

    def apply(self, item: Item) -> Item:
        """The item's chosen parts; what it does not have is left out."""
        chosen: Item = {}
        for name, below in self.tree.items():
            assert isinstance(name, str)
            value = item.get(name)
            if value is not None and (part := _part(value, below)) is not None:
                chosen[name] = part
        return chosen

    def check_keys(self, key_names: Collection[str]) -> None:
        """Raises where it looks inside a key attribute."""
        check_key_paths(self.paths, key_names)


def parse_projection(text: str, placeholders: Placeholders) -> Projection:
    """The projection for a request."""
    try:
        paths = bind_apart(_parse(text), placeholders)
    except DynamoDBError as error:
        raise validation(f"Invalid ProjectionExpression: {error.message}") from None
    return of_paths(paths)


def of_attributes(names: Sequence[str]) -> Projection:
    """The projection that AttributesToGet means."""
    if not all(names):
        raise validation("Empty attribute name")
    if len(set(names)) != len(names):
        raise validation(
            "One or more parameter values were invalid: Duplicate value in attribute name: " + _twice(names)
        )
    return of_paths([(name,) for name in names])


def of_paths(paths: Iterable[Steps]) -> Projection:
    """The projection onto paths that are apart."""
    kept = tuple(paths)
    tree: Below = {}
    for steps in kept:
        below = tree
        for step in steps:
            below = below.setdefault(step, {})
    return Projection(kept, tree)


@lru_cache(maxsize=CACHED)
def _parse(text: str) -> tuple[Path, ...]:
    parsing.check_text(text)
    lexer = Lexer(text)
    paths = [parsing.parse_path(lexer)]
    while lexer.accept(","):
        paths.append(parsing.parse_path(lexer))
    if lexer.peek().kind != "end":
        raise lexer.error()
    for path in paths:
        parsing.check_path(path)
    return tuple(paths)


def _twice(names: Sequence[str]) -> str:
    return next(name for name in names if names.count(name) > 1)


def _part(value: AttributeValue, below: Below) -> AttributeValue | None:
    """What is chosen of a value; None where it has none of it."""
    if not below:
        return value
    if "M" in value:
        entries: Item = {}
        for step, deeper in below.items():
            inner = child(value, step)
            if inner is not None and (part := _part(inner, deeper)) is not None:
                entries[str(step)] = part
        return {"M": entries} if entries else None
    elements: list[AttributeValue] = []
    for step in sorted(below, key=lambda step: step if isinstance(step, int) else 0):
        inner = child(value, step)
        if inner is not None and (part := _part(inner, below[step])) is not None:
            elements.append(part)
    return {"L": elements} if elements else None
