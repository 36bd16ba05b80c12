"""Freezing environments between invocations, as AWS does: a thread that a function left running does not run.

A stop and a continue signal wake the process each time: 60 to 110 microseconds an invocation (of 130) where they were
measured, on two cores. So only an environment that has been idle for a moment is frozen: under load none is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

DELAY = 0.01
"""Seconds of idleness."""


class Freezer:
    """`rest()` a process group that has nothing to do, `wake()` it before it has."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        delay: float = DELAY,
        kill: Callable[[int, int], None] = os.killpg,
    ) -> None:
        self._loop = loop
        self._delay = delay
        self._kill = kill
        self._resting: dict[int, float] = {}
        """By group, when it is to be frozen; the soonest first."""
        self._frozen: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None

    def rest(self, group: int) -> None:
        self._resting[group] = self._loop.time() + self._delay
        if self._timer is None:
            self._timer = self._loop.call_later(self._delay, self._freeze)

    def wake(self, group: int) -> None:
        self._resting.pop(group, None)
        if group in self._frozen:
            self._frozen.remove(group)
            self._signal(group, signal.SIGCONT)

    def forget(self, group: int) -> None:
        """It has ended."""
        self._resting.pop(group, None)
        self._frozen.discard(group)

    def _freeze(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._resting:
            group, due = next(iter(self._resting.items()))
            if due > now:
                self._timer = self._loop.call_at(due, self._freeze)
                return
            del self._resting[group]
            self._frozen.add(group)
            self._signal(group, signal.SIGSTOP)

    def _signal(self, group: int, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            self._kill(group, number)
