"""The older update parameter AttributeUpdates: PUT, ADD and DELETE of whole attributes.

Source: DynamoDB Developer Guide, "Legacy conditional parameters" (AttributeUpdates); messages: AWS's answers as
dynalite's tests recorded them, and DynamoDB Local's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.errors import DynamoDBError, invalid_parameter, validation
from windtunnel.dynamodb.expressions.changing import WRONG_OPERAND
from windtunnel.dynamodb.expressions.operand_types import of_value
from windtunnel.dynamodb.expressions.update import TYPE_WORDS, Applied, BoundAction, Update
from windtunnel.dynamodb.values import SETS, Item, check_value, value_type

_ADDABLE = SETS | {"N", "L"}


class AttributeUpdates(Update):
    """As an update expression's actions, with the older parameter's words for a mismatch of types."""

    def apply(self, item: Item) -> Applied:
        try:
            return super().apply(item)
        except DynamoDBError as error:
            if error.message == WRONG_OPERAND:
                raise validation("Type mismatch for attribute to update") from None
            raise


def attribute_updates(updates: Mapping[str, Mapping[str, Any]]) -> Update:
    """What AttributeUpdates does to an item."""
    return AttributeUpdates(tuple([_action(name, update) for name, update in updates.items()]))


def _action(name: str, update: Mapping[str, Any]) -> BoundAction:
    action = update.get("Action") or "PUT"
    value = update.get("Value")
    if value is None:
        if action != "DELETE":
            raise invalid_parameter("Only DELETE action is allowed when no attribute value is specified")
        return BoundAction("REMOVE", (name,), None)
    checked = check_value(value)
    kind = value_type(checked)
    if action == "DELETE" and kind not in SETS:
        raise invalid_parameter(f"DELETE action with value is not supported for the type {TYPE_WORDS[kind]}")
    if action == "ADD" and kind not in _ADDABLE:
        raise invalid_parameter(f"ADD action is not supported for the type {TYPE_WORDS[kind]}")
    return BoundAction("SET" if action == "PUT" else action, (name,), of_value(checked))
