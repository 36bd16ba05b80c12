"""Starting and reaping processes from one thread that lives as long as the edge.

A function's process asks the kernel to die with its parent (bootstrap.py), and Linux takes the *thread* that forked for
the parent. Forking also takes milliseconds, which the loop does not have.
"""

from __future__ import annotations

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
    """The thread. Make one per edge."""

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[tuple[Command, Future[subprocess.Popen[bytes]]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="function-spawner", daemon=True).start()

    def spawn(self, command: Command) -> Future[subprocess.Popen[bytes]]:
        """Start a process in a session of its own, so that it can be ended with all that it starts; or OSError."""
        started: Future[subprocess.Popen[bytes]] = Future()
        self._orders.put((command, started))
        return started

    def _run(self) -> None:
        while True:
            command, started = self._orders.get()
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
