"""Places in an item: names bound, looked up, and checked against each other.

Limits: DynamoDB Developer Guide, "Constraints" (nesting); overlap and conflict: DynamoDB Local's answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.expressions.placeholders import Placeholders
from windtunnel.dynamodb.expressions.tree import Path, Steps
from windtunnel.dynamodb.values import AttributeValue, Item

MAX_LEVELS = 32
MAX_INDEX = 2**31 - 1

type Getter = Callable[[Item], AttributeValue | None]


def bind(path: Path, placeholders: Placeholders) -> Steps:
    """The path's steps with real names; raises for unknown placeholders and for paths that are too deep."""
    steps = path.steps
    if len(steps) == 1:
        head = steps[0]
        assert isinstance(head, str)
        return (placeholders.name(head),) if head[0] == "#" else steps
    bound = tuple(placeholders.name(step) if isinstance(step, str) and step[0] in "#:" else step for step in steps)
    if len(bound) > MAX_LEVELS:
        raise validation(f"The document path has too many nesting levels; nesting levels: {len(bound)}")
    return bound


def written(steps: Steps) -> str:
    """As error messages show a path: `[a, [0], b]`."""
    return "[" + ", ".join(step if isinstance(step, str) else f"[{step}]" for step in steps) + "]"


def getter(steps: Steps) -> Getter:
    """A function that looks the path up in an item; None where there is nothing."""
    head = steps[0]
    assert isinstance(head, str)
    if len(steps) == 1:
        return lambda item: item.get(head)
    rest = steps[1:]

    def get(item: Item) -> AttributeValue | None:
        value = item.get(head)
        for step in rest:
            if value is None:
                return None
            value = child(value, step)
        return value

    return get


def child(value: AttributeValue, step: str | int) -> AttributeValue | None:
    """What a map or list has at a step; None where it has nothing, or is neither."""
    if isinstance(step, str):
        entries = value.get("M")
        return None if entries is None else entries.get(step)
    elements = value.get("L")
    return elements[step] if elements is not None and step < len(elements) else None


def check_key_paths(paths: Collection[Steps], key_names: Iterable[str], kind: str = "Key") -> None:
    """Nothing is inside a key attribute. `key_names`: of the table (`kind` Key) or an index (IndexKey), partition key
    first."""
    inner = [steps for steps in paths if len(steps) > 1]
    for name in key_names if inner else ():
        for steps in inner:
            if steps[0] == name:
                raise validation(
                    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                    f"{kind}: {name}"
                )


@dataclass(slots=True)
class Place:
    """A step that paths go through, in the order in which they come."""

    end: Steps | None = None
    """The path that ends here."""
    below: dict[str | int, Place] = field(default_factory=dict)

    def add(self, steps: Steps) -> None:
        """Raises where a path that is here already is the same, or inside (overlap), or where the one treats as a list
        what the other treats as a map (conflict)."""
        place = self
        last = len(steps) - 1
        for position, step in enumerate(steps):
            if place.below and type(next(iter(place.below))) is not type(step):
                raise _clash("conflict", steps, place)
            inner = place.below.get(step)
            if inner is None:
                inner = place.below[step] = Place()
            elif inner.end is not None or position == last:
                raise _clash("overlap", steps, inner)
            place = inner
        place.end = steps

    def first(self) -> Steps:
        """The path that came through first."""
        place = self
        while place.end is None:
            place = next(iter(place.below.values()))
        return place.end


def _clash(kind: str, one: Steps, place: Place) -> DynamoDBError:
    return validation(
        f"Two document paths {kind} with each other; must remove or rewrite one of these paths; "
        f"path one: {written(one)}, path two: {written(place.first())}"
    )


def bind_apart(paths: Sequence[Path], placeholders: Placeholders) -> list[Steps]:
    """Paths with real names, none of them the same as another or inside it. As AWS does it, from the last one on."""
    if len(paths) == 1:
        return [bind(paths[0], placeholders)]
    root = Place()
    bound = []
    for path in reversed(paths):
        steps = bind(path, placeholders)
        root.add(steps)
        bound.append(steps)
    bound.reverse()
    return bound
