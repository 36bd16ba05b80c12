from __future__ import annotations

from collections.abc import Callable
from typing import Any

from windtunnel.engines import EngineStatus
from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.samples import BEGAN, ENDED, Mark, Samples
from windtunnel.load.watch import MUTE_SECONDS, SILENT_SECONDS, WAITING_SECONDS, Watch

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
    assert next(text for text in said if text) == (
        "the engine died: its last answer came 5 s before, 15 s into the run"
    )


class Flight:
    """A run that is looked at once a second, with a generator that tells what its users did."""

    def __init__(self, state: str = "up", *, local: bool = True) -> None:
        self.now = ORIGIN + 0.5
        self.samples = Samples()
        self.samples.mark(Mark(BEGAN, ORIGIN))
        self.recorder = Recorder("one", lambda: self.now)
        self.watching = watch(FakeEngine(state), local=local)

    def request(self, kind: str = "", endpoint: str = "POST /users") -> None:
        self.recorder.sent()
        self.recorder.ended(Ended(endpoint, kind, 1.0))

    def second(self) -> str:
        self.samples.take(self.recorder.flush(1, 0.0))
        found = self.watching.trouble(self.samples, self.now)
        self.now += 1
        return found


def test_one_that_is_up_has_the_time_that_api_gateway_takes_and_no_more() -> None:
    flight = Flight("up")
    flight.request()
    flight.second()
    flight.recorder.sent()

    said = [flight.second() for _ in range(int(WAITING_SECONDS) + 3)]

    assert not any(said[: int(WAITING_SECONDS)])
    assert "nothing was answered for" in said[-1]


def test_one_that_does_not_tell_how_it_is_has_less() -> None:
    flight = Flight("broken")
    flight.request()
    flight.second()
    flight.recorder.sent()

    said = [flight.second() for _ in range(int(SILENT_SECONDS) + 3)]

    assert not any(said[: int(SILENT_SECONDS)])
    assert "nothing was answered for" in said[-1]


def test_users_who_think_for_a_minute_are_no_trouble() -> None:
    flight = Flight("up")

    said = []
    for second in range(180):
        if second % 60 == 0:
            flight.request()
        said.append(flight.second())

    assert not any(said)


def test_requests_that_take_as_long_as_they_may_are_no_trouble() -> None:
    flight = Flight("up")

    said = []
    for second in range(120):
        if second % 29 == 0:
            if second:
                flight.recorder.ended(Ended("POST /users", "", 29_000.0))
            flight.recorder.sent()
        said.append(flight.second())

    assert not any(said)


def test_one_error_between_long_thoughts_is_no_trouble() -> None:
    flight = Flight("up")
    flight.request()

    said = []
    for second in range(60):
        if second == 30:
            flight.request("502")
        said.append(flight.second())

    assert not any(said)


def test_where_nobody_is_nobody_answers() -> None:
    flight = Flight("up")

    assert not any(flight.second() for _ in range(100))


def test_errors_and_probes_are_no_answers() -> None:
    flight = Flight("up", local=False)

    said = []
    for _ in range(int(SILENT_SECONDS) + 3):
        flight.request("502")
        flight.request(endpoint="probe gateway")
        said.append(flight.second())

    assert not any(said[: int(SILENT_SECONDS)])
    assert "nothing was answered as expected for" in said[-1]


def test_a_generator_that_tells_nothing_any_more_is_lost() -> None:
    flight = Flight("up")
    other = Recorder("two", lambda: flight.now)
    for _ in range(3):
        flight.request()
        flight.samples.take(other.flush(1, 0.0))
        flight.second()

    said = []
    for _ in range(int(MUTE_SECONDS) + 2):
        flight.request()
        said.append(flight.second())

    assert not any(said[: int(MUTE_SECONDS)])
    assert "the load generator two has told nothing for" in said[-1]


def test_a_generator_that_left_between_two_tests_is_not_missed() -> None:
    flight = Flight("up")
    flight.samples.take(Recorder("two", lambda: flight.now).flush(1, 0.0))
    flight.second()
    flight.samples.mark(Mark(ENDED, flight.now))
    flight.second()
    flight.samples.mark(Mark(BEGAN, flight.now))

    assert not any(flight.second() for _ in range(30))


def test_a_run_that_is_ending_is_left_alone(make_samples: Callable[..., Samples]) -> None:
    assert watch(FakeEngine("down")).trouble(make_samples(seconds=10), ORIGIN + 500.0) == ""
