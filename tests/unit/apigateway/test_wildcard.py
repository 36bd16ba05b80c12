"""IAM User Guide, "IAM JSON policy elements: Resource" and "Amazon Resource Name (ARN) condition operators"."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from windtunnel.apigateway.wildcard import arn_matcher, matcher


def naive(pattern: str, text: str) -> bool:
    """Whether the rest of the pattern matches the rest of the text, letter by letter."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive(pattern[1:], text[skipped:]) for skipped in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and naive(pattern[1:], text[1:])


@given(pattern=st.text("ab*?\n.[", max_size=8), text=st.text("ab\n.[", max_size=10))
@example("*ab*b", "abab")
@example("a*?b", "ab")
def test_matches_as_the_naive_reference_does(pattern: str, text: str) -> None:
    assert matcher(pattern)(text) is naive(pattern, text)


@given(pattern=st.text("aB*?", max_size=8), text=st.text("Ab", max_size=10))
def test_matches_without_regard_to_case(pattern: str, text: str) -> None:
    assert matcher(pattern, ignore_case=True)(text) is naive(pattern.lower(), text.lower())


def test_no_pattern_takes_long() -> None:
    assert not matcher("*a" * 40 + "c")("a" * 5_000 + "b")


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("arn:aws:execute-api:us-east-1:1:api/*/GET/users", "arn:aws:execute-api:us-east-1:1:api/Prod/GET/users", True),
        ("arn:aws:execute-api:*:*:api/*", "arn:aws:execute-api:us-east-1:1:api/a/GET/", True),
        ("arn:aws:*:1:api/*", "arn:aws:execute-api:us-east-1:1:api/a/GET/", False),
        ("arn:aws:execute-api:*:*:api/*", "arn:aws:execute-api", False),
        ("*", "arn:aws:execute-api:us-east-1:1:api/a/GET/", True),
        ("*api*", "arn:aws:execute-api:us-east-1:1:api/a/GET/", False),
    ],
)
def test_an_arn_is_matched_part_by_part(pattern: str, arn: str, expected: bool) -> None:
    assert arn_matcher(pattern)(arn) is expected
