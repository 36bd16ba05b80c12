"""Attribute values: the wire's own dicts with one key, checked and normalised as DynamoDB does it.

Numbers are brought to canonical text, sets are checked for duplicates and sorted, binary stays base64 text. Sources:
DynamoDB Developer Guide, "Naming rules and data types" (empty strings and binary are allowed, also in sets; empty sets
are not) and "Constraints" (32 levels); messages: answers of AWS recorded in dynalite's tests.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from windtunnel.dynamodb.errors import DynamoDBError, invalid_parameter, serialization, validation
from windtunnel.dynamodb.numbers import canonical, numeric_order
from windtunnel.dynamodb.shapes import OPAQUE, Shape
from windtunnel.dynamodb.wire_types import check_types

type AttributeValue = dict[str, Any]
"""`{"S": "x"}`, `{"N": "1"}`, `{"M": {...}}`: one key, the type."""
type Item = dict[str, AttributeValue]

MAX_NESTING = 32
"""Levels of an item: a scalar attribute is on the first, what a list or map holds is a level down from it."""
SETS = frozenset({"SS", "NS", "BS"})

_EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
_SEVERAL = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
_TOO_DEEP = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)


def check_item(item: dict[str, Any]) -> Item:
    """The item as sent, normalised; raises DynamoDBError with AWS's message."""
    checked = {}
    for name, value in item.items():
        if not name:
            raise validation("Empty attribute name")
        checked[name] = _check(value, 1)
    return checked


def check_value(value: object) -> AttributeValue:
    """One value as sent, normalised; raises DynamoDBError with AWS's message."""
    return _check(value, 1)


def check_nesting(value: AttributeValue) -> None:
    """An attribute that an update made deeper than an item may be. The words: DynamoDB Local 2026-01-16."""
    level, within = 1, [value]
    while within:
        if level > MAX_NESTING:
            raise validation("Nesting Levels have exceeded supported limits")
        below: list[AttributeValue] = []
        for each in within:
            if "M" in each:
                below.extend(each["M"].values())
            elif "L" in each:
                below.extend(each["L"])
        level, within = level + 1, below


def value_type(value: AttributeValue) -> str:
    """S, N, B, SS, NS, BS, M, L, BOOL or NULL."""
    for kind in value:
        return kind
    raise ValueError("an attribute value without a type")


def _check(value: Any, level: int) -> AttributeValue:
    if type(value) is not dict:
        raise _wrong_value(value)
    if len(value) == 1:
        for kind, content in value.items():
            if kind == "S" and type(content) is str:
                return value
            if kind == "N" and type(content) is str:
                number = canonical(content)
                return value if number == content else {"N": number}
    known = {kind: content for kind, content in value.items() if kind in _CHECKS and content is not None}
    if not known:
        raise validation(_EMPTY)
    checked = {kind: _CHECKS[kind](content, level) for kind, content in known.items()}
    if len(checked) > 1:
        raise validation(_SEVERAL)
    return checked


def _wrong_value(value: Any) -> DynamoDBError:
    if value is None:
        return validation("The supplied Item contains a null AttributeValue")
    return _complaint(_ATTRIBUTE_VALUE, value)


def _wrong_content(kind: str, content: Any) -> DynamoDBError:
    return _complaint(_SHAPES[kind], content)


def _complaint(shape: Shape, sent: Any) -> DynamoDBError:
    """What there is to say of JSON that is not of the shape."""
    try:
        check_types(shape, sent, in_list=shape is _ATTRIBUTE_VALUE)
    except DynamoDBError as error:
        found = error
    return found


# --- the types: each takes what was sent and the level it is on, and gives it normalised ---------------------------


def _string(content: Any, level: int) -> str:
    if type(content) is not str:
        raise _wrong_content("S", content)
    return content


def _number(content: Any, level: int) -> str:
    if type(content) is not str:
        raise _wrong_content("N", content)
    return canonical(content)


