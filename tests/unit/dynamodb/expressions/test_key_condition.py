from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.expressions.condition import parse_condition
from windtunnel.dynamodb.expressions.key_condition import KeyCondition, RangeCondition, parse_key_condition
from windtunnel.dynamodb.expressions.placeholders import Placeholders
from windtunnel.dynamodb.keys import KeyTypes, key_bytes

TYPES = (("k", "S"), ("r", "S"))
VALUES: dict[str, dict[str, Any]] = {
    ":x": {"S": "1"},
    ":y": {"S": "2"},
    ":n": {"N": "1"},
    ":o": {"BOOL": True},
    ":e": {"S": ""},
    ":l": {"S": "a" * 1025},
}
INVALID = "Invalid KeyConditionExpression: "
PLACE = "Invalid condition in KeyConditionExpression: "


def against(text: str, types: KeyTypes = TYPES) -> KeyCondition:
    return parse_key_condition(text, Placeholders({"#k": "k"}, VALUES)).against(types)


@pytest.mark.parametrize(
    ("text", "operator", "operands"),
    [
        ("k = :x AND r = :y", "=", (":y",)),
        (":y = r AND :x = #k", "=", (":y",)),
        ("(k = :x) AND (r <= :y)", "<=", (":y",)),
        ("((k = :x) AND r < :y)", "<", (":y",)),
        ("k = :x AND r > :y", ">", (":y",)),
        ("k = :x AND :y < r", ">", (":y",)),
        ("k = :x AND :y >= r", "<=", (":y",)),
        ("k = :x AND r BETWEEN :x AND :y", "BETWEEN", (":x", ":y")),
        ("begins_with(r, :y) AND k = :x", "begins_with", (":y",)),
    ],
)
def test_a_key_condition_says_partition_and_range(text: str, operator: str, operands: tuple[str, ...]) -> None:
    asked = against(text)

    assert asked.hash == VALUES[":x"]
    assert asked.range == RangeCondition(operator, tuple(VALUES[name] for name in operands))


def test_the_partition_alone_will_do() -> None:
    assert against("k = :x") == KeyCondition(VALUES[":x"], None)
    assert against("k = :x", (("k", "S"),)) == KeyCondition(VALUES[":x"], None)


# DynamoDB Local's answers; which element was missed is in AWS's (dynalite's test/query.js).
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", INVALID + "The expression can not be empty;"),
        ("k", INVALID + 'Syntax error; token: "<EOF>", near: "k"'),
        ("name = :x", INVALID + "Attribute name is a reserved keyword; reserved keyword: name"),
        ("k = :x AND foo(r)", INVALID + "Invalid function name; function: foo"),
        ("k = :z", INVALID + "An expression attribute value used in expression is not defined; attribute value: :z"),
        ("k <> :x", "Invalid operator used in KeyConditionExpression: <>"),
        ("k IN (:x)", "Invalid operator used in KeyConditionExpression: IN"),
        ("k = :x OR r = :y", "Invalid operator used in KeyConditionExpression: OR"),
        ("k = :x AND NOT r = :y", "Invalid operator used in KeyConditionExpression: NOT"),
        ("attribute_exists(k)", "Invalid operator used in KeyConditionExpression: attribute_exists"),
        ("k = :x AND contains(r, :y)", "Invalid operator used in KeyConditionExpression: contains"),
        ("size(k) = :x", "KeyConditionExpressions cannot contain nested operations"),
        ("k = :x AND #k = :y AND r <> :y", "KeyConditionExpressions must only contain one condition per key"),
        ("k = :x AND r = :x AND z = :y", "Conditions can be of length 1 or 2 only"),
        ("k = r", PLACE + "Multiple attribute names used in one condition"),
        ("k BETWEEN z AND size(r)", PLACE + "Multiple attribute names used in one condition"),
        (":x = :x AND k <> :x", PLACE + "No key attribute specified"),
        ("begins_with(:x, :y)", PLACE + "begins_with operator must have the key attribute as its first operand"),
        (":y BETWEEN r AND z", PLACE + "BETWEEN operator must have the key attribute as its first operand"),
        ("r = :x", "Query condition missed key schema element: k"),
        ("k = :x AND z = :y", "Query condition missed key schema element: r"),
        ("k > :x", "Query key condition not supported"),
        ("begins_with(k, :x)", "Query key condition not supported"),
        ("z = :x AND k > :y", "Query key condition not supported"),
        ("k > :n", "One or more parameter values were invalid: Condition parameter type does not match schema type"),
        (
            "k = :x AND r = :o",
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            "k = :e",
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            "empty string value. Key: k",
        ),
        (
            "k = :x AND r > :e",
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            "empty string value. Key: r",
        ),
        (
            "k = :x AND r = :l",
            "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit "
            "of 1024 bytes",
        ),
    ],
)
def test_a_mistake_is_told_in_dynamodbs_words(text: str, message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        against(text)

    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


def test_a_table_without_sort_key_is_not_asked_for_one() -> None:
    with pytest.raises(DynamoDBError, match=r"^Query key condition not supported$"):
        against("k = :x AND r = :y", (("k", "S"),))


def inside(bounds: tuple[bytes | None, bool, bytes | None, bool], key: bytes) -> bool:
    low, low_in, high, high_in = bounds
    above = low is None or key > low or (low_in and key == low)
    return above and (high is None or key < high or (high_in and key == high))


texts = st.text(st.sampled_from(["a", "b", "\U0010ffff", "€"]), min_size=1, max_size=4)


@given(
    st.sampled_from(["r = :a", "r < :a", "r <= :a", "r > :a", "r >= :a", "r BETWEEN :a AND :b", "begins_with(r, :a)"]),
    texts,
    texts,
    texts,
)
def test_bounds_hold_what_the_condition_holds(text: str, one: str, two: str, key: str) -> None:
    low, high = sorted([one, two])
    values = {":a": {"S": low}} | ({":b": {"S": high}} if ":b" in text else {})
    asked = parse_key_condition("k = :k AND " + text, Placeholders(None, {**values, ":k": {"S": "k"}})).against(TYPES)
    holds = parse_condition(text, Placeholders(None, values)).matches({"r": {"S": key}})

    assert asked.range is not None
    assert inside(asked.range.bounds(), key_bytes({"S": key})) == holds


@pytest.mark.parametrize(("data", "high"), [("/w==", None), ("AP8=", b"\x01"), ("//8=", None), ("YQ==", b"b")])
def test_what_begins_with_bytes_ends_before_the_next_ones(data: str, high: bytes | None) -> None:
    assert RangeCondition("begins_with", ({"B": data},)).bounds()[2] == high
