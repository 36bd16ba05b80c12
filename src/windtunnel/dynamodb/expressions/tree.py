"""What expressions are parsed to: frozen, without anybody's names and values, kept by their text."""

from __future__ import annotations

from dataclasses import dataclass

type Steps = tuple[str | int, ...]
"""A document path: attribute names, or #placeholders for them, and list indexes."""


@dataclass(frozen=True, slots=True)
class Path:
    """A place in an item, as written."""

    steps: Steps


@dataclass(frozen=True, slots=True)
class Value:
    """A :placeholder."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A call. In an update, + and - are functions as well."""

    name: str
    arguments: tuple[Operand, ...]


type Operand = Path | Value | Function


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator`: =, <>, <, <=, >, >=, BETWEEN or IN; the first operand is what is compared."""

    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Not:
    condition: Node


@dataclass(frozen=True, slots=True)
class Both:
    """`operator`: AND or OR, over as many conditions as stand beside each other."""

    operator: str
    conditions: tuple[Node, ...]


type Node = Comparison | Function | Not | Both


@dataclass(frozen=True, slots=True)
class Action:
    """One action of an update. `section`: SET, REMOVE, ADD or DELETE; `operand` is None for REMOVE."""

    section: str
    path: Path
    operand: Operand | None
