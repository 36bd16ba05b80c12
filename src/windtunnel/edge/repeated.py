"""What the edge does every few seconds, off the requests' path."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

LOG = logging.getLogger(__name__)


class Repeated:
    """Awaits `work` every `interval` seconds, from start() to close(). What it raises is logged after `failed`."""

    def __init__(self, work: Callable[[], Awaitable[object]], interval: float, failed: str) -> None:
        self._work = work
        self._interval = interval
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """End, also in the middle of it."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self._work()
            except Exception:  # the boundary of a worker loop
                LOG.exception("%s; it is tried again", self._failed)
