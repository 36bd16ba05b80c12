"""Being told when a process ends: by the kernel, without a thread, where it can (Linux)."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from collections.abc import Callable


class ProcessExit:
    """Calls `told` once, in the loop, with the process's return code as Popen has it."""

    def __init__(
        self, process: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop, told: Callable[[int], None]
    ) -> None:
        self._process = process
        self._loop = loop
        self._told = told
        self._pidfd = -1
        try:
            self._pidfd = os.pidfd_open(process.pid)
        except (AttributeError, OSError):
            threading.Thread(target=self._wait, name="function-exit", daemon=True).start()
        else:
            loop.add_reader(self._pidfd, self._readable)

    def _readable(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._told(self._process.wait())

    def _wait(self) -> None:
        code = self._process.wait()
        self._loop.call_soon_threadsafe(self._told, code)
