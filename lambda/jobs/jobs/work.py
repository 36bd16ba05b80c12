"""The work itself: a pure function for each kind of job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from proxy_integration.errors import FieldError

MAX_TEXT = 50_000
"""Characters: the job has to fit into an item of 400 KB."""
MAX_NUMBERS = 1000


class WorkFailed(Exception):
    """The work cannot be done; the message is for who ordered it."""


def count_words(payload: Mapping[str, Any]) -> dict[str, Any]:
    """`text` → how many words it has, how many different ones, and which is the most frequent."""
    words = Counter(payload["text"].lower().split())
    if not words:
        raise WorkFailed("the text has no words")
    word, times = min(words.items(), key=lambda entry: (-entry[1], entry[0]))
    return {"words": words.total(), "different": len(words), "mostFrequent": word, "times": times}


def describe_numbers(payload: Mapping[str, Any]) -> dict[str, Any]:
    """`numbers` → their count, sum, least, greatest and mean."""
    numbers = [Decimal(str(number)) for number in payload["numbers"]]
    if not numbers:
        raise WorkFailed("there are no numbers to describe")
    total = sum(numbers, Decimal(0))
    # 15 digits are what a JSON reader keeps
    mean = round(total / len(numbers), 12)
    return {"count": len(numbers), "sum": total, "min": min(numbers), "max": max(numbers), "mean": mean}


def _text(payload: Mapping[str, Any]) -> FieldError | None:
    text = payload.get("text")
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        return FieldError("payload.text", f"must be a string of at most {MAX_TEXT} characters")
    return None


def _numbers(payload: Mapping[str, Any]) -> FieldError | None:
    numbers = payload.get("numbers")
    if not isinstance(numbers, list) or len(numbers) > MAX_NUMBERS or not all(_is_small(n) for n in numbers):
        return FieldError(
            "payload.numbers",
            f"must be an array of at most {MAX_NUMBERS} numbers, up to 10^12 with 12 decimals at most",
        )
    return None


def _is_small(number: object) -> bool:
    """A number whose sums are exact in the 28 digits of a Decimal."""
    if isinstance(number, bool) or not isinstance(number, int | Decimal) or not -(10**12) <= number <= 10**12:
        return False
    exponent = Decimal(number).as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -12


KINDS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = MappingProxyType(
    {"count-words": count_words, "describe-numbers": describe_numbers}
)
RULES: Mapping[str, Callable[[Mapping[str, Any]], FieldError | None]] = MappingProxyType(
    {"count-words": _text, "describe-numbers": _numbers}
)
"""What is checked of a payload before its job is accepted."""
