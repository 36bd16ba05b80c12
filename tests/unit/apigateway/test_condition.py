"""IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context keys"."""

from __future__ import annotations

from typing import Any

import pytest

from windtunnel.apigateway.condition import Context, conditions


def holds(operator: str, expected: Any, context: Context, key: str = "aws:Key") -> bool:
    return all(condition.holds(context) for condition in conditions({operator: {key: expected}}))


@pytest.mark.parametrize(
    ("operator", "expected", "value", "met"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a", "A", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringNotEqualsIgnoreCase", "a", "A", False),
        ("StringLike", "a*", "abc", True),
        ("StringNotLike", "a?", "abc", True),
        ("Bool", True, "true", True),
        ("Bool", "true", "false", False),
        ("BinaryEquals", "QQ==", "QQ==", True),
        ("IpAddress", ["192.0.2.0/24", "2001:db8::/32"], "192.0.2.9", True),
        ("IpAddress", ["192.0.2.0/24", "2001:db8::/32"], "2001:db8::1", True),
        ("IpAddress", "192.0.2.1", "192.0.2.2", False),
        ("IpAddress", "192.0.2.0/24", "no address", False),
        ("NotIpAddress", "192.0.2.0/24", "198.51.100.1", True),
        ("ArnEquals", "arn:aws:s3:*:*:b", "arn:aws:s3:::b", True),
        ("ArnLike", "arn:aws:s3:::b*", "arn:aws:s3:::bucket", True),
        ("ArnNotEquals", "arn:aws:s3:::b", "arn:aws:s3:::b", False),
        ("ArnNotLike", "arn:aws:s3:::b", "arn:aws:s3:::c", True),
        ("NumericEquals", 5, "5.0", True),
        ("NumericNotEquals", 5, "5", False),
        ("NumericLessThan", 5, "4.9", True),
        ("NumericLessThanEquals", 5, "5", True),
        ("NumericGreaterThan", 5, "5", False),
        ("NumericGreaterThanEquals", 5, "many", False),
        ("DateEquals", "2026-11-21T00:00:00Z", "2026-11-21T01:00:00+01:00", True),
        ("DateNotEquals", "2026-11-21", "2026-11-21T00:00:00Z", False),
        ("DateLessThan", "2026-11-21T00:00:00Z", "1700000000", True),
        ("DateLessThanEquals", "1700000000", "1700000000", True),
        ("DateGreaterThan", "2026-11-21T00:00:00Z", "2026-11-20T23:59:59Z", False),
        ("DateGreaterThanEquals", "2026-11-21T00:00:00Z", "soon", False),
    ],
)
def test_operators(operator: str, expected: Any, value: str, met: bool) -> None:
    assert holds(operator, expected, {"aws:key": value}) is met


@pytest.mark.parametrize(
    ("operator", "met"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),  # "if the key is not present, the value is not equal"
        ("StringEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
    ],
)
def test_a_key_that_the_request_does_not_have(operator: str, met: bool) -> None:
    assert holds(operator, "a", {}) is met


def test_if_exists_is_as_without_it_where_the_key_is_there() -> None:
    assert not holds("StringEqualsIfExists", "a", {"aws:key": "b"})


@pytest.mark.parametrize(
    ("operator", "values", "met"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "c"], False),
        ("ForAnyValue:StringEquals", ["a", "c"], True),
        ("ForAnyValue:StringEquals", ["c"], False),
        ("ForAllValues:StringNotEquals", ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["a", "d"], False),
        ("ForAnyValue:StringNotEquals", ["a", "d"], True),
        ("StringEquals", ["c", "b"], True),
        ("StringNotEquals", ["c", "b"], False),
    ],
)
def test_keys_with_several_values(operator: str, values: list[str], met: bool) -> None:
    assert holds(operator, ["a", "b"], {"aws:key": values}) is met


@pytest.mark.parametrize(
    ("expected", "context", "met"),
    [("true", {}, True), ("true", {"aws:key": "a"}, False), (False, {"aws:key": "a"}, True), (False, {}, False)],
)
def test_null_asks_whether_a_key_is_absent(expected: object, context: Context, met: bool) -> None:
    assert holds("Null", expected, context) is met


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringSounds", "a"),
        ("ForSomeValues:StringEquals", "a"),
        ("IpAddress", "everywhere"),
        ("NumericEquals", "five"),
        ("DateEquals", "tomorrow"),
    ],
)
def test_what_is_no_condition_is_refused(operator: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        conditions({operator: {"aws:key": expected}})
