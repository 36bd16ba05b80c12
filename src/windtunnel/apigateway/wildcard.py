"""Wildcards of IAM: `*` is any number of characters, `?` is one.

Source: IAM User Guide, "IAM JSON policy elements: Resource". Matching takes no more than about length times length: the
part before each further `*` is found once and for all (an atomic group), so no pattern makes it backtrack.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Matcher = Callable[[str], bool]


def matcher(pattern: str, *, ignore_case: bool = False) -> Matcher:
    """A function that says whether a whole text matches the pattern."""
    if pattern == "*":
        return lambda text: True
    if "*" not in pattern and "?" not in pattern:
        if ignore_case:
            lowered = pattern.lower()
            return lambda text: text.lower() == lowered
        return lambda text: text == pattern
    first, *rest = (re.escape(part).replace(r"\?", ".") for part in re.split(r"\*+", pattern))
    expression = first
    if rest:
        *middle, last = rest
        expression += "".join(f"(?>.*?{part})" for part in middle) + f".*{last}"
    match = re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0)).fullmatch
    return lambda text: match(text) is not None


def arn_matcher(pattern: str) -> Matcher:
    """As the condition operator ArnLike: each of an ARN's six parts is matched by itself; `*` alone is any ARN.

    Source: IAM User Guide, "Amazon Resource Name (ARN) condition operators".
    """
    if pattern == "*":
        return matcher(pattern)
    parts = pattern.split(":", 5)
    if len(parts) != 6:
        return lambda text: False
    matchers = [matcher(part) for part in parts]

    def matches(text: str) -> bool:
        values = text.split(":", 5)
        return len(values) == 6 and all(match(value) for match, value in zip(matchers, values, strict=True))

    return matches
