from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from windtunnel.load.compare import (
    FEW,
    LEAST_SECONDS,
    LESS,
    MORE,
    NO_ANSWERS,
    NOISE,
    SHORT,
    Change,
    Run,
    compare,
)
from windtunnel.load.figures import Stretch, summarise
from windtunnel.load.histogram import middle
from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.sample import Cell
from windtunnel.load.samples import Samples

ORIGIN = 1_795_000_000


def a_run(seed: int, *, slower: float = 1.0, rate: int = 40, seconds: int = 60, broken: float = 0.0) -> Run:
    """A run whose rate and times differ from second to second, as real ones do; a share of it is `broken`."""
    chance = random.Random(seed)
    now = [0.0]
    samples, recorder = Samples(), Recorder("one", lambda: now[0])
    for second in range(seconds):
        now[0] = ORIGIN + second
        for _ in range(max(1, round(chance.gauss(rate, 4)))):
            recorder.sent()
            kind = "502" if chance.random() < broken else ""
            recorder.ended(Ended("POST /users", kind, chance.lognormvariate(2.3, 0.5) * slower))
        samples.take(recorder.flush(10, 0.0))
    return Run(samples, Stretch(ORIGIN, ORIGIN + seconds))


def constant(milliseconds: float) -> Run:
    """A run in which every answer takes the same time."""
    samples = Samples()
    for second in range(50):
        cell = Cell()
        for _ in range(30):
            cell.take_good(milliseconds)
        samples.cells[ORIGIN + second] = {"POST /users": cell}
    return Run(samples, Stretch(ORIGIN, ORIGIN + 50))


def by_metric(changes: list[Change], endpoint: str = "all") -> dict[str, Change]:
    return {change.metric: change for change in changes if change.endpoint == endpoint}


def test_two_runs_of_the_same_are_noise() -> None:
    wrong = sum(
        any(change.judged in (MORE, LESS) for change in compare(a_run(seed), a_run(seed + 100))) for seed in range(6)
    )

    # three comparisons of a hundred may find any change: three of these six would be one test of 2,000
    assert wrong <= 2


def test_a_third_slower_is_no_noise() -> None:
    found = by_metric(compare(a_run(1), a_run(2, slower=1.33)))

    for metric in ("p50", "p95", "p99"):
        assert found[metric].judged == MORE
        assert found[metric].better is False
        share = found[metric].share
        assert share is not None
        assert 0 < found[metric].low < share < found[metric].high
    assert found["rate"].judged == NOISE
    assert found["rate"].low < 0 < found["rate"].high


def test_a_third_faster_is_as_clear() -> None:
    found = by_metric(compare(a_run(1, slower=1.33), a_run(2)))

    assert {found[metric].judged for metric in ("p50", "p95", "p99")} == {LESS}
    assert found["p95"].better is True
    assert found["p95"].low < found["p95"].high < 0


def test_the_range_of_a_change_is_at_one_with_its_judgement() -> None:
    judged = set()
    for slower in (1.0, 1.05, 1.10, 1.15, 1.20):
        for change in compare(a_run(1, rate=60), a_run(2, rate=60, slower=slower)):
            judged.add(change.judged)
            if change.judged in (MORE, LESS):
                assert (change.low >= 0) if change.judged == MORE else (change.high <= 0)
            elif change.share is not None and abs(change.share) > 0.03:
                assert change.low <= 0 <= change.high

    assert {MORE, NOISE} <= judged


def test_a_tenth_is_found_in_a_run_of_a_minute() -> None:
    found = by_metric(compare(a_run(1, rate=400, seconds=49), a_run(2, rate=400, seconds=49, slower=1.10)))

    assert (found["p50"].judged, found["p95"].judged) == (MORE, MORE)


def test_figures_are_those_of_the_report() -> None:
    run = a_run(1, seconds=49)
    reported = summarise(run.samples, run.stretch)["all"]

    found = by_metric(compare(run, run))

    assert (found["rate"].before, found["p95"].after) == (reported.rate, reported.p95)


@pytest.mark.parametrize("bucket", [5, 241, 242, 243, 244, 350])
def test_neighbouring_buckets_are_the_same_time(bucket: int) -> None:
    lower, upper, far = (constant(middle(at)) for at in (bucket, bucket + 1, bucket + 2))

    rise, fall = by_metric(compare(lower, upper)), by_metric(compare(upper, lower))
    larger, smaller = by_metric(compare(lower, far)), by_metric(compare(far, lower))

    for metric in ("p50", "p95", "p99"):
        assert (rise[metric].judged, fall[metric].judged) in ((NOISE, NOISE), (FEW, FEW))
    assert (larger["p95"].judged, smaller["p95"].judged) == (MORE, LESS)


def test_more_answers_are_better() -> None:
    found = by_metric(compare(a_run(1, rate=40), a_run(2, rate=60)))

    assert (found["rate"].judged, found["rate"].better) == (MORE, True)


def test_a_short_run_proves_nothing() -> None:
    found = compare(a_run(1), a_run(2, slower=3.0, seconds=12))

    assert {change.judged for change in found} == {SHORT}
    assert {change.judged for change in compare(a_run(1), a_run(2, seconds=LEAST_SECONDS - 1))} == {SHORT}
    assert SHORT not in {change.judged for change in compare(a_run(1), a_run(2, seconds=LEAST_SECONDS))}


def test_a_percentile_of_few_answers_proves_nothing() -> None:
    found = by_metric(compare(a_run(1, rate=10, seconds=50), a_run(2, rate=10, seconds=50, slower=3.0)))

    # 500 answers: 5 are above p99, 25 above p95
    assert (found["p50"].judged, found["p95"].judged, found["p99"].judged) == (MORE, MORE, FEW)


def test_without_answers_there_are_no_times() -> None:
    fine, broken = a_run(1, rate=20, seconds=50), a_run(2, rate=20, seconds=50, broken=1.0)

    breaks, heals = by_metric(compare(fine, broken)), by_metric(compare(broken, fine))

    for metric in ("p50", "p95", "p99"):
        assert (breaks[metric].judged, breaks[metric].better) == (NO_ANSWERS, None)
        assert (breaks[metric].after, breaks[metric].share) == (None, None)
        assert (heals[metric].judged, heals[metric].better, heals[metric].before) == (NO_ANSWERS, None, None)
    assert (breaks["errors"].judged, breaks["errors"].better) == (MORE, False)
    assert (breaks["rate"].judged, breaks["rate"].better) == (LESS, False)
    assert (heals["errors"].better, heals["rate"].better) == (True, True)


def test_without_answers_in_a_short_run_there_are_no_times() -> None:
    found = by_metric(compare(a_run(1, seconds=10), a_run(2, seconds=10, broken=1.0)))

    assert (found["p95"].judged, found["p95"].after, found["rate"].judged) == (NO_ANSWERS, None, SHORT)


def test_errors_in_one_block_may_be_chance() -> None:
    fine, burst = a_run(1), a_run(2)
    for _ in range(200):
        burst.samples.cells[ORIGIN + 17]["POST /users"].take_error("502")

    found = by_metric(compare(fine, burst))["errors"]

    assert (found.before, found.judged) == (0.0, NOISE)


def test_a_long_run_and_a_short_one_are_compared() -> None:
    found = by_metric(compare(a_run(1, seconds=300), a_run(2, seconds=50, slower=1.5)))

    assert (found["p95"].judged, found["rate"].judged) == (MORE, NOISE)


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
