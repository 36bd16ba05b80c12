"""What the actions of an update do to an item: a new item is made, of which all that is not touched is shared.

Source: DynamoDB Developer Guide, "Update expressions"; errors: DynamoDB Local's answers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from windtunnel.dynamodb import numbers
from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.expressions.hash_order import steps_met
from windtunnel.dynamodb.expressions.tree import Steps
from windtunnel.dynamodb.numbers import numeric_order
from windtunnel.dynamodb.values import SETS, AttributeValue, Item, value_type

type Change = Callable[[AttributeValue | None], AttributeValue | None]
"""From what a place holds to what it shall hold; None is nothing."""

WRONG_OPERAND = "An operand in the update expression has an incorrect data type"

_ORDERS: Mapping[str, Callable[[str], object]] = {"SS": str, "NS": numeric_order, "BS": base64.b64decode}


@dataclass(slots=True)
class Place:
    """A step of the paths that are changed: what happens there, or further down."""

    change: Change | None = None
    below: dict[str | int, Place] = field(default_factory=dict)

    def sort(self) -> None:
        """Bring the steps below into the order in which DynamoDB comes upon them."""
        self.below = {step: self.below[step] for step in steps_met(list(self.below))}
        for place in self.below.values():
            place.sort()


def wrong_operand() -> DynamoDBError:
    return validation(WRONG_OPERAND)


def wrong_path() -> DynamoDBError:
    return validation("The document path provided in the update expression is invalid for update")


def change_item(item: Item, changes: Sequence[tuple[Steps, Change]]) -> Item:
    """The item with all changes made, each seeing the item as it was. The paths are apart.

    Of several mistakes the one is told that DynamoDB comes upon first.
    """
    root = Place()
    for steps, change in reversed(changes):
        place = root
        for step in steps:
            place = place.below.setdefault(step, Place())
        place.change = change
    try:
        return _change_entries(item, root.below)
    except DynamoDBError:
        root.sort()
        return _change_entries(item, root.below)


def _change_entries(entries: Item, below: Mapping[str | int, Place]) -> Item:
    changed = dict(entries)
    for step, place in below.items():
        assert isinstance(step, str)
        value = _changed(entries.get(step), place)
        if value is not None:
            changed[step] = value
        else:
            changed.pop(step, None)
    return changed


def _change_elements(elements: list[AttributeValue], below: Mapping[str | int, Place]) -> list[AttributeValue]:
    """Places beyond the end are appended, in the order of their indexes."""
    changed: list[AttributeValue | None] = list(elements)
    for step in sorted(step for step in below if isinstance(step, int)):
        inside = step < len(elements)
        value = _changed(elements[step] if inside else None, below[step])
        if inside:
            changed[step] = value
        elif value is not None:
            changed.append(value)
    return [value for value in changed if value is not None]


def _changed(value: AttributeValue | None, place: Place) -> AttributeValue | None:
    if place.change is not None:
        return place.change(value)
    kind = "M" if isinstance(next(iter(place.below)), str) else "L"
    if value is None or kind not in value:
        raise wrong_path()
    if kind == "M":
        return {"M": _change_entries(value["M"], place.below)}
    return {"L": _change_elements(value["L"], place.below)}


# --- the changes ---------------------------------------------------------------------------------------------------


def removed(old: AttributeValue | None) -> AttributeValue | None:
    """REMOVE's change."""
    return None


def added(more: AttributeValue, old: AttributeValue | None) -> AttributeValue:
    """ADD's: a number is added to a number, sets are united; nothing counts as 0, or as the empty set."""
    if old is None:
        return more
    kind = value_type(more)
    if kind not in old:
        raise wrong_operand()
    if kind == "N":
        return {"N": numbers.add(old["N"], more["N"])}
    if kind == "L":
        return {"L": [*old["L"], *more["L"]]}
    return {kind: sorted({*old[kind], *more[kind]}, key=_ORDERS[kind])}  # type: ignore[arg-type]


def without(less: AttributeValue, old: AttributeValue | None) -> AttributeValue | None:
    """DELETE's: the set without the elements; nothing where none is left."""
    if old is None:
        return None
    kind = value_type(less)
    if kind not in old:
        raise wrong_operand()
    assert kind in SETS
    kept = [element for element in old[kind] if element not in less[kind]]
    return {kind: kept} if kept else None
