"""Is a request of the form that DynamoDB takes? Complaints are in AWS's words and order, at most ten at a time.

First come the types of what was sent (SerializationException, the first one only), then the constraints
(ValidationException, "2 validation errors detected: …"). Attribute values are not looked into here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.recorded import ITEMS_ASKED_FOR, NAME_ASKED_FOR
from windtunnel.dynamodb.shapes import OPAQUE, Member, Shape, request_shape
from windtunnel.dynamodb.wire_types import check_types

MOST = 10
"""Complaints that one answer tells of."""

type Test = Callable[[Any], bool]


def check_request(operation: str, parameters: Mapping[str, Any]) -> None:
    """Raises DynamoDBError where the parameters are not what the operation takes. Cheap where they are."""
    if not _test_of(operation)(parameters):
        _complain(operation, parameters)


def _complain(operation: str, parameters: Mapping[str, Any]) -> None:
    shape = request_shape(operation)
    assert shape is not None
    check_types(shape, parameters)
    if operation in NAME_ASKED_FOR and parameters.get("TableName") is None:
        raise validation("The parameter 'TableName' is required but was not present in the request")
    if operation in ITEMS_ASKED_FOR and not parameters.get("RequestItems"):
        raise validation(f"The requestItems parameter is required for {operation}")
    found: list[str] = []
    _structure_complaints(shape, parameters, "", found)
    if found:
        raise _error(found[:MOST])


def _error(found: list[str]) -> DynamoDBError:
    errors = "error" if len(found) == 1 else "errors"
    return validation(f"{len(found)} validation {errors} detected: " + "; ".join(found))


# --- what is right, fast ----------------------------------------------------------------------------------------


@cache
def _test_of(operation: str) -> Test:
    shape = request_shape(operation)
    if shape is None:
        raise DynamoDBError("UnknownOperationException", "")
    return _test(shape)


def _test(shape: Shape) -> Test:
    match shape.type:
        case "structure":
            return _structure_test(shape)
        case "list":
            return _list_test(shape)
        case "map":
            return _map_test(shape)
        case "string":
            return _string_test(shape)
        case "integer" | "long":
            low, high = shape.minimum, shape.maximum
            return lambda value: (
                type(value) is int and (low is None or value >= low) and (high is None or value <= high)
            )
        case "boolean":
            return lambda value: value is True or value is False
        case "double" | "float" | "timestamp":
            return lambda value: type(value) in (int, float)
        case "blob":
            return _is_base64
        case _ if shape.type == OPAQUE:
            return lambda value: type(value) is dict
    raise AssertionError(f"a shape of type {shape.type}")


def _structure_test(shape: Shape) -> Test:
    tests = {member.name: _test(member.shape) for member in shape.members}
    required = tuple(member.name for member in shape.members if member.required)

    def test(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for name in required:
            if value.get(name) is None:
                return False
        for name, content in value.items():
            # members that the service does not know are none of its business
            if content is not None and (check := tests.get(name)) is not None and not check(content):
                return False
        return True

    return test


def _list_test(shape: Shape) -> Test:
    assert shape.value is not None
    check = _test(shape.value)
    low, high = shape.minimum, shape.maximum

    def test(value: Any) -> bool:
        return (
            type(value) is list
            and (low is None or len(value) >= low)
            and (high is None or len(value) <= high)
            and all(map(check, value))
        )

    return test


def _map_test(shape: Shape) -> Test:
    assert shape.value is not None
    assert shape.key is not None
    check, check_key = _test(shape.value), _test(shape.key) if shape.key.constrained else None
    low, high = shape.minimum, shape.maximum

    def test(value: Any) -> bool:
        return (
            type(value) is dict
            and (low is None or len(value) >= low)
            and (high is None or len(value) <= high)
            and all(map(check, value.values()))
            and (check_key is None or all(map(check_key, value)))
        )

    return test


def _string_test(shape: Shape) -> Test:
    low, high, regex, enum = shape.minimum, shape.maximum, shape.regex, frozenset(shape.enum)
    if not shape.constrained:
        return lambda value: type(value) is str

    def test(value: Any) -> bool:
        if type(value) is not str or (enum and value not in enum):
            return False
        if (low is not None and len(value) < low) or (high is not None and len(value) > high):
            return False
        return regex is None or regex.fullmatch(value) is not None

    if shape.name == "TableArn":
        return lambda value: test(value) or (type(value) is str and value.startswith("arn:"))
    return test


def _is_base64(value: Any) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return False
    return True


# --- what is wrong, in full -------------------------------------------------------------------------------------


def _structure_complaints(shape: Shape, value: Mapping[str, Any], path: str, found: list[str]) -> None:
    for member in shape.members:
        _member_complaints(member, value.get(member.name), path, found)


def _member_complaints(member: Member, value: Any, path: str, found: list[str]) -> None:
    place = f"{path}.{member.wire}" if path else member.wire
    if value is None:
        if member.required:
            found.append(f"Value null at '{place}' failed to satisfy constraint: Member must not be null")
        return
    _complaints(member.shape, value, place, found)


def _complaints(shape: Shape, value: Any, place: str, found: list[str]) -> None:
    for broken in _broken(shape, value):
        found.append(f"Value '{shown(shape, value)}' at '{place}' failed to satisfy constraint: {broken}")
    if shape.type == "structure":
        _structure_complaints(shape, value, place, found)
    elif shape.type == "list":
        _element_complaints(shape, list(enumerate(value, 1)), value, place, found)
    elif shape.type == "map":
        assert shape.key is not None
        if any(_broken(shape.key, key) for key in value):
            rules = ", ".join(_rules(shape.key))
            text = f"Map keys must satisfy constraint: [{rules}]"
            found.append(f"Value '{shown(shape, value)}' at '{place}' failed to satisfy constraint: {text}")
        _element_complaints(shape, list(value.items()), value, place, found)


def _element_complaints(
    shape: Shape, elements: list[tuple[Any, Any]], whole: Any, place: str, found: list[str]
) -> None:
    inner = shape.value
    assert inner is not None
    if inner.type in ("structure", "map") or inner.enum:
        for name, element in elements:
            _complaints(inner, element, f"{place}.{name}.member", found)
        return
    if any(_broken(inner, element) for _, element in elements):
        # elements that are no structures are not told apart
        of = "Map value" if shape.type == "map" else "Member"
        text = f"{of} must satisfy constraint: [{', '.join(_rules(inner))}]"
        found.append(f"Value '{shown(shape, whole)}' at '{place}' failed to satisfy constraint: {text}")
    if inner.type == "list":
        for name, element in elements:
            assert inner.value is not None
            for index, item in enumerate(element, 1):
                _complaints(inner.value, item, f"{place}.{name}.member.{index}.member", found)


def _broken(shape: Shape, value: Any) -> list[str]:
    """The constraints that a value itself does not keep, in the order in which AWS looks."""
    if shape.name == "TableArn" and value.startswith("arn:"):
        return []
    broken = []
    if shape.enum and value not in shape.enum:
        broken.append(f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    if shape.regex is not None and not shape.regex.fullmatch(value):
        broken.append(f"Member must satisfy regular expression pattern: {shape.pattern}")
    if shape.type in ("integer", "long"):
        size, word = value, "value"
    elif shape.type in ("string", "list", "map"):
        size, word = len(value), "length"
    else:
        return broken
    if shape.minimum is not None and size < shape.minimum:
        broken.append(f"Member must have {word} greater than or equal to {shape.minimum}")
    if shape.maximum is not None and size > shape.maximum:
        broken.append(f"Member must have {word} less than or equal to {shape.maximum}")
    return broken


def _rules(shape: Shape) -> list[str]:
    """All constraints of a value, as they are listed for a collection's elements."""
    rules = []
    if shape.maximum is not None:
        rules.append(f"Member must have length less than or equal to {shape.maximum}")
    if shape.minimum is not None:
        rules.append(f"Member must have length greater than or equal to {shape.minimum}")
    if shape.pattern is not None:
        rules.append(f"Member must satisfy regular expression pattern: {shape.pattern}")
    return rules


def shown(shape: Shape, value: Any) -> str:
    """A value as the service's messages print it."""
    if value is None:
        return "null"
    if shape.type == "structure":
        fields = (f"{member.wire}={shown(member.shape, value.get(member.name))}" for member in shape.members)
        return f"{shape.name}({', '.join(fields)})"
    if shape.type == "list":
        assert shape.value is not None
        return f"[{', '.join(shown(shape.value, element) for element in value)}]"
    if shape.type == "map":
        assert shape.value is not None
        return "{" + ", ".join(f"{key}={shown(shape.value, element)}" for key, element in value.items()) + "}"
    if shape.type == "boolean":
        return "true" if value else "false"
    return str(value)
