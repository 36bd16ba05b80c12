from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.engines.waiting import last_lines, wait_until
from windtunnel.errors import EngineError


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_first_answer_ends_the_wait() -> None:
    clock, answers = Clock(), iter([None, None, "here"])

    answer = wait_until(lambda: next(answers), what="x", timeout=10, interval=1, clock=clock, sleep=clock.sleep)

    assert answer == "here"
    assert clock.now == 2


def test_an_answer_that_is_false_is_an_answer() -> None:
    assert wait_until(lambda: 0, what="x", timeout=1) == 0


def test_the_deadline_says_what_was_waited_for_how_long_and_shows_the_log() -> None:
    clock = Clock()

    with pytest.raises(EngineError, match="waited 3 s for the moon") as caught:
        wait_until(
            lambda: None,
            what="the moon",
            timeout=3,
            interval=1,
            evidence=lambda: "last words",
            clock=clock,
            sleep=clock.sleep,
        )

    assert caught.value.detail == "last words"


def test_last_lines_are_the_last(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {n}\n" for n in range(100_000)))

    assert last_lines(log, 2) == "line 99998\nline 99999"


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none") == ""
