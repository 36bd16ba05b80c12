"""What a PartiQL statement asks for. Conditions and changes are the texts of DynamoDB's own expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_PLACEHOLDER = re.compile(r"[#:]\w+")
_FIRST = re.compile(r"(?<![.\w])#\w+")
"""A name that no path leads to."""

type Path = tuple[str | int, ...]
"""Names and list positions from an item inwards."""


@dataclass(frozen=True, slots=True)
class Test:
    """One of the conditions that a WHERE joins with AND."""

    text: str
    """As a condition expression."""
    name: str | None = None
    """The attribute that is compared with values, where that is all there is to it."""
    operator: str = ""
    """=, <, <=, >, >=, BETWEEN, IN, begins_with."""
    values: tuple[str, ...] = ()
    """Their placeholders."""


@dataclass(frozen=True, slots=True)
class Placeholders:
    """The names and values that a statement's texts speak of."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def of(self, texts: Iterable[str]) -> dict[str, Any]:
        """ExpressionAttributeNames and ExpressionAttributeValues for some of the texts."""
        used = {found for text in texts for found in _PLACEHOLDER.findall(text)}
        answer: dict[str, Any] = {}
        names = {key: name for key, name in self.names.items() if key in used}
        values = {key: value for key, value in self.values.items() if key in used}
        if names:
            answer["ExpressionAttributeNames"] = names
        if values:
            answer["ExpressionAttributeValues"] = values
        return answer

    def attributes(self, text: str) -> list[str]:
        """The top-level attributes that a text speaks of."""
        return [self.names[found] for found in _FIRST.findall(text)]


@dataclass(frozen=True, slots=True)
class Select:
    table: str
    index: str | None
    paths: tuple[Path, ...] | None
    """None: the whole item."""
    where: tuple[Test, ...]
    order: tuple[tuple[str, bool], ...]
    """Attributes, and whether they go down."""
    placeholders: Placeholders


@dataclass(frozen=True, slots=True)
class Insert:
    table: str
    item: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    table: str
    changes: Mapping[str, tuple[str, ...]]
    """The clauses of an update expression: SET, REMOVE, ADD, DELETE."""
    where: tuple[Test, ...]
    returning: str | None
    """ReturnValues: ALL_OLD, UPDATED_NEW, …"""
    placeholders: Placeholders

    @property
    def expression(self) -> str:
        return " ".join(f"{clause} {', '.join(parts)}" for clause, parts in self.changes.items())


@dataclass(frozen=True, slots=True)
class Delete:
    table: str
    where: tuple[Test, ...]
    returning: str | None
    placeholders: Placeholders


@dataclass(frozen=True, slots=True)
class Exists:
    """A transaction's condition on an item that it does not change."""

    select: Select


type Statement = Select | Insert | Update | Delete | Exists
