"""What a scenario needs once, whatever number of users it has: made by the process that steers, told to all users.

It travels as an option of Locust's own, as the plan does: the master sends its options along with the users.
"""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Callable, Iterable
from json import dumps, loads
from typing import Any, Protocol

import gevent
from gevent.lock import RLock
from locust.exception import StopTest

CLEAR_SECONDS = 4.0
"""How long one may take at the end: an engine that hangs must not keep the run from ending."""


class Outsider(Protocol):
    """A user that is no part of the run."""

    shared: dict[str, Any]

    def prepare(self) -> None: ...

    def clear(self) -> None: ...


class Preparation:
    """What was prepared, in a process's own options."""

    def __init__(self, options: Namespace) -> None:
        self._options = vars(options)
        self._outside: list[Outsider] = []
        self._clearing = RLock()

    @property
    def shared(self) -> dict[str, Any]:
        found: dict[str, Any] = loads(self._options["shared"] or "{}")
        return found

    def make(self, outsiders: Iterable[Callable[[], Outsider]]) -> None:
        """Let each prepare what it needs, once. Raises StopTest where that went wrong."""
        if self._outside:
            return
        shared: dict[str, Any] = {}
        for make in outsiders:
            user = make()
            user.shared = shared
            self._outside.append(user)
            user.prepare()
        self._options["shared"] = dumps(shared)

    def clear(self) -> None:
        """Let each take it away, when the users have gone. Who calls it a second time waits for the first: a process
        that is told to end while it ends does both at once."""
        with self._clearing:
            while self._outside:
                user = self._outside.pop()
                try:
                    with gevent.Timeout(CLEAR_SECONDS, StopTest(f"no answer in {CLEAR_SECONDS:g} s")):
                        user.clear()
                except StopTest as error:
                    logging.warning("what was made for the run is still there: %s", error)
