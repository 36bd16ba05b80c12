from __future__ import annotations

from windtunnel.errors import WindtunnelError
from windtunnel.load.capacity import Consumed, Counted
from windtunnel.load.meter import CapacityMeter


class Engine:
    """Tells of as many writes as it has served, and takes a tenth of a second for that."""

    def __init__(self) -> None:
        self.now = 100.0
        self.writes = 0.0
        self.since = "a"
        self.answers = True

    def ask(self, _patience: float) -> Counted | None:
        self.now += 0.1
        if not self.answers:
            raise WindtunnelError("the edge does not answer")
        return Counted(self.since, {"users": (0.0, self.writes, 0)})

    def clock(self) -> float:
        return self.now


def test_it_looks_once_a_second_at_most() -> None:
    engine = Engine()
    meter = CapacityMeter(engine.ask, engine.clock)
    meter.begin()

    for _ in range(10):
        engine.now += 0.5
        meter.look()

    # in the middle of the time that asking took
    assert [round(look.moment, 2) for look in meter.looks] == [100.05, 101.15, 102.25, 103.35, 104.45, 105.55]


def test_a_look_that_fails_leaves_a_gap_and_no_more() -> None:
    engine = Engine()
    meter = CapacityMeter(engine.ask, engine.clock)
    meter.begin()

    for answers in (True, False, True):
        engine.now += 2
        engine.writes += 10
        engine.answers = answers
        meter.look()

    assert [look.counted.tables["users"][1] for look in meter.looks] == [0, 10, 30]
    assert meter.end(("users",)) == (Consumed("users", 0, 30, 0, "counted by the engine"),)
    assert meter.notes == []


def test_an_engine_that_does_not_tell_is_asked_once() -> None:
    asked: list[float] = []
    meter = CapacityMeter(asked.append, lambda: 100.0 + 10 * len(asked))

    meter.begin()
    meter.look()

    assert meter.end(("users",)) is None
    assert len(asked) == 1


def test_what_could_not_be_read_is_said() -> None:
    engine = Engine()
    engine.answers = False
    meter = CapacityMeter(engine.ask, engine.clock)

    meter.begin()
    meter.look()

    assert meter.end(("users",)) is None
    assert meter.notes == ["what DynamoDB consumes could not be read from the engine: the edge does not answer"]


def test_an_engine_that_was_started_anew_is_said() -> None:
    engine = Engine()
    meter = CapacityMeter(engine.ask, engine.clock)
    meter.begin()
    engine.since = "b"

    assert meter.end(("users",)) is None
    assert "DynamoDB was started anew" in meter.notes[0]
