"""$context.error.validationErrorString: what is wrong with a body, in API Gateway's words.

Its words are those of the Java library json-schema-validator: "[object has missing required properties (["name"])]".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from jsonschema.exceptions import ValidationError

Describe = Callable[[Any, Any], str]
"""Of a keyword's value in the schema and the instance."""


def validation_message(errors: Iterable[ValidationError]) -> str:
    """All errors, separated by commas, without brackets."""
    messages: dict[str, None] = {}  # a required property each is one error to jsonschema, and together one here
    for error in errors:
        messages[_describe(error)] = None
    return ", ".join(messages)


def _describe(error: ValidationError) -> str:
    keyword = str(error.validator)
    if keyword == "additionalProperties":
        return f"object instance has properties which are not allowed by the schema: {_json(_extra(error))}"
    if keyword in ("minimum", "maximum"):
        return _bound(error, keyword)
    describe = _MESSAGES.get(keyword)
    return describe(error.validator_value, error.instance) if describe else error.message


def _bound(error: ValidationError, keyword: str) -> str:
    lower = keyword == "minimum"
    bound, found = error.validator_value, error.instance
    if found == bound:  # it fails only because the bound itself is excluded
        return f"numeric instance is not strictly {'greater' if lower else 'lower'} than the required {keyword} {bound}"
    word = "lower" if lower else "greater"
    return f"numeric instance is {word} than the required {keyword} ({keyword}: {_json(bound)}, found: {_json(found)})"


def _extra(error: ValidationError) -> list[str]:
    schema: Any = error.schema
    instance: Any = error.instance
    return sorted(name for name in instance if name not in schema.get("properties", {}))


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _type(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "integer", float: "number", dict: "object", list: "array"}
    return names.get(type(value), "null")


def _allowed(types: str | list[str]) -> list[str]:
    names = {types} if isinstance(types, str) else set(types)
    return sorted(names | {"integer"} if "number" in names else names)


def _count(what: str, few: str, bound: str) -> Describe:
    def describe(limit: Any, found: Any) -> str:
        return f"{what} {few} (found {len(found)} but schema requires {bound} {limit})"

    return describe


_MESSAGES: dict[str, Describe] = {
    "type": lambda types, found: (
        f"instance type ({_type(found)}) does not match any allowed primitive type (allowed: {_json(_allowed(types))})"
    ),
    "required": lambda names, found: (
        f"object has missing required properties ({_json(sorted(name for name in names if name not in found))})"
    ),
    "enum": lambda values, found: (
        f"instance value ({_json(found)}) not found in enum (possible values: {_json(values)})"
    ),
    "minLength": lambda limit, found: (
        f'string "{found}" is too short (length: {len(found)}, required minimum: {limit})'
    ),
    "maxLength": lambda limit, found: f'string "{found}" is too long (length: {len(found)}, maximum allowed: {limit})',
    "pattern": lambda pattern, found: f'ECMA 262 regex "{pattern}" does not match input string "{found}"',
    "minItems": lambda limit, found: (
        f"array is too short: must have at least {limit} elements but instance has {len(found)} elements"
    ),
    "maxItems": lambda limit, found: (
        f"array is too long: must have at most {limit} elements but instance has {len(found)} elements"
    ),
    "uniqueItems": lambda unique, found: "array must not contain duplicate elements",
    "minProperties": _count("object has", "too few properties", "at least"),
    "maxProperties": _count("object has", "too many properties", "at most"),
    "multipleOf": lambda divisor, found: f"remainder of division is not zero ({_json(found)} / {_json(divisor)})",
    "anyOf": lambda schemas, found: f"instance failed to match at least one required schema among {len(schemas)}",
    "oneOf": lambda schemas, found: f"instance failed to match exactly one schema (out of {len(schemas)})",
    "not": lambda schema, found: "instance matched a schema which it should not have",
}
