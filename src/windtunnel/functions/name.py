"""A function's name, as callers write it: a name, a partial ARN or a full ARN, each with a qualifier or without.

Source: AWS Lambda API Reference, Invoke, FunctionName: "my-function (name-only), my-function:v1 (with alias)",
"arn:aws:lambda:us-west-2:123456789012:function:my-function", "123456789012:function:my-function".
"""

from __future__ import annotations

import re
from typing import NamedTuple

NAME = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?"
    r"(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):)?"
    r"(?:(?P<account>\d{12}):)?"
    r"(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_]+)"
    r"(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)


class FunctionName(NamedTuple):
    """The parts that were written; "" where one was not."""

    account: str
    region: str
    name: str
    qualifier: str


def parse_name(text: str) -> FunctionName | None:
    """The parts of a function's name or ARN; None where it is neither."""
    found = NAME.fullmatch(text)
    if found is None:
        return None
    return FunctionName(found["account"] or "", found["region"] or "", found["name"], found["qualifier"] or "")


def function_arn(account: str, region: str, name: str, qualifier: str = "") -> str:
    """A function's ARN, with its qualifier where there is one."""
    arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
    return f"{arn}:{qualifier}" if qualifier else arn
