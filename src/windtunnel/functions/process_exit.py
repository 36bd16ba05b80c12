"""Being told when a process ends, by the keeper, whose child it is."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
from collections.abc import Callable

SIZE = struct.calcsize("i")


class ProcessExit:
    """Calls `told` once, in the loop, with the process's return code as Popen has it.

    `status` is the end of a pipe that gets the exit status (keeper.py); it is closed then.
    """

    def __init__(self, status: int, loop: asyncio.AbstractEventLoop, told: Callable[[int], None]) -> None:
        self._status = status
        self._loop = loop
        self._told = told
        loop.add_reader(status, self._readable)

    def _readable(self) -> None:
        self._loop.remove_reader(self._status)
        data = os.read(self._status, SIZE)
        os.close(self._status)
        # without a word the keeper itself is gone, and all of its children were killed
        code = os.waitstatus_to_exitcode(struct.unpack("i", data)[0]) if len(data) == SIZE else -signal.SIGKILL
        self._told(code)
