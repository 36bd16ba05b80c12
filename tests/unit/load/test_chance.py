from __future__ import annotations

import math
import random
from itertools import combinations

import pytest

from windtunnel.load.chance import chance, correlation, more_than_chance


def noise(seed: int, number: int) -> list[float]:
    """Deviations that sum up to nothing."""
    source = random.Random(seed)
    found = [source.gauss(0, 1) for _ in range(number)]
    return [value - sum(found) / number for value in found]


def test_the_limit_is_that_of_all_deals() -> None:
    deviations = noise(3, 10)
    every = sorted(
        abs(
            correlation(
                [*(deviations[at] for at in dealt), *(d for at, d in enumerate(deviations) if at not in dealt)], 5
            )
        )
        for dealt in combinations(range(10), 5)
    )

    found = chance([deviations], first=5, wrong=0.05, seed=1)

    # 252 deals, each of which differs from the next by little
    assert found.limit == pytest.approx(every[math.ceil(0.95 * 252) - 1], abs=0.02)


def test_more_figures_need_a_larger_difference() -> None:
    one = chance([noise(0, 20)], first=10, wrong=0.01, seed=1)
    thirty = chance([noise(seed, 20) for seed in range(30)], first=10, wrong=0.01, seed=1)

    assert one.limit + 0.1 < thirty.limit < 1
    assert chance([noise(0, 20)] * 30, first=10, wrong=0.01, seed=1).limit == one.limit


def test_one_of_a_hundred_comparisons_of_equals_exceeds_it() -> None:
    exceeded = 0
    for seed in range(100):
        figures = [noise(100 * seed + number, 20) for number in range(10)]
        limit = chance(figures, first=10, wrong=0.05, seed=seed, deals=400)
        exceeded += any(limit.exceeded(correlation(figure, 10)) for figure in figures)

    # 5 are to be expected; more than 12 in one of a thousand such tests
    assert exceeded <= 12


def test_a_difference_in_every_block_exceeds_it_in_its_direction() -> None:
    up = [-1.0, -1.1, -0.9, -1.0, -1.0, -1.2, -0.8, -1.0, 1.0, 1.1, 0.9, 1.0, 1.2, 0.8, 1.0, 1.0]
    limit = chance([up, *(noise(seed, 16) for seed in range(20))], first=8, wrong=0.01, seed=1)

    assert correlation(up, 8) > 0.99
    assert correlation([-value for value in up], 8) < -0.99
    assert limit.exceeded(correlation(up, 8))
    assert limit.exceeded(-correlation(up, 8))


def test_runs_of_different_lengths_are_dealt_as_they_are() -> None:
    deviations = noise(5, 60)

    short_first = chance([deviations], first=10, wrong=0.05, seed=1)
    short_second = chance([deviations], first=50, wrong=0.05, seed=1)

    assert short_first.limit == pytest.approx(short_second.limit)
    # Student's t with 58 degrees of freedom, two-sided, at 5 %: 2.00
    assert short_first.errors == pytest.approx(2.0, abs=0.15)


def test_what_does_not_differ_at_all_exceeds_nothing() -> None:
    rounding = [1e-13, -1e-13] * 8
    limit = chance([[0.0] * 16, rounding], first=8, wrong=0.01, seed=1)

    assert correlation(rounding, 8) == 0.0
    assert limit.limit == 0.0
    assert not limit.exceeded(correlation([0.0] * 16, 8))


def test_what_is_found_makes_it_no_harder_to_find_the_others() -> None:
    clear = [-1.0] * 10 + [1.0] * 10
    figures = [[clear[at] + deviation / 20 for at, deviation in enumerate(noise(seed, 20))] for seed in range(12)]
    others = [noise(seed, 20) for seed in range(50, 58)]

    found, limit = more_than_chance([*figures, *others], first=10, wrong=0.05, seed=1)

    assert found == set(range(12))
    assert limit == chance(others, first=10, wrong=0.05, seed=1)
    assert limit.limit < chance([*figures, *others], first=10, wrong=0.05, seed=1).limit


def test_all_may_differ_and_none() -> None:
    clear = [-1.0] * 10 + [1.0] * 10

    assert more_than_chance([clear, clear], first=10, wrong=0.05, seed=1)[0] == {0, 1}
    assert more_than_chance([noise(1, 20)], first=10, wrong=0.05, seed=1)[0] == set()