def _binary(content: Any, level: int) -> str:
    if type(content) is not str:
        raise _wrong_content("B", content)
    try:
        data = base64.b64decode(content, validate=True)
    except (ValueError, binascii.Error):
        raise _wrong_content("B", content) from None
    if base64.b64encode(data).decode() != content:
        raise serialization("Invalid last non-pad Base64 character dectected")
    return content


def _boolean(content: Any, level: int) -> bool:
    if type(content) is not bool:
        raise _wrong_content("BOOL", content)
    return content


def _null(content: Any, level: int) -> bool:
    if type(content) is not bool:
        raise _wrong_content("NULL", content)
    if not content:
        raise invalid_parameter("Null attribute value types must have the value of true")
    return True


def _map(content: Any, level: int) -> Item:
    if type(content) is not dict:
        raise _wrong_content("M", content)
    if content and level == MAX_NESTING:
        raise validation(_TOO_DEEP)
    checked = {}
    for name, value in content.items():
        if not name:
            raise validation("Empty attribute name")
        checked[name] = _check(value, level + 1)
    return checked


def _list(content: Any, level: int) -> list[AttributeValue]:
    if type(content) is not list:
        raise _wrong_content("L", content)
    if content and level == MAX_NESTING:
        raise validation(_TOO_DEEP)
    return [_check(value, level + 1) for value in content]


def _string_set(content: Any, level: int) -> list[str]:
    _require_strings("SS", content)
    if not content:
        raise invalid_parameter("An string set  may not be empty")
    if len(set(content)) != len(content):
        raise invalid_parameter(f"Input collection [{', '.join(content)}] contains duplicates.")
    return sorted(content)


def _number_set(content: Any, level: int) -> list[str]:
    _require_strings("NS", content)
    if not content:
        raise invalid_parameter("An number set  may not be empty")
    numbers = list(map(canonical, content))
    if len(set(numbers)) != len(numbers):
        raise validation("Input collection contains duplicates")
    return sorted(numbers, key=numeric_order)


def _binary_set(content: Any, level: int) -> list[str]:
    _require_strings("BS", content)
    for text in content:
        _binary(text, level)
    if not content:
        raise invalid_parameter("Binary sets should not be empty")
    if len(set(content)) != len(content):
        raise invalid_parameter(f"Input collection [{', '.join(content)}]of type BS contains duplicates.")
    return sorted(content, key=base64.b64decode)


def _require_strings(kind: str, content: Any) -> None:
    if type(content) is list and None in content:
        raise _NULLS[kind]()
    if type(content) is not list or not all(type(text) is str for text in content):
        raise _wrong_content(kind, content)


_NULLS: dict[str, Callable[[], DynamoDBError]] = {
    "SS": lambda: invalid_parameter("An string set may not have a null string as a member"),
    "NS": lambda: validation("The parameter cannot be converted to a numeric value"),
    "BS": lambda: invalid_parameter("Binary sets may not contain null or empty values"),
}


_CHECKS: dict[str, Callable[[Any, int], Any]] = {
    "S": _string,
    "N": _number,
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _null,
    "M": _map,
    "L": _list,
    "SS": _string_set,
    "NS": _number_set,
    "BS": _binary_set,
}

_ATTRIBUTE_VALUE = Shape("AttributeValue", OPAQUE)
_SHAPES = {
    "S": Shape("StringAttributeValue", "string"),
    "N": Shape("NumberAttributeValue", "string"),
    "B": Shape("BinaryAttributeValue", "blob"),
    "BOOL": Shape("BooleanAttributeValue", "boolean"),
    "NULL": Shape("NullAttributeValue", "boolean"),
    "M": Shape("MapAttributeValue", "map", value=_ATTRIBUTE_VALUE),
    "L": Shape("ListAttributeValue", "list", value=_ATTRIBUTE_VALUE),
    "SS": Shape("StringSetAttributeValue", "list", value=Shape("StringAttributeValue", "string")),
    "NS": Shape("NumberSetAttributeValue", "list", value=Shape("NumberAttributeValue", "string")),
    "BS": Shape("BinarySetAttributeValue", "list", value=Shape("BinaryAttributeValue", "blob")),
}
