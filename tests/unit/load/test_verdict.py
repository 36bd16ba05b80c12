from __future__ import annotations

from dataclasses import replace

import pytest

from windtunnel.load.figures import Figures
from windtunnel.load.targets import Target
from windtunnel.load.verdict import judge, sentence

FIGURES = Figures("all", 20, 1000, 980, 10, 10, 12.0, 40.0, 90.0, 15.0, 200.0, 0, 0)


def test_targets_that_are_reached_to_the_point_are_met() -> None:
    targets = (Target("all", "p95_ms", 40.0), Target("all", "throughput", 49.0), Target("all", "error_share", 0.01))

    verdict = judge(targets, {"all": FIGURES})

    assert verdict.met
    assert [judged.actual for judged in verdict.judged] == [40.0, 49.0, 0.01]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target("all", "p95_ms", 20.0), "all: p95 40.0 ms (target ≤ 20.0 ms), missed by 100%"),
        (Target("all", "p95_ms", 0.4), "all: p95 40.0 ms (target ≤ 0.40 ms), missed: 100 times the target"),
        (Target("all", "throughput", 98.0), "all: throughput 49.0/s (target ≥ 98.0/s), missed: 50.0% of the target"),
        (Target("all", "error_share", 0.001), "all: errors 1.00% (target ≤ 0.10%), missed: 10 times the target"),
        (Target("all", "throttled_share", 0.0), "all: 429s 1.00% (target ≤ 0.00%)"),
        (Target("GET /nowhere", "p50_ms", 5.0), "GET /nowhere: p50 nothing measured (target ≤ 5.00 ms)"),
    ],
)
def test_a_missed_target_says_by_how_much(target: Target, said: str) -> None:
    verdict = judge((target,), {"all": FIGURES})

    assert not verdict.met
    assert sentence(verdict.missed[0]) == said


def test_a_met_target_says_what_there_is_to_spare() -> None:
    (ceiling,) = judge((Target("all", "p95_ms", 80.0),), {"all": FIGURES}).judged
    (floor,) = judge((Target("all", "throughput", 24.5),), {"all": FIGURES}).judged

    assert sentence(ceiling).endswith("50% to spare")
    assert sentence(floor).endswith("2.0 times the target")


def test_a_run_that_failed_is_not_met_whatever_its_figures() -> None:
    verdict = judge((Target("all", "p95_ms", 80.0),), {"all": FIGURES}, reason="the engine died")

    assert not verdict.met
    assert verdict.missed == ()


def test_a_run_in_which_nothing_came_to_an_end_is_not_met() -> None:
    verdict = judge((), {"all": replace(FIGURES, requests=0, good=0, throttled=0, errors=0)})

    assert not verdict.met
    assert "nothing was measured" in verdict.reason
