"""How many environments start at once, over all functions: a start keeps a processor busy, more of them only queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE = 1.0
"""Seconds after which a start does not hold up others any more: it waits for something, or is one of the slow ones. An
init may itself invoke a function that has to be started."""


class Starts:
    """`limit` starts at a time. Who has to wait is asked again, in turns, when one is over."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop, patience: float = PATIENCE) -> None:
        self._limit = limit
        self._loop = loop
        self._patience = patience
        self._active = 0
        self._waiting: dict[Callable[[], None], None] = {}

    def begin(self, again: Callable[[], None]) -> Callable[[], None] | None:
        """Take a place. Returns what gives it back; None where there is none: `again` is called when one is free."""
        if self._active >= self._limit:
            self._waiting[again] = None
            return None
        self._active += 1
        over = False

        def end() -> None:
            nonlocal over
            if not over:
                over = True
                timer.cancel()
                self._active -= 1
                self._ask()

        timer = self._loop.call_later(self._patience, end)
        return end

    def _ask(self) -> None:
        for again in list(self._waiting):
            if self._active >= self._limit:
                return
            self._waiting.pop(again, None)
            again()
