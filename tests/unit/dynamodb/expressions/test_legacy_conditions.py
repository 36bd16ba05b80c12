from __future__ import annotations

from typing import Any

import pytest

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.expressions.key_condition import KeyCondition, RangeCondition
from windtunnel.dynamodb.expressions.legacy_conditions import (
    check_filter_keys,
    expected,
    filter_conditions,
    key_conditions,
)
from windtunnel.dynamodb.values import Item

INVALID = "One or more parameter values were invalid: "
A = {"S": "ab"}
TYPES = (("k", "S"), ("r", "S"))
ITEM: Item = {
    "s": {"S": "abc"},
    "n": {"N": "5"},
    "ss": {"SS": ["a", "b"]},
    "l": {"L": [{"S": "a"}, {"N": "1"}]},
    "b": {"B": "YWJj"},
    "z": {"NULL": True},
}


# DynamoDB Local's answers to UpdateItem with such an Expected.
@pytest.mark.parametrize(
    ("name", "operator", "values", "holds"),
    [
        *[
            ("s", operator, [A], holds)
            for operator, holds in [
                ("EQ", False),
                ("NE", True),
                ("LT", False),
                ("LE", False),
                ("GT", True),
                ("GE", True),
                ("CONTAINS", True),
                ("NOT_CONTAINS", False),
                ("BEGINS_WITH", True),
            ]
        ],
        *[
            ("nothing", operator, [A], operator == "NE")
            for operator in ("EQ", "NE", "LT", "LE", "GT", "GE", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH", "IN")
        ],
        ("n", "NOT_CONTAINS", [A], True),
        ("n", "NE", [A], True),
        ("n", "EQ", [{"N": "5.0"}], True),
        ("n", "BETWEEN", [{"N": "4"}, {"N": "5"}], True),
        ("s", "BETWEEN", [{"S": "a"}, {"S": "b"}], True),
        ("s", "IN", [{"S": "x"}, {"S": "abc"}], True),
        ("ss", "CONTAINS", [{"S": "a"}], True),
        ("ss", "EQ", [{"SS": ["b", "a"]}], True),
        ("l", "CONTAINS", [{"N": "1.0"}], True),
        ("l", "NOT_CONTAINS", [{"N": "1"}], False),
        ("b", "BEGINS_WITH", [{"B": "YQ=="}], True),
        ("z", "NULL", [], False),
        ("z", "NOT_NULL", [], True),
        ("nothing", "NULL", [], True),
        ("nothing", "NOT_NULL", [], False),
        ("s", "CONTAINS", [{"BOOL": True}], False),
    ],
)
def test_an_operator_holds_or_not(name: str, operator: str, values: list[Any], holds: bool) -> None:
    condition = {name: {"ComparisonOperator": operator, "AttributeValueList": values}}

    assert expected(condition).matches(ITEM) is holds
    assert filter_conditions(condition).matches(ITEM) is holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Value": {"S": "abc"}}, True),
        ({"Exists": True, "Value": {"S": "x"}}, False),
        ({"Exists": False}, False),
        ({"ComparisonOperator": "BEGINS_WITH", "Value": A}, True),
    ],
)
def test_expected_without_a_list(condition: dict[str, Any], holds: bool) -> None:
    assert expected({"s": condition}).matches(ITEM) is holds
    assert expected({"s": condition}).matches({}) is (condition == {"Exists": False})


def test_several_conditions_are_all_or_any() -> None:
    conditions: dict[str, dict[str, Any]] = {
        "s": {"Value": {"S": "abc"}},
        "n": {"Value": {"N": "0"}},
        "z": {"Value": {"NULL": True}},
    }

    assert not expected(conditions).matches(ITEM)
    assert not expected(conditions, "AND").matches(ITEM)
    assert expected(conditions, "OR").matches(ITEM)
    assert not expected(conditions, "OR").matches({})


