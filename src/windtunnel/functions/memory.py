"""Functions' memory: how much a process and what it started hold, and the end of one that holds more than it may.

Looked at from time to time, and not limited by a control group: those cannot be had everywhere, and would count the
environment's /tmp, which is a file system in memory here and a disk on AWS. Nor by a resource limit: those count what
is reserved, of which threads and libraries reserve far more than they use.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
MEGABYTE = 1 << 20
INTERVAL = 0.05
"""Seconds between two looks."""


def memory_mb(pid: int, proc: Path = Path("/proc")) -> float:
    """What a process holds, and what the processes below it hold for themselves; 0 where the kernel does not tell."""
    resident, _ = _pages(pid, proc)
    below = sum(max(0, own - shared) for own, shared in (_pages(child, proc) for child in _below(pid, proc)))
    return (resident + below) * PAGE / MEGABYTE


def _pages(pid: int, proc: Path) -> tuple[int, int]:
    """Resident ones, and those of them that are files' or shared."""
    try:
        fields = (proc / str(pid) / "statm").read_text().split()
    except OSError:
        return 0, 0
    return int(fields[1]), int(fields[2])


def _below(pid: int, proc: Path) -> list[int]:
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        with contextlib.suppress(OSError):
            children = [int(child) for child in (proc / f"{parent}/task/{parent}/children").read_text().split()]
            found += children
            waiting += children
    return found


class MemoryWatch:
    """Looks at processes that are at work, and calls what is to be called for each that holds too much; once."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        interval: float = INTERVAL,
        measure: Callable[[int], float] = memory_mb,
    ) -> None:
        self._loop = loop
        self._interval = interval
        self._measure = measure
        self._watched: dict[int, tuple[int, Callable[[], None]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, pid: int, limit_mb: int, exceeded: Callable[[], None]) -> None:
        self._watched[pid] = (limit_mb, exceeded)
        if self._timer is None:
            self._timer = self._loop.call_later(self._interval, self._look)

    def forget(self, pid: int) -> None:
        self._watched.pop(pid, None)

    def _look(self) -> None:
        self._timer = None
        for pid, (limit_mb, exceeded) in list(self._watched.items()):
            if self._measure(pid) > limit_mb:
                self._watched.pop(pid, None)
                exceeded()
        if self._watched:
            self._timer = self._loop.call_later(self._interval, self._look)
