from __future__ import annotations

import signal
from typing import Any

from windtunnel.functions.freeze import Freezer


def make(clock: Any) -> tuple[Freezer, list[tuple[int, int]]]:
    sent = list[tuple[int, int]]()
    return Freezer(clock.loop, delay=1.0, kill=lambda group, number: sent.append((group, number))), sent


def test_what_rests_for_a_while_is_stopped_and_what_is_needed_goes_on(clock: Any) -> None:
    freezer, sent = make(clock)

    freezer.rest(7)
    clock.move(0.9)
    assert sent == []
    clock.move(1.0)
    freezer.wake(7)

    assert sent == [(7, signal.SIGSTOP), (7, signal.SIGCONT)]


def test_what_is_needed_sooner_gets_no_signal_at_all(clock: Any) -> None:
    freezer, sent = make(clock)

    for moment in range(5):
        clock.move(moment * 0.5)
        freezer.rest(7)
        clock.move(moment * 0.5 + 0.4)
        freezer.wake(7)
    clock.move(10)

    assert sent == []


def test_each_has_its_own_time(clock: Any) -> None:
    freezer, sent = make(clock)

    freezer.rest(7)
    clock.move(0.5)
    freezer.rest(8)
    clock.move(1.0)
    assert sent == [(7, signal.SIGSTOP)]
    clock.move(1.5)

    assert sent == [(7, signal.SIGSTOP), (8, signal.SIGSTOP)]


def test_what_has_ended_gets_no_signal(clock: Any) -> None:
    freezer, sent = make(clock)
    freezer.rest(7)
    freezer.forget(7)
    clock.move(2.0)
    freezer.rest(8)
    clock.move(3.0)
    freezer.forget(8)

    freezer.wake(8)

    assert sent == [(8, signal.SIGSTOP)]
