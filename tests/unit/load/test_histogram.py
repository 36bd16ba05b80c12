from __future__ import annotations

import random
import statistics

import pytest

from windtunnel.load.histogram import bucket_of, merged, middle, percentile


@pytest.mark.parametrize("milliseconds", [0.06, 0.4, 1.0, 7.77, 29.0, 1234.5, 29_000.0])
def test_a_bucket_stands_for_its_times_to_one_percent(milliseconds: float) -> None:
    assert middle(bucket_of(milliseconds)) == pytest.approx(milliseconds, rel=0.0101)


def test_percentiles_are_those_of_the_times() -> None:
    chance = random.Random(7)
    times = [chance.lognormvariate(2, 0.6) for _ in range(20_000)]
    buckets: dict[int, int] = {}
    for time in times:
        buckets[bucket_of(time)] = buckets.get(bucket_of(time), 0) + 1

    cut = statistics.quantiles(times, n=100)

    assert percentile(buckets, 0.50) == pytest.approx(cut[49], rel=0.015)
    assert percentile(buckets, 0.95) == pytest.approx(cut[94], rel=0.015)
    assert percentile(buckets, 0.99) == pytest.approx(cut[98], rel=0.015)


def test_the_nearest_rank_is_taken() -> None:
    buckets = {bucket_of(10.0): 99, bucket_of(500.0): 1}

    assert percentile(buckets, 0.99) == pytest.approx(10.0, rel=0.011)
    assert percentile(buckets, 0.995) == pytest.approx(500.0, rel=0.011)


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.95) == 0.0


def test_histograms_add_up() -> None:
    assert merged([{1: 2, 3: 1}, {3: 4}, {}]) == {1: 2, 3: 5}
