"""The words of json-schema-validator, the Java library whose messages $context.error.validationErrorString has: its
"[object has missing required properties ([\\"Type\\"])]" is in recorded answers of services that use it."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft4Validator

from windtunnel.apigateway.validation_message import validation_message


@pytest.mark.parametrize(
    ("schema", "instance", "message"),
    [
        ({"required": ["b", "a", "c"]}, {"c": 1}, 'object has missing required properties (["a","b"])'),
        (
            {"type": "number"},
            "a",
            'instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])',
        ),
        (
            {"type": ["string", "null"]},
            [],
            'instance type (array) does not match any allowed primitive type (allowed: ["null","string"])',
        ),
        (
            {"type": "string"},
            True,
            'instance type (boolean) does not match any allowed primitive type (allowed: ["string"])',
        ),
        (
            {"type": "string"},
            None,
            'instance type (null) does not match any allowed primitive type (allowed: ["string"])',
        ),
        ({"enum": ["a", 1]}, "é", 'instance value ("é") not found in enum (possible values: ["a",1])'),
        ({"minLength": 3}, "ab", 'string "ab" is too short (length: 2, required minimum: 3)'),
        ({"maxLength": 1}, "ab", 'string "ab" is too long (length: 2, maximum allowed: 1)'),
        ({"pattern": "^a$"}, "b", 'ECMA 262 regex "^a$" does not match input string "b"'),
        ({"minimum": 5}, 4, "numeric instance is lower than the required minimum (minimum: 5, found: 4)"),
        ({"maximum": 5}, 5.5, "numeric instance is greater than the required maximum (maximum: 5, found: 5.5)"),
        (
            {"minimum": 5, "exclusiveMinimum": True},
            5,
            "numeric instance is not strictly greater than the required minimum 5",
        ),
        (
            {"maximum": 5, "exclusiveMaximum": True},
            5,
            "numeric instance is not strictly lower than the required maximum 5",
        ),
        ({"minItems": 1}, [], "array is too short: must have at least 1 elements but instance has 0 elements"),
        ({"maxItems": 1}, [1, 2], "array is too long: must have at most 1 elements but instance has 2 elements"),
        ({"uniqueItems": True}, [1, 1], "array must not contain duplicate elements"),
        ({"minProperties": 1}, {}, "object has too few properties (found 0 but schema requires at least 1)"),
        ({"maxProperties": 0}, {"a": 1}, "object has too many properties (found 1 but schema requires at most 0)"),
        ({"multipleOf": 2}, 3, "remainder of division is not zero (3 / 2)"),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"a": 1, "c": 1, "b": 1},
            'object instance has properties which are not allowed by the schema: ["b","c"]',
        ),
        (
            {"anyOf": [{"type": "null"}, {"enum": [1]}]},
            2,
            "instance failed to match at least one required schema among 2",
        ),
        ({"oneOf": [{"type": "null"}, {"enum": [1]}]}, 2, "instance failed to match exactly one schema (out of 2)"),
        ({"not": {}}, 2, "instance matched a schema which it should not have"),
        ({"dependencies": {"a": ["b"]}}, {"a": 1}, "'b' is a dependency of 'a'"),
        (
            {"required": ["a"], "minProperties": 1},
            {},
            'object has missing required properties (["a"]), '
            "object has too few properties (found 0 but schema requires at least 1)",
        ),
    ],
)
def test_messages(schema: dict[str, Any], instance: object, message: str) -> None:
    assert validation_message(Draft4Validator(schema).iter_errors(instance)) == message