# AWS's answers as in dynalite's test/putItem.js and test/query.js.
@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({}, "Value must be provided when Exists is null for Attribute: a"),
        ({"Exists": True}, "Value must be provided when Exists is true for Attribute: a"),
        ({"Exists": False, "Value": A}, "Value cannot be used when Exists is false for Attribute: a"),
        (
            {"ComparisonOperator": "LT"},
            "Value or AttributeValueList must be used with ComparisonOperator: LT for Attribute: a",
        ),
        (
            {"Exists": True, "ComparisonOperator": "LT"},
            "Exists and ComparisonOperator cannot be used together for Attribute: a",
        ),
        (
            {"AttributeValueList": [A], "Value": A, "ComparisonOperator": "LT"},
            "Value and AttributeValueList cannot be used together for Attribute: a",
        ),
        (
            {"AttributeValueList": [A], "Exists": True},
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
        ),
        (
            {"ComparisonOperator": "EQ", "AttributeValueList": []},
            "Invalid number of argument(s) for the EQ ComparisonOperator",
        ),
        (
            {"ComparisonOperator": "NULL", "Value": A},
            "Invalid number of argument(s) for the NULL ComparisonOperator",
        ),
        (
            {"ComparisonOperator": "BETWEEN", "AttributeValueList": [A]},
            "Invalid number of argument(s) for the BETWEEN ComparisonOperator",
        ),
        (
            {"ComparisonOperator": "IN", "AttributeValueList": [{"SS": ["a"]}]},
            "ComparisonOperator IN is not valid for SS AttributeValue type",
        ),
        (
            {"ComparisonOperator": "LT", "AttributeValueList": [{"BOOL": True}]},
            "ComparisonOperator LT is not valid for BOOL AttributeValue type",
        ),
        (
            {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"N": "1"}]},
            "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type",
        ),
        (
            {"ComparisonOperator": "CONTAINS", "AttributeValueList": [{"L": []}]},
            "ComparisonOperator CONTAINS is not valid for L AttributeValue type",
        ),
        (
            {"ComparisonOperator": "IN", "AttributeValueList": [A, {"N": "1"}]},
            "AttributeValues inside AttributeValueList must be of same type",
        ),
    ],
)
def test_a_wrong_condition_is_refused(condition: dict[str, Any], message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        expected({"a": condition})

    assert (caught.value.code, caught.value.message) == ("ValidationException", INVALID + message)


def test_bounds_are_in_order() -> None:
    with pytest.raises(DynamoDBError) as caught:
        filter_conditions({"a": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "2"}, {"N": "1"}]}})

    assert caught.value.message == (
        "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
    )


def test_an_operator_over_conditions_needs_two_of_them() -> None:
    with pytest.raises(DynamoDBError, match=r"^ConditionalOperator cannot be used without Filter or Expected$"):
        expected({}, "OR")
    with pytest.raises(DynamoDBError, match=r"only be used when Filter or Expected has two or more elements$"):
        filter_conditions({"a": {"ComparisonOperator": "NULL"}}, "AND")


def test_a_query_filter_names_no_key() -> None:
    check_filter_keys(["a"], ("k", "r"))

    with pytest.raises(DynamoDBError) as caught:
        check_filter_keys(["a", "r"], ("k", "r"))

    assert caught.value.message == ("QueryFilter can only contain non-primary key attributes: Primary key attribute: r")


def equals(text: str) -> dict[str, Any]:
    return {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": text}]}


def test_key_conditions_say_partition_and_range() -> None:
    between = {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"S": "a"}, {"S": "b"}]}

    assert key_conditions({"k": equals("x")}, TYPES) == KeyCondition({"S": "x"}, None)
    assert key_conditions({"r": between, "k": equals("x")}, TYPES) == KeyCondition(
        {"S": "x"}, RangeCondition("BETWEEN", ({"S": "a"}, {"S": "b"}))
    )


# DynamoDB Local's answers; the missed element as in dynalite's test/query.js.
@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({}, "Conditions must be at least length 1"),
        ({"r": equals("x")}, "Query condition missed key schema element: k"),
        ({"k": equals("x"), "z": equals("x")}, "Query condition missed key schema element: r"),
        ({"k": equals("x"), "r": equals("x"), "z": equals("x")}, "Conditions can be of length 1 or 2 only"),
        ({"k": {**equals("x"), "ComparisonOperator": "LT"}}, "Query key condition not supported"),
        ({"k": {"ComparisonOperator": "NULL"}}, "Only scalar types can be used as Hash Key values"),
        (
            {"k": equals("x"), "r": {"ComparisonOperator": "NOT_NULL"}},
            "Only scalar types can be used as Range Key values",
        ),
        (
            {"k": equals("x"), "r": {**equals("x"), "ComparisonOperator": "CONTAINS"}},
            "Attempted conditional constraint is not an indexable operation",
        ),
    ],
)
def test_wrong_key_conditions_are_refused(conditions: dict[str, Any], message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        key_conditions(conditions, TYPES)

    assert (caught.value.code, caught.value.message) == ("ValidationException", message)
