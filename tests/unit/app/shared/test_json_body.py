from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import Binary
from hypothesis import given
from hypothesis import strategies as st
from proxy_integration import json_body

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**38), 10**38)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


def test_numbers_are_int_or_decimal() -> None:
    assert json_body.parse("[1, 1.5, -2, 1e2]") == [1, Decimal("1.5"), -2, Decimal("1e2")]
    assert [type(value) for value in json_body.parse("[1, 1.5]")] == [int, Decimal]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("{", "line 1 column 2"),
        ('{"a": 1,}', "line 1"),
        ("{'a': 1}", "double quotes"),
        ("NaN", "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
        ("1e309", "out of range"),
        ("1e99999999999999999999", "out of range"),
        ("0e999999999", "out of range"),
        ("9" * 310, "out of range"),
        ('"\\ud800"', "surrogate"),
        ("[" * 100_000, "nested too deeply"),
        ("\ufeff{}", "BOM"),
    ],
)
def test_what_is_not_json_is_a_value_error_that_says_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        json_body.parse(text)


def test_a_surrogate_pair_is_a_character() -> None:
    assert json_body.parse('"\\ud83d\\ude80"') == "🚀"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("5"), "5"),
        (Decimal("5.0"), "5"),
        (Decimal("1E+2"), "100"),
        (Decimal("1.25"), "1.25"),
        (Decimal("-0.5"), "-0.5"),
        ({Decimal("2"), Decimal("1")}, "[1, 2]"),
        ({"b", "a"}, '["a", "b"]'),
        (Binary(b"\x00\xff"), '"AP8="'),
        (b"\x00\xff", '"AP8="'),
        ({"n": [Decimal("1")]}, '{"n": [1]}'),
    ],
)
def test_what_dynamodb_gives_becomes_json(value: Any, text: str) -> None:
    assert json_body.serialise(value) == text


def test_what_is_no_data_is_not_written() -> None:
    with pytest.raises(TypeError, match="object cannot be written as JSON"):
        json_body.serialise(object())


@given(JSON)
def test_a_round_trip_keeps_every_value(value: Any) -> None:
    parsed = json_body.parse(json.dumps(value))

    assert json_body.parse(json_body.serialise(parsed)) == parsed
