"""Source: AWS Lambda API Reference, Invoke, FunctionName: names, partial and full ARNs, "a version number or alias"."""

from __future__ import annotations

import pytest

from windtunnel.functions.name import FunctionName, function_arn, parse_name


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("my-function", ("", "", "my-function", "")),
        ("my-function:v1", ("", "", "my-function", "v1")),
        ("my-function:$LATEST", ("", "", "my-function", "$LATEST")),
        ("function:my-function", ("", "", "my-function", "")),
        ("123456789012:function:my-function", ("123456789012", "", "my-function", "")),
        ("123456789012:function:my-function:7", ("123456789012", "", "my-function", "7")),
        (
            "arn:aws:lambda:us-west-2:123456789012:function:my-function",
            ("123456789012", "us-west-2", "my-function", ""),
        ),
        (
            "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f:live",
            ("123456789012", "us-gov-west-1", "f", "live"),
        ),
    ],
)
def test_a_name_is_read_in_every_form(text: str, parts: tuple[str, str, str, str]) -> None:
    assert parse_name(text) == FunctionName(*parts)


@pytest.mark.parametrize("text", ["", "a b", "f:", "f:v1:v2", "arn:aws:s3:::bucket", "f/../g", "é", "f\n"])
def test_what_is_no_name_is_none(text: str) -> None:
    assert parse_name(text) is None


def test_an_arn_has_its_qualifier_where_there_is_one() -> None:
    assert function_arn("0", "eu-west-1", "f") == "arn:aws:lambda:eu-west-1:0:function:f"
    assert function_arn("0", "eu-west-1", "f", "live") == "arn:aws:lambda:eu-west-1:0:function:f:live"
