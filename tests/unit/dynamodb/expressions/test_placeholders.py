from __future__ import annotations

from typing import Any

import pytest

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.expressions.condition import parse_condition
from windtunnel.dynamodb.expressions.hash_order import in_hash_order, steps_met
from windtunnel.dynamodb.expressions.placeholders import Placeholders, of_request

ONE = {":x": {"N": "1"}}
UPDATE = ("UpdateExpression", "ConditionExpression")
OLD = ("AttributeUpdates", "Expected", "ConditionalOperator")
QUERY = ("ProjectionExpression", "FilterExpression", "KeyConditionExpression")


# DynamoDB Local's answers; those on mixing and on null also in dynalite's tests, recorded from AWS.
@pytest.mark.parametrize(
    ("parameters", "expressions", "message"),
    [
        (
            {"ExpressionAttributeNames": {"#a": "a"}, "ExpressionAttributeValues": ONE},
            UPDATE,
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            {"ExpressionAttributeValues": ONE},
            UPDATE,
            "ExpressionAttributeValues can only be specified when using expressions: "
            "UpdateExpression and ConditionExpression are null",
        ),
        (
            {"ExpressionAttributeValues": ONE, "ProjectionExpression": "a"},
            QUERY,
            "ExpressionAttributeValues can only be specified when using expressions: "
            "FilterExpression and KeyConditionExpression are null",
        ),
        (
            {"ExpressionAttributeValues": ONE},
            ("ConditionExpression",),
            "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
        ),
        (
            {"UpdateExpression": "SET a = b", "ExpressionAttributeNames": {}},
            UPDATE,
            "ExpressionAttributeNames must not be empty",
        ),
        (
            {"UpdateExpression": "SET a = b", "ExpressionAttributeValues": {}},
            UPDATE,
            "ExpressionAttributeValues must not be empty",
        ),
        (
            {"UpdateExpression": "", "AttributeUpdates": {"a": {}}, "Expected": {}, "ConditionalOperator": "OR"},
            UPDATE,
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
            "{AttributeUpdates, ConditionalOperator} Expression parameters: {UpdateExpression}",
        ),
    ],
)
def test_parameters_go_together_or_not(parameters: dict[str, Any], expressions: tuple[str, ...], message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        of_request(parameters, expressions=expressions, legacy=OLD)

    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


@pytest.mark.parametrize(
    ("parameters", "expressions"),
    [
        ({}, UPDATE),
        ({"ExpressionAttributeNames": {}, "ExpressionAttributeValues": {}}, UPDATE),
        ({"ConditionExpression": "a", "Expected": {}, "AttributeUpdates": None}, UPDATE),
        ({"Expected": {"a": {"Exists": False}}}, UPDATE),
        # GetItem takes no values and looks at none
        ({"ExpressionAttributeValues": ONE, "ProjectionExpression": "a"}, ("ProjectionExpression",)),
    ],
)
def test_other_parameters_pass(parameters: dict[str, Any], expressions: tuple[str, ...]) -> None:
    of_request(parameters, expressions=expressions, legacy=OLD)


# DynamoDB Local's answers, with AWS's words for numbers (dynalite's tests).
@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"a": "b"}, 'invalid key: Syntax error; key: "a"'),
        ({"#": "b"}, 'invalid key: Syntax error; key: "#"'),
        ({"#a-b": "b"}, 'invalid key: Syntax error; key: "#a-b"'),
        ({"#é": "b"}, 'invalid key: Syntax error; key: "#é"'),
        ({"#a": ""}, "invalid value: Empty attribute name for key #a"),
        ({"#a": "b" * 65536}, "invalid value: Attribute name is too large, must be less than 65536 bytes for key #a"),
        (
            {"#" + "a" * 255: "b"},
            "invalid key: The expression attribute map contains a key that is too long; size of key: 256",
        ),
    ],
)
def test_names_are_checked(names: dict[str, str], message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        Placeholders(names)

    assert caught.value.message == f"ExpressionAttributeNames contains {message}"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"x": {"N": "1"}}, 'invalid key: Syntax error; key: "x"'),
        (
            {":" + "a" * 255: {"N": "1"}},
            "invalid key: The expression attribute map contains a key that is too long; size of key: 256",
        ),
        (
            {":x": {}},
            "invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes "
            "for key :x",
        ),
        (
            {":x": {"L": [{"N": "q"}]}},
            "invalid value: The parameter cannot be converted to a numeric value: q for key :x",
        ),
    ],
)
def test_values_are_checked(values: dict[str, Any], message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        Placeholders(None, values)

    assert caught.value.message == f"ExpressionAttributeValues contains {message}"


def test_a_value_of_another_shape_is_a_serialization_error() -> None:
    with pytest.raises(DynamoDBError) as caught:
        Placeholders(None, {":x": {"S": 1}})

    assert caught.value.code == "SerializationException"


def test_values_have_2_mb_together() -> None:
    half = {"S": "a" * 1024 * 1024}

    Placeholders(None, {":x": half, ":y": half})
    with pytest.raises(DynamoDBError, match=r"^ExpressionAttributeValues exceeds max size$"):
        Placeholders(None, {":x": half, ":y": half, ":z": {"S": "a"}})


def test_what_no_expression_used_is_told_names_first() -> None:
    placeholders = Placeholders({"#a": "a", "#b": "b"}, {":x": {"N": "1"}, ":z": {"N": "1"}, ":y": {"N": "1"}})

    parse_condition("#a = :x", placeholders)
    with pytest.raises(DynamoDBError) as caught:
        placeholders.check_all_used()
    assert caught.value.message == "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}"

    parse_condition("#b = :x", placeholders, "FilterExpression")
    with pytest.raises(DynamoDBError) as caught:
        placeholders.check_all_used()
    # the order is DynamoDB Local's
    assert caught.value.message == "Value provided in ExpressionAttributeValues unused in expressions: keys: {:z, :y}"

    parse_condition("a IN (:y, :z)", placeholders)
    placeholders.check_all_used()


def test_hash_order_is_that_of_tables_that_grow() -> None:
    names = [f":{letter}" for letter in "abcdefghijklmnop"]

    # in 16 buckets ":p" is in bucket 6, in 32 in bucket 22
    assert in_hash_order([":p", ":h"], 2) == [":p", ":h"]
    assert in_hash_order(names, 16)[0] == ":a"
    assert in_hash_order(reversed(names), 16) == in_hash_order(names, 16)
    assert steps_met([0, 1, 5]) == [5, 1, 0]
    assert steps_met(["a", "o", "b"]) == ["b", "a", "o"]
    assert steps_met(["q", "a"]) == ["q", "a"]


def test_values_are_passed_over_where_no_expression_of_the_operation_takes_any() -> None:
    # a member that the operation does not have: GetItem's API has no ExpressionAttributeValues
    given = {"ProjectionExpression": "a", "ExpressionAttributeValues": {":unused": {"S": "x"}}}

    of_request(given, expressions=("ProjectionExpression",)).check_all_used()
