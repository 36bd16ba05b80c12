from __future__ import annotations

from collections.abc import Callable

import pytest

from windtunnel.load.figures import ALL, Stretch, measured_stretch, series, summarise
from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.samples import BEGAN, Mark, Samples

ORIGIN = 1_795_000_000


def test_the_warm_up_is_left_out_and_only_whole_seconds_count(make_samples: Callable[..., Samples]) -> None:
    samples = make_samples(seconds=30)
    later = Samples()
    later.mark(Mark(BEGAN, ORIGIN + 0.4))

    assert measured_stretch(samples, 5, 0.0) == Stretch(ORIGIN + 5, ORIGIN + 30)
    assert measured_stretch(later, 5, ORIGIN + 12.9) == Stretch(ORIGIN + 6, ORIGIN + 12)


def test_figures_are_of_the_stretch_only(make_samples: Callable[..., Samples]) -> None:
    samples = make_samples(seconds=30, rate=10, milliseconds=(10.0,), endpoints=("POST /users",))

    figures = summarise(samples, Stretch(ORIGIN + 5, ORIGIN + 15))["POST /users"]

    assert (figures.requests, figures.seconds, figures.rate) == (100, 10, 10.0)
    assert figures.p50 == pytest.approx(10.0, rel=0.011)
    assert figures.mean == pytest.approx(10.0)
    assert figures.received_bytes == 20_000


def test_probes_and_clearing_up_are_no_part_of_the_whole(make_samples: Callable[..., Samples]) -> None:
    samples = make_samples(seconds=10, rate=4, endpoints=("POST /users", "probe gateway", "clearing up"))

    figures = summarise(samples, Stretch(ORIGIN, ORIGIN + 10))

    assert list(figures) == [ALL, "POST /users", "clearing up", "probe gateway"]
    assert figures[ALL].requests == 40


def test_several_workers_are_one_whole(make_samples: Callable[..., Samples]) -> None:
    one, two = make_samples(workers=1), make_samples(workers=2)
    stretch = Stretch(ORIGIN, ORIGIN + 30)

    assert summarise(two, stretch)[ALL].rate == 2 * summarise(one, stretch)[ALL].rate
    assert series(two, stretch, ORIGIN)[10].users == 20


def test_a_second_in_which_nothing_came_is_there_with_nothing(make_samples: Callable[..., Samples]) -> None:
    samples = make_samples(seconds=5)
    del samples.cells[ORIGIN + 3]

    seconds = series(samples, Stretch(ORIGIN, ORIGIN + 5), ORIGIN)

    assert [second.offset for second in seconds] == [0, 1, 2, 3, 4]
    assert [second.rate for second in seconds] == [20, 20, 20, 0, 20]


def test_shares_are_of_all_that_came_to_an_end() -> None:
    samples = Samples()
    recorder = Recorder("one", lambda: float(ORIGIN))
    for kind in ("", "", "", "", "", "", "", "429", "502", "502"):
        recorder.sent()
        recorder.ended(Ended("GET /", kind, 1.0))
    samples.take(recorder.flush(users=1, cpu=0.0))

    figures = summarise(samples, Stretch(ORIGIN, ORIGIN + 1))[ALL]

    assert (figures.error_share, figures.throttled_share, figures.rate) == (0.2, 0.1, 7.0)
