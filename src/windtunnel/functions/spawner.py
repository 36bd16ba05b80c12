"""Starting processes from one thread that lives as long as the functions plane.

A function's process asks the kernel to die with its parent (bootstrap.py), and Linux takes the *thread* that forked for
the parent: started from a request's thread, it would die when that thread ends. Nor does a fork hold up the loop so.
"""

from __future__ import annotations

import asyncio
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """A process to start: its words, its whole environment, and where its output goes (a descriptor)."""

    words: Sequence[str]
    variables: Mapping[str, str]
    folder: Path
    output: int


class Spawner:
    """The thread. Make one per functions plane."""

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[tuple[Command, Future[subprocess.Popen[bytes]]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="function-spawner", daemon=True)
        self._thread.start()

    async def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own, so that it can be ended with all that it starts. Raises OSError."""
        started: Future[subprocess.Popen[bytes]] = Future()
        self._orders.put((command, started))
        return await asyncio.wrap_future(started)

    def close(self) -> None:
        """End the thread, and with it every process that it started."""
        self._orders.put(None)
        self._thread.join()

    def _run(self) -> None:
        while order := self._orders.get():
            command, started = order
            try:
                process = subprocess.Popen(
                    command.words,
                    env=command.variables,
                    cwd=command.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=command.output,
                    stderr=command.output,
                    close_fds=True,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                started.set_exception(error)
            else:
                started.set_result(process)
