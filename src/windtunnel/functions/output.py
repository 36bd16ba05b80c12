"""What a process writes to stdout and stderr, read as it comes."""

from __future__ import annotations

import os
import select
import threading

CHUNK = 65536


class Output:
    """The reading end of a process's pipe.

    A thread of its own reads all along, so that the process never waits. `take()` returns all that was written before
    it was called: what a handler writes before it answers is in that invocation's log, whatever the threads do.
    """

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._read_end, False)
        self._lock = threading.Lock()
        self._collected: list[bytes] = []
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="function-output", daemon=True)

    def start(self) -> None:
        """Call it once the process has the writing end: the process's end is then the pipe's."""
        os.close(self.write_end)
        self._thread.start()

    def take(self) -> str:
        """All output since the last call."""
        with self._lock:
            self._read_available()
            collected, self._collected = self._collected, []
        return b"".join(collected).decode(errors="replace")

    def close(self) -> None:
        """Give the pipe back. What was not taken is lost; `take()` has nothing from then on."""
        os.write(self._waker, b".")
        self._thread.join()
        with self._lock:
            self._ended = True
        for descriptor in (self._read_end, self._wake, self._waker):
            os.close(descriptor)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(self._read_end, select.POLLIN)
        while not self._ended:
            if any(descriptor == self._wake for descriptor, _ in poll.poll()):
                return
            with self._lock:
                self._read_available()

    def _read_available(self) -> None:
        while not self._ended:
            try:
                chunk = os.read(self._read_end, CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self._ended = True
                return
            self._collected.append(chunk)
