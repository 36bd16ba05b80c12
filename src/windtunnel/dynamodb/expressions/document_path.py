"""Places in an item: names bound, looked up, and checked against each other.

Limits: DynamoDB Developer Guide, "Constraints" (nesting); overlap and conflict: DynamoDB Local's answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from windtunnel.dynamodb.errors import validation
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


def check_key_paths(paths: Iterable[Steps], key_names: Collection[str]) -> None:
    """Nothing is inside a key attribute. `key_names`: of the table, and of the index that is read."""
    for steps in paths:
        if len(steps) > 1 and steps[0] in key_names:
            raise validation(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                f"Key: {steps[0]}"
            )


@dataclass(slots=True)
class _Place:
    """A step that paths go through: the path that came last, whether one ends here, what is below."""

    last: Steps
    ends: bool = False
    below: dict[str | int, _Place] = field(default_factory=dict)


def check_apart(paths: Sequence[Steps]) -> None:
    """No path is another one or inside it (overlap), and none treats as a list what another treats as a map (conflict).

    Where more than two are concerned, the ones named are those that are met first from the end.
    """
    if len(paths) == 1 or (all(len(steps) == 1 for steps in paths) and len(set(paths)) == len(paths)):
        return
    root = _Place(())
    for steps in reversed(paths):
        place = root
        for step in steps:
            if place.ends:
                raise _clash("overlap", steps, place.last)
            if place.below and (kinds := {type(known) for known in place.below}) != {type(step)}:
                assert kinds
                raise _clash("conflict", steps, place.last)
            place.last = steps if place is root else place.last
            place = place.below.setdefault(step, _Place(steps))
        if place.ends or place.below:
            raise _clash("overlap", steps, place.last)
        place.ends = True


def _clash(kind: str, one: Steps, two: Steps) -> Exception:
    return validation(
        f"Two document paths {kind} with each other; must remove or rewrite one of these paths; "
        f"path one: {written(one)}, path two: {written(two)}"
    )
