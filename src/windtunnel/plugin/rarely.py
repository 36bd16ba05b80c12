"""What happens often, told seldom."""

from __future__ import annotations

import threading
from collections.abc import Callable

ANNOUNCED_AFTER = 3.0
"""Seconds after log events came until the snapshots are told: writing them all takes longer the more there are."""


class Rarely:
    """Calls something a few seconds after it is called itself, and once for all calls until then."""

    def __init__(self, call: Callable[[], None], seconds: float = ANNOUNCED_AFTER) -> None:
        self._call = call
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    @property
    def waiting(self) -> bool:
        """Whether it was called, and has not called yet."""
        return self._timer is not None and not self._timer.finished.is_set()

    def __call__(self) -> None:
        """Not for several threads at once."""
        if not self.waiting:
            self._timer = threading.Timer(self._seconds, self._call)
            self._timer.daemon = True
            self._timer.start()
