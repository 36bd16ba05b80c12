"""A histogram of times in buckets that grow by 2 %: percentiles are true to 1 %, and two histograms add up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

FLOOR_MS = 0.05
"""What is faster counts as this."""
GROWTH = 1.02
_LOG_GROWTH = math.log(GROWTH)

Buckets = dict[int, int]
"""How many times fell into a bucket, by the bucket's number."""


def bucket_of(milliseconds: float) -> int:
    """The number of the bucket that holds a time."""
    return 0 if milliseconds <= FLOOR_MS else int(math.log(milliseconds / FLOOR_MS) / _LOG_GROWTH) + 1


def middle(bucket: int) -> float:
    """The time in milliseconds that stands for a bucket: its geometric middle."""
    return FLOOR_MS if bucket == 0 else FLOOR_MS * GROWTH ** (bucket - 0.5)


def merged(histograms: Iterable[Mapping[int, int]]) -> Buckets:
    """All of them as one."""
    total: Buckets = {}
    for histogram in histograms:
        for bucket, count in histogram.items():
            total[bucket] = total.get(bucket, 0) + count
    return total


def percentile(buckets: Mapping[int, int], share: float) -> float:
    """The time that `share` (0.95) of all are not above, by nearest rank; 0 where there are none."""
    total = sum(buckets.values())
    if total == 0:
        return 0.0
    rank = max(1, math.ceil(share * total))
    passed = 0
    for bucket in sorted(buckets):
        passed += buckets[bucket]
        if passed >= rank:
            return middle(bucket)
    return middle(max(buckets))
