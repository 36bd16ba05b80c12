from __future__ import annotations

from collections.abc import Callable
from typing import Any

from windtunnel.engines import EngineStatus
from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.samples import BEGAN, Mark, Samples
from windtunnel.load.watch import SILENT_SECONDS, Watch

ORIGIN = 1_795_000_000


class FakeEngine:
    """An engine of which only the state is asked."""

    def __init__(self, state: str) -> None:
        self.state = state
        self.asked = 0

    def status(self) -> EngineStatus:
        self.asked += 1
        return EngineStatus(self.state, "not started")


def running(make_samples: Callable[..., Samples], seconds: int = 10) -> Samples:
    samples = make_samples(seconds=seconds)
    samples.marks = samples.marks[:1]
    return samples


def watch(engine: Any, *, local: bool = True) -> Watch:
    return Watch(engine, local=local)


def test_an_engine_that_answers_is_not_asked(make_samples: Callable[..., Samples]) -> None:
    engine = FakeEngine("down")

    assert watch(engine).trouble(running(make_samples), ORIGIN + 10.5) == ""
    assert engine.asked == 0


def test_an_engine_that_is_gone_ends_the_run(make_samples: Callable[..., Samples]) -> None:
    watching, samples = watch(FakeEngine("down")), running(make_samples)

    said = [watching.trouble(samples, ORIGIN + 13.0 + half / 2) for half in range(8)]

    assert said[0] == ""  # it may be starting again
    assert next(text for text in said if text) == "the engine died: its last answer came 10 s into the run"


def test_one_that_is_up_gets_its_time_and_no_more(make_samples: Callable[..., Samples]) -> None:
    watching, samples = watch(FakeEngine("up")), running(make_samples)

    assert watching.trouble(samples, ORIGIN + 10 + SILENT_SECONDS - 1) == ""
    assert "nothing was answered as expected for" in watching.trouble(samples, ORIGIN + 11 + SILENT_SECONDS)


def test_errors_and_probes_are_no_answers() -> None:
    samples, recorder = Samples(), Recorder("one", lambda: ORIGIN + 29.0)
    samples.mark(Mark(BEGAN, ORIGIN))
    for endpoint, kind in (("POST /users", "502"), ("probe gateway", "")):
        recorder.sent()
        recorder.ended(Ended(endpoint, kind, 1.0))
    samples.take(recorder.flush(1, 0.0))

    assert "30 s into the run" in watch(FakeEngine("up"), local=False).trouble(samples, ORIGIN + 30.0)


def test_a_run_that_is_ending_is_left_alone(make_samples: Callable[..., Samples]) -> None:
    assert watch(FakeEngine("down")).trouble(make_samples(seconds=10), ORIGIN + 500.0) == ""
