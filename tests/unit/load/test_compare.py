from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from windtunnel.load.compare import LESS, MORE, NOISE, SHORT, Change, Run, compare
from windtunnel.load.figures import Stretch
from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.samples import Samples

ORIGIN = 1_795_000_000


def a_run(seed: int, *, slower: float = 1.0, rate: int = 40, seconds: int = 60) -> Run:
    """A run whose rate and times differ from second to second, as real ones do."""
    chance = random.Random(seed)
    now = [0.0]
    samples, recorder = Samples(), Recorder("one", lambda: now[0])
    for second in range(seconds):
        now[0] = ORIGIN + second
        for _ in range(max(1, round(chance.gauss(rate, 4)))):
            recorder.sent()
            recorder.ended(Ended("POST /users", "", chance.lognormvariate(2.3, 0.5) * slower))
        samples.take(recorder.flush(10, 0.0))
    return Run(samples, Stretch(ORIGIN, ORIGIN + seconds))


def by_metric(changes: list[Change], endpoint: str = "all") -> dict[str, Change]:
    return {change.metric: change for change in changes if change.endpoint == endpoint}


def test_two_runs_of_the_same_are_noise() -> None:
    wrong = 0
    for seed in range(4):
        found = by_metric(compare(a_run(seed), a_run(seed + 100)))
        wrong += sum(1 for change in found.values() if change.judged in (MORE, LESS))

    # six figures each, at 98 %: one or two of these 24 may be wrong, not more
    assert wrong <= 2


def test_a_third_slower_is_no_noise() -> None:
    found = by_metric(compare(a_run(1), a_run(2, slower=1.33)))

    for metric in ("p50", "p95", "p99"):
        assert found[metric].judged == MORE
        assert found[metric].better is False
        share = found[metric].share
        assert share is not None
        assert found[metric].low <= share <= found[metric].high
    assert found["rate"].judged == NOISE


def test_more_answers_are_better() -> None:
    found = by_metric(compare(a_run(1, rate=40), a_run(2, rate=60)))

    assert (found["rate"].judged, found["rate"].better) == (MORE, True)


def test_a_short_run_proves_nothing() -> None:
    found = compare(a_run(1), a_run(2, slower=3.0, seconds=12))

    assert {change.judged for change in found} == {SHORT}


def test_the_same_question_has_the_same_answer() -> None:
    one, other = a_run(1), a_run(2, slower=1.05)

    assert compare(one, other) == compare(one, other)


def test_only_what_both_have_is_compared(make_samples: Callable[..., Samples]) -> None:
    stretch = Stretch(ORIGIN, ORIGIN + 30)
    one = Run(make_samples(endpoints=("GET /a", "GET /b", "probe gateway")), stretch)
    other = Run(make_samples(endpoints=("GET /b", "GET /c", "probe gateway")), stretch)

    assert {change.endpoint for change in compare(one, other)} == {"all", "GET /b"}


def test_what_was_nothing_has_no_share() -> None:
    change = Change("all", "errors", 0.0, 0.1, MORE)

    assert change.share is None
    assert change.better is False
    assert by_metric(compare(a_run(1), a_run(2)))["errors"].share is None
    assert pytest.approx(0.5) == Change("all", "rate", 2.0, 3.0, MORE).share
