"""Update expressions: bound to a request's names and values, applied to items.

Source: DynamoDB Developer Guide, "Update expressions". The order in which mistakes are found (sections from the end:
first the paths, then whether they are apart, then the operands) is DynamoDB Local's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from windtunnel.dynamodb import numbers
from windtunnel.dynamodb.errors import DynamoDBError, invalid_parameter, validation
from windtunnel.dynamodb.expressions import operand_types, parsing
from windtunnel.dynamodb.expressions.changing import (
    Change,
    added,
    change_item,
    removed,
    without,
    wrong_operand,
)
from windtunnel.dynamodb.expressions.document_path import bind, bind_apart, check_key_paths, getter
from windtunnel.dynamodb.expressions.operand_types import Bound
from windtunnel.dynamodb.expressions.placeholders import Placeholders
from windtunnel.dynamodb.expressions.projection import of_paths
from windtunnel.dynamodb.expressions.tree import Action, Operand, Path, Steps, Value
from windtunnel.dynamodb.expressions.update_grammar import ARITHMETIC, UpdateTree, parse
from windtunnel.dynamodb.values import SETS, AttributeValue, Item

TYPE_WORDS = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "SS": "STRING_SET",
    "NS": "NUMBER_SET",
    "BS": "BINARY_SET",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
    "L": "LIST",
    "M": "MAP",
}


@dataclass(frozen=True, slots=True)
class BoundAction:
    """One action with its names and values."""

    section: str
    """SET, REMOVE, ADD or DELETE."""
    path: Steps
    operand: Bound | None


@dataclass(frozen=True, slots=True)
class Applied:
    """What an update made of an item."""

    item: Item
    changed: tuple[Steps, ...]
    """The places that the update names, in the order of its text."""

    def updated_old(self, old: Item) -> Item:
        """What UPDATED_OLD answers: the named places as they were."""
        return of_paths(self.changed).apply(old)

    def updated_new(self) -> Item:
        """What UPDATED_NEW answers: the named places as they are now."""
        return of_paths(self.changed).apply(self.item)


@dataclass(frozen=True, slots=True)
class Update:
    """An update that can be made to an item."""

    actions: tuple[BoundAction, ...]

    def apply(self, item: Item) -> Applied:
        """The updated item; `item` is not changed. Raises what only the item can show: types, missing attributes."""
        changes = [(action.path, _change(action, item)) for action in self.actions]
        return Applied(change_item(item, changes), tuple([action.path for action in self.actions]))

    @property
    def paths(self) -> tuple[Steps, ...]:
        """The places that it changes or looks at."""
        operands = [action.operand for action in self.actions if action.operand is not None]
        return (*[action.path for action in self.actions], *operand_types.paths_of(operands))

    def check_keys(self, key_names: Collection[str]) -> None:
        """Raises where it would change the table's key, or looks inside a key attribute."""
        for action in self.actions:
            if action.path[0] in key_names:
                raise invalid_parameter(f"Cannot update attribute {action.path[0]}. This attribute is part of the key")
        check_key_paths(self.paths, key_names)


def parse_update(text: str, placeholders: Placeholders) -> Update:
    """The update for a request."""
    try:
        return Update(_bind_actions(parse(text), placeholders))
    except DynamoDBError as error:
        raise validation(f"Invalid UpdateExpression: {error.message}") from None


def _bind_actions(tree: UpdateTree, placeholders: Placeholders) -> tuple[BoundAction, ...]:
    actions = tree.actions
    paths = bind_apart([action.path for action in actions], placeholders)
    bound = [
        BoundAction(action.section, path, _bind_operand(action, placeholders))
        for action, path in zip(reversed(actions), reversed(paths), strict=True)
    ]
    bound.reverse()
    parsing.check_operator_count(tree.operators)
    return tuple(bound)


def _bind_operand(action: Action, placeholders: Placeholders) -> Bound | None:
    if action.operand is None:
        return None
    operand = _bind(action.operand, placeholders)
    kind = operand.type
    if action.section in ("ADD", "DELETE") and kind not in SETS and not (action.section == "ADD" and kind == "N"):
        raise validation(
            f"Incorrect operand type for operator or function; operator: {action.section}, "
            f"operand type: {TYPE_WORDS[kind or '']}, typeSet: ALLOWED_FOR_{action.section}_OPERAND"
        )
    return operand


def _bind(operand: Operand, placeholders: Placeholders) -> Bound:
    if isinstance(operand, Value):
        return operand_types.of_value(placeholders.value(operand.name))
    if isinstance(operand, Path):
        return Bound(bind(operand, placeholders))
    name = operand.name
    arguments = tuple([_bind(argument, placeholders) for argument in operand.arguments])
    if name in ARITHMETIC:
        for argument in arguments:
            if argument.type not in (None, "N"):
                raise operand_types.wrong_type(name, argument.type or "")
        return Bound(None, None, "N", name, arguments)
    return Bound(None, None, operand_types.check_function(name, arguments), name, arguments)


# --- on an item ----------------------------------------------------------------------------------------------------


def _change(action: BoundAction, item: Item) -> Change:
    operand = action.operand
    if operand is None:
        return removed
    if action.section == "SET":
        return lambda old: _evaluate(operand, item)
    assert operand.value is not None
    return partial(added if action.section == "ADD" else without, operand.value)


def _evaluate(operand: Bound, item: Item) -> AttributeValue:
    """What an operand is for an item; an attribute that is not there has no value to give."""
    if operand.value is not None:
        return operand.value
    if operand.path is not None:
        value = getter(operand.path)(item)
        if value is None:
            raise validation("The provided expression refers to an attribute that does not exist in the item")
        return value
    if operand.function == "if_not_exists":
        place, default = operand.arguments
        assert place.path is not None
        otherwise = _evaluate(default, item)  # needed or not, it has to be there
        found = getter(place.path)(item)
        return found if found is not None else otherwise
    kind = "L" if operand.function == "list_append" else "N"
    sides = []
    for argument in operand.arguments:
        side = _evaluate(argument, item)
        if kind not in side:
            raise wrong_operand()
        sides.append(side)
    left, right = sides
    if kind == "L":
        return {"L": [*left["L"], *right["L"]]}
    calculate = numbers.add if operand.function == "+" else numbers.subtract
    return {"N": calculate(left["N"], right["N"])}
