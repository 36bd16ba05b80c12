"""The older condition parameters: Expected, QueryFilter, ScanFilter, KeyConditions, and ConditionalOperator.

Source: DynamoDB Developer Guide, "Legacy conditional parameters"; messages: AWS's answers as dynalite's tests recorded
them, and DynamoDB Local's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from windtunnel.dynamodb.errors import DynamoDBError, invalid_parameter, validation
from windtunnel.dynamodb.expressions import comparing
from windtunnel.dynamodb.expressions.condition import Condition, Test, combine, comparison_test, function_test
from windtunnel.dynamodb.expressions.key_condition import KeyCondition, KeyTerm, of_terms
from windtunnel.dynamodb.expressions.operand_types import Bound, of_value
from windtunnel.dynamodb.keys import KeyTypes
from windtunnel.dynamodb.values import AttributeValue, Item, check_value, value_type

OPERATORS = {
    "EQ": "=",
    "NE": "<>",
    "LE": "<=",
    "LT": "<",
    "GE": ">=",
    "GT": ">",
    "BETWEEN": "BETWEEN",
    "IN": "IN",
    "BEGINS_WITH": "begins_with",
    "CONTAINS": "contains",
    "NOT_CONTAINS": "NOT contains",
    "NULL": "attribute_not_exists",
    "NOT_NULL": "attribute_exists",
}
"""To what an expression says instead."""
_COUNTS = {"NULL": (0, 0), "NOT_NULL": (0, 0), "BETWEEN": (2, 2), "IN": (1, 100)}
_ORDERED = frozenset({"S", "N", "B"})
_TYPES: Mapping[str, Collection[str]] = {
    "LE": _ORDERED,
    "LT": _ORDERED,
    "GE": _ORDERED,
    "GT": _ORDERED,
    "BETWEEN": _ORDERED,
    "IN": _ORDERED,
    "BEGINS_WITH": frozenset({"S", "B"}),
    "CONTAINS": frozenset({"S", "N", "B", "BOOL", "NULL"}),
    "NOT_CONTAINS": frozenset({"S", "N", "B", "BOOL", "NULL"}),
}
"""What an operator can be given; all types where it is not here."""
_NOT_A_KEY = frozenset({"contains", "NOT contains", "IN", "<>", "attribute_exists", "attribute_not_exists"})


def expected(conditions: Mapping[str, Mapping[str, Any]], operator: str | None = None) -> Condition:
    """What Expected, with ConditionalOperator, asks of the item."""
    _check_operator(conditions, operator)
    return _condition({name: _of_expected(name, entry) for name, entry in conditions.items()}, operator)


def filter_conditions(conditions: Mapping[str, Mapping[str, Any]], operator: str | None = None) -> Condition:
    """What QueryFilter or ScanFilter, with ConditionalOperator, asks of an item."""
    _check_operator(conditions, operator)
    return _condition({name: _of_filter(entry) for name, entry in conditions.items()}, operator)


def check_filter_keys(names: Collection[str], key_names: Collection[str]) -> None:
    """A QueryFilter does not name key attributes of what is queried."""
    for name in names:
        if name in key_names:
            raise validation(f"QueryFilter can only contain non-primary key attributes: Primary key attribute: {name}")


def key_conditions(conditions: Mapping[str, Mapping[str, Any]], types: KeyTypes) -> KeyCondition:
    """What KeyConditions asks of a table's or index' key."""
    if not conditions:
        raise validation("Conditions must be at least length 1")
    terms = []
    for name, condition in conditions.items():
        operator, values = _of_filter(condition)
        if not values:
            role = "Hash" if name == types[0][0] else "Range"
            raise validation(f"Only scalar types can be used as {role} Key values")
        terms.append(KeyTerm(name, OPERATORS[operator], tuple(values)))
    checked = of_terms(terms, types)
    if checked.range is not None and checked.range.operator in _NOT_A_KEY:
        raise validation("Attempted conditional constraint is not an indexable operation")
    return checked


def _check_operator(conditions: Mapping[str, Any], operator: str | None) -> None:
    if operator is None:
        return
    if not conditions:
        raise validation("ConditionalOperator cannot be used without Filter or Expected")
    if len(conditions) == 1:
        raise validation("ConditionalOperator can only be used when Filter or Expected has two or more elements")


def _check_expected(name: str, condition: Mapping[str, Any]) -> None:
    """Which of its members go together."""
    operator, exists = condition.get("ComparisonOperator"), condition.get("Exists")
    value, values = condition.get("Value"), condition.get("AttributeValueList")
    if operator is not None and exists is not None:
        raise _misused("Exists and ComparisonOperator cannot be used together", name)
    if value is not None and values is not None:
        raise _misused("Value and AttributeValueList cannot be used together", name)
    if operator is not None:
        if value is None and values is None and operator not in ("NULL", "NOT_NULL"):
            raise _misused(f"Value or AttributeValueList must be used with ComparisonOperator: {operator}", name)
    elif values is not None:
        raise _misused("AttributeValueList can only be used with a ComparisonOperator", name)
    elif exists is False:
        if value is not None:
            raise _misused("Value cannot be used when Exists is false", name)
    elif value is None:
        raise _misused(f"Value must be provided when Exists is {'null' if exists is None else 'true'}", name)


def _misused(message: str, name: str) -> DynamoDBError:
    return invalid_parameter(f"{message} for Attribute: {name}")


type Checked = tuple[str, list[AttributeValue]]
"""Operator and values, normalised."""


def _of_expected(name: str, condition: Mapping[str, Any]) -> Checked:
    _check_expected(name, condition)
    if condition.get("ComparisonOperator") is not None:
        value = condition.get("Value")
        return _of_filter(condition if value is None else {**condition, "AttributeValueList": [value]})
    if condition.get("Exists") is False:
        return "NULL", []
    return "EQ", [check_value(condition["Value"])]


def _of_filter(condition: Mapping[str, Any]) -> Checked:
    operator = condition["ComparisonOperator"]
    values = [check_value(value) for value in condition.get("AttributeValueList") or ()]
    least, most = _COUNTS.get(operator, (1, 1))
    if not least <= len(values) <= most:
        raise invalid_parameter(f"Invalid number of argument(s) for the {operator} ComparisonOperator")
    for value in values:
        kind = value_type(value)
        if operator in _TYPES and kind not in _TYPES[operator]:
            raise invalid_parameter(f"ComparisonOperator {operator} is not valid for {kind} AttributeValue type")
        if kind not in values[0]:
            raise invalid_parameter("AttributeValues inside AttributeValueList must be of same type")
    if operator == "BETWEEN" and comparing.in_order(lambda low, high: low > high, values[0], values[1]):
        raise validation(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )
    return operator, values


def _condition(conditions: Mapping[str, Checked], operator: str | None) -> Condition:
    tests = [_test(name, asked, values) for name, (asked, values) in conditions.items()]
    paths = tuple([(name,) for name in conditions])
    return Condition(tests[0] if len(tests) == 1 else combine(operator or "AND", tests), paths)


def _test(name: str, operator: str, values: Sequence[AttributeValue]) -> Test:
    operands = (Bound((name,)), *map(of_value, values))
    meant = OPERATORS[operator]
    if meant == "NOT contains":
        return _without(name, function_test("contains", operands))
    if operator in ("BEGINS_WITH", "CONTAINS", "NULL", "NOT_NULL"):
        return function_test(meant, operands)
    return comparison_test(meant, operands)


def _without(name: str, contains: Callable[[Item], bool]) -> Test:
    """NOT_CONTAINS is false for an attribute that is not there."""
    return lambda item: name in item and not contains(item)
