"""The names and values that a request gives for the placeholders in its expressions.

Messages, and the order of the checks, as dynalite's tests recorded them from AWS and DynamoDB Local gives them.
Limits: DynamoDB Developer Guide, "Constraints", expression parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.expressions.hash_order import in_hash_order
from windtunnel.dynamodb.sizes import text_size, value_size
from windtunnel.dynamodb.values import AttributeValue, check_value

MAX_PLACEHOLDER = 255
"""Characters, the # or : with them."""
MAX_NAME_SIZE = 65535
MAX_VALUES_SIZE = 2 * 1024 * 1024
WITH_VALUES = ("UpdateExpression", "ConditionExpression", "FilterExpression", "KeyConditionExpression")

_NAME = re.compile(r"#[A-Za-z0-9_]+")
_VALUE = re.compile(r":[A-Za-z0-9_]+")


class Placeholders:
    """Names and values, checked, and which of them the request's expressions have used so far."""

    __slots__ = ("_names", "_used_names", "_used_values", "_values")

    def __init__(self, names: Mapping[str, str] | None = None, values: Mapping[str, Any] | None = None) -> None:
        self._names = names or {}
        self._values = _checked_values(values) if values else {}
        self._used_names: set[str] = set()
        self._used_values: set[str] = set()
        for placeholder, name in self._names.items():
            _check_name(placeholder, name)

    def name(self, placeholder: str) -> str:
        """The attribute's name for a #placeholder."""
        name = self._names.get(placeholder)
        if name is None:
            raise validation(
                f"An expression attribute name used in the document path is not defined; attribute name: {placeholder}"
            )
        self._used_names.add(placeholder)
        return name

    def value(self, placeholder: str) -> AttributeValue:
        """The value for a :placeholder."""
        value = self._values.get(placeholder)
        if value is None:
            raise validation(
                f"An expression attribute value used in expression is not defined; attribute value: {placeholder}"
            )
        self._used_values.add(placeholder)
        return value

    def check_all_used(self) -> None:
        """Once all of the request's expressions are parsed."""
        kind, given, used = "Names", self._names.keys(), self._used_names
        if len(used) == len(given):
            kind, given, used = "Values", self._values.keys(), self._used_values
        if len(used) < len(given):
            unused = ", ".join(in_hash_order([key for key in given if key not in used], len(given)))
            raise validation(f"Value provided in ExpressionAttribute{kind} unused in expressions: keys: {{{unused}}}")


def of_request(
    parameters: Mapping[str, Any], *, expressions: Sequence[str], legacy: Sequence[str] = ()
) -> Placeholders:
    """The placeholders of a request.

    `expressions` and `legacy` name the operation's expression parameters and the older ones beside which they cannot
    stand, in the order in which AWS lists them ("AttributeUpdates, Expected, ConditionalOperator" for UpdateItem).
    """
    given = [name for name in expressions if parameters.get(name) is not None]
    older = [name for name in legacy if parameters.get(name)]
    if given and older:
        raise validation(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(older)}}} Expression parameters: {{{', '.join(given)}}}"
        )
    names = parameters.get("ExpressionAttributeNames")
    if names is None and parameters.get("ExpressionAttributeValues") is None:
        return Placeholders()
    able = [name for name in WITH_VALUES if name in expressions]
    # a member that an operation does not know is passed over, as any other
    values = parameters.get("ExpressionAttributeValues") if able else None
    if names is None and values is None:
        return Placeholders()
    if names and not given:
        raise validation("ExpressionAttributeNames can only be specified when using expressions")
    if names is not None and given and not names:
        raise validation("ExpressionAttributeNames must not be empty")
    _check_values_wanted(parameters, able, values)
    return Placeholders(names, values)


def _check_values_wanted(parameters: Mapping[str, Any], able: list[str], values: object) -> None:
    if values is None:
        return
    without = all(parameters.get(name) is None for name in able)
    if values and without:
        able.sort(key=lambda name: name == "KeyConditionExpression")
        raise validation(
            "ExpressionAttributeValues can only be specified when using expressions: "
            f"{' and '.join(able)} {'is' if len(able) == 1 else 'are'} null"
        )
    if not values and not without:
        raise validation("ExpressionAttributeValues must not be empty")


def _check_name(placeholder: str, name: str) -> None:
    if not _NAME.fullmatch(placeholder):
        raise validation(f'ExpressionAttributeNames contains invalid key: Syntax error; key: "{placeholder}"')
    if len(placeholder) > MAX_PLACEHOLDER:
        raise validation(
            "ExpressionAttributeNames contains invalid key: The expression attribute map contains a key that is too "
            f"long; size of key: {len(placeholder)}"
        )
    if not name:
        raise validation(f"ExpressionAttributeNames contains invalid value: Empty attribute name for key {placeholder}")
    if len(name) > MAX_NAME_SIZE // 4 and text_size(name) > MAX_NAME_SIZE:
        raise validation(
            "ExpressionAttributeNames contains invalid value: Attribute name is too large, must be less than "
            f"{MAX_NAME_SIZE + 1} bytes for key {placeholder}"
        )


def _checked_values(values: Mapping[str, Any]) -> dict[str, AttributeValue]:
    checked = {}
    for placeholder, value in values.items():
        if not _VALUE.fullmatch(placeholder):
            raise validation(f'ExpressionAttributeValues contains invalid key: Syntax error; key: "{placeholder}"')
        if len(placeholder) > MAX_PLACEHOLDER:
            raise validation(
                "ExpressionAttributeValues contains invalid key: The expression attribute map contains a key that is "
                f"too long; size of key: {len(placeholder)}"
            )
        try:
            checked[placeholder] = check_value(value)
        except DynamoDBError as error:
            if error.code != "ValidationException":
                raise
            raise validation(
                f"ExpressionAttributeValues contains invalid value: {error.message} for key {placeholder}"
            ) from None
    if _may_be_large(checked) and sum(map(value_size, checked.values())) > MAX_VALUES_SIZE:
        raise validation("ExpressionAttributeValues exceeds max size")
    return checked


def _may_be_large(values: Mapping[str, AttributeValue]) -> bool:
    """A quick no for the usual few short texts and numbers."""
    most = 0
    for value in values.values():
        for content in value.values():
            most += len(content) * 4 if type(content) is str else MAX_VALUES_SIZE
    return most > MAX_VALUES_SIZE
