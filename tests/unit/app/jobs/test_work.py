from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from jobs.work import WorkFailed, count_words, describe_numbers


def test_words_are_counted_without_their_case() -> None:
    assert count_words({"text": "The cat and the hat"}) == {
        "words": 5,
        "different": 4,
        "mostFrequent": "the",
        "times": 2,
    }


def test_of_words_that_are_as_frequent_the_first_in_the_alphabet_counts() -> None:
    assert count_words({"text": "b a"})["mostFrequent"] == "a"


def test_numbers_are_described_exactly() -> None:
    assert describe_numbers({"numbers": [Decimal("0.1"), Decimal("0.2"), 3]}) == {
        "count": 3,
        "sum": Decimal("3.3"),
        "min": Decimal("0.1"),
        "max": Decimal(3),
        "mean": Decimal("1.1"),
    }


@pytest.mark.parametrize(
    ("work", "payload"), [(count_words, {"text": "  "}), (describe_numbers, {"numbers": []})], ids=["text", "numbers"]
)
def test_of_nothing_no_work_can_be_done(work: Any, payload: dict[str, Any]) -> None:
    with pytest.raises(WorkFailed, match="no "):
        work(payload)
