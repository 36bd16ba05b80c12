"""The types of what was sent, before anything else is looked at: SerializationException in the service's own words.

Messages as AWS answers them, recorded by dynalite's suite (test/helpers.js, assertType).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.shapes import OPAQUE, Shape

JAVA = {
    "string": "java.lang.String",
    "integer": "java.lang.Integer",
    "long": "java.lang.Long",
    "double": "java.lang.Double",
    "boolean": "java.lang.Boolean",
    "timestamp": "java.util.Date",
    "blob": "java.nio.ByteBuffer",
}
WORDS = {
    "string": "String",
    "integer": "Integer",
    "long": "Long",
    "double": "Double",
    "boolean": "Boolean",
    "timestamp": "Date",
}
PACKAGE = "com.amazonaws.dynamodb.v20120810"


def check_types(shape: Shape, value: Any, *, in_list: bool = False) -> None:
    """Raises DynamoDBError for the first value that is not of its type. null is no value."""
    if value is None:
        return
    if shape.type == "structure" or shape.type == OPAQUE:
        _require_structure(shape, value, in_list)
        for member in shape.members:
            check_types(member.shape, value.get(member.name))
    elif shape.type == "list":
        if isinstance(value, dict):
            raise _error("Start of structure or map found where not expected")
        if not isinstance(value, list):
            raise _error("Unexpected field type")
        for element in value:
            check_types(_inner(shape), element, in_list=True)
    elif shape.type == "map":
        if isinstance(value, list):
            raise _error(f"Unrecognized collection type java.util.Map<java.lang.String, {_java(_inner(shape))}>")
        if not isinstance(value, Mapping):
            raise _error("Unexpected field type")
        for element in value.values():
            check_types(_inner(shape), element, in_list=True)
    else:
        _require_scalar(shape, value)


def _inner(shape: Shape) -> Shape:
    assert shape.value is not None
    return shape.value


def _java(shape: Shape) -> str:
    return JAVA.get(shape.type) or f"{PACKAGE}.{shape.name}"


def _require_structure(shape: Shape, value: Any, in_list: bool) -> None:
    if isinstance(value, list):
        raise _error(f"Unrecognized collection type class {PACKAGE}.{shape.name}")
    if not isinstance(value, Mapping):
        raise _error("Unexpected value type in payload" if in_list else "Unexpected field type")


def _require_scalar(shape: Shape, value: Any) -> None:
    if isinstance(value, dict):
        raise _error("Start of structure or map found where not expected")
    if isinstance(value, list):
        raise _error(f"Unrecognized collection type class {JAVA[shape.type]}")
    if shape.type == "blob":
        _require_blob(value)
    elif shape.type == "boolean":
        if isinstance(value, str):
            raise _error("Unexpected token received from parser")
        if not isinstance(value, bool):
            raise _error(f"{_token(value)} cannot be converted to Boolean")
    elif shape.type == "string":
        if not isinstance(value, str):
            raise _error(f"{_token(value)} cannot be converted to String")
    elif isinstance(value, str | bool):
        raise _error(f"{_token(value)} cannot be converted to {WORDS[shape.type]}")


def _require_blob(value: Any) -> None:
    if not isinstance(value, str):
        raise _error("only base-64-encoded strings are convertible to bytes")
    if len(value) % 4:
        raise _error(f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(value)}")
    try:
        base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error) as error:
        raise _error("Invalid last non-pad Base64 character dectected") from error


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    if isinstance(value, str):
        return "STRING_VALUE"
    return "NUMBER_VALUE" if isinstance(value, int) else "DECIMAL_VALUE"


def _error(message: str) -> DynamoDBError:
    return DynamoDBError("SerializationException", message)
