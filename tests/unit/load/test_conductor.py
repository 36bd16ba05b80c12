from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from windtunnel.load.conductor import DRAIN_SECONDS, STOP, Conductor
from windtunnel.load.plan import Plan
from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.samples import SampleFile, Samples, read_samples
from windtunnel.load.search import ceilings, outcome
from windtunnel.load.targets import Target


class Flight:
    """A conductor with a clock of the test's, and one generator that tells what it is told to."""

    def __init__(self, plan: Plan) -> None:
        self.now = 1000.0
        self.samples = Samples()
        self.path = Path(plan.folder) / "samples.jsonl"
        self.recorder = Recorder("one", lambda: self.now)
        self.conductor = Conductor(plan, self.samples, SampleFile(self.path), lambda: self.now)

    def second(self, milliseconds: float = 5.0, answers: int = 10) -> int | None:
        """One second goes by."""
        users = self.conductor.tick()
        for _ in range(answers if users else 0):
            self.recorder.sent()
            self.recorder.ended(Ended("GET /", "", milliseconds))
        self.now += 1
        self.samples.take(self.recorder.flush(users or 0, 0.0))
        return users


def test_a_steady_run_has_its_users_and_a_probe_until_it_drains(plan: Plan) -> None:
    flight = Flight(plan)

    users = [flight.second() for _ in range(32)]

    assert users[:30] == [11] * 30
    assert users[30:] == [0, None]
    assert [mark.mark for mark in read_samples(flight.path).marks] == ["began", "ended"]


def test_it_waits_for_what_is_on_its_way_but_not_for_ever(plan: Plan) -> None:
    flight = Flight(replace(plan, seconds=3))
    flight.recorder.sent()

    users = [flight.second() for _ in range(10)]
    flight.now += DRAIN_SECONDS

    assert users[3:] == [0] * 7
    assert flight.second() is None


def test_it_ends_early_where_the_file_says_so_and_keeps_the_reason(plan: Plan) -> None:
    flight = Flight(plan)
    flight.second()

    (Path(plan.folder) / STOP).write_text("interrupted")

    assert flight.second() == 0
    assert flight.samples.marks[-1].note == "interrupted"


def test_the_stairs_go_up_until_the_targets_are_missed(plan: Plan) -> None:
    targets = (Target("all", "p95_ms", 20.0), Target("all", "throughput", 1_000_000.0))
    flight = Flight(replace(plan, shape="step", users=10, seconds=1000, step_seconds=8, targets=targets))
    users: int | None = 0

    while users is not None:
        # 20 users and their probe are what it bears
        users = flight.second(milliseconds=5.0 if (users or 0) <= 21 else 80.0, answers=users or 10)

    steps = [mark for mark in flight.samples.marks if mark.mark == "step"]
    assert outcome(flight.samples.marks) == {"finished": True, "why": ""}
    # what breaks is tried once more
    assert [step.users for step in steps] == [10, 15, 23, 23, 19, 21, 21, 20]
    assert [step.met for step in steps] == [True, True, False, False, True, False, False, True]
    assert "p95" in steps[2].note


def test_a_step_that_was_only_disturbed_holds(plan: Plan) -> None:
    flight = Flight(
        replace(
            plan, shape="step", users=10, seconds=60, step_seconds=8, warmup=0, targets=(Target("all", "p95_ms", 20.0),)
        )
    )

    for second in range(40):
        flight.second(milliseconds=80.0 if second < 9 else 5.0)

    steps = [mark for mark in flight.samples.marks if mark.mark == "step"]
    assert [(step.users, step.met) for step in steps[:3]] == [(10, False), (10, True), (15, True)]


def climb(plan: Plan, answers: Callable[[int], int], **changes: Any) -> Flight:
    """A whole search in which nothing is slow."""
    targets = (Target("all", "p95_ms", 20.0),)
    plan = replace(plan, shape="step", users=10, seconds=1000, step_seconds=8, warmup=0, targets=targets)
    flight = Flight(replace(plan, **changes))
    users: int | None = 10
    while users is not None:
        users = flight.second(answers=answers(users))
    return flight


def test_the_search_ends_where_more_users_bring_no_more_answers(plan: Plan) -> None:
    flight = climb(plan, lambda _users: 10)

    assert [mark.users for mark in flight.samples.marks if mark.mark == "step"] == [10, 15, 23]
    assert flight.samples.marks[-1].note == "more users brought no more answers"
    assert outcome(flight.samples.marks) == {"finished": False, "why": "more users brought no more answers"}


def test_the_search_ends_where_the_rate_is_at_its_limit(plan: Plan) -> None:
    flight = climb(plan, lambda users: min(users, 20), max_rate=20.0)

    assert [mark.users for mark in flight.samples.marks if mark.mark == "step"] == [10, 15, 23]
    assert "the limit of 20 requests a second was reached" in flight.samples.marks[-1].note


def test_a_search_that_the_clock_ends_says_so(plan: Plan) -> None:
    flight = climb(plan, lambda users: users, seconds=25)

    assert [mark.met for mark in flight.samples.marks if mark.mark == "step"] == [True, True]
    assert outcome(flight.samples.marks) == {"finished": False, "why": "nothing broke while it lasted"}


@pytest.mark.parametrize("step_seconds", [4, 5, 6])
def test_the_shortest_step_has_something_to_judge(plan: Plan, step_seconds: float) -> None:
    flight = climb(plan, lambda users: users, seconds=20, step_seconds=step_seconds)

    steps = [mark for mark in flight.samples.marks if mark.mark == "step"]
    assert steps[0].met
    assert steps[0].end - steps[0].first >= 2


def test_only_a_ceiling_is_something_that_users_break() -> None:
    floor, ceiling = Target("all", "throughput", 5.0), Target("all", "error_share", 0.1)

    assert ceilings((floor, ceiling)) == (ceiling,)
