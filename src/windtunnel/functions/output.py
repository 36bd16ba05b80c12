"""What a process writes to stdout and stderr, read as it comes."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import threading

CHUNK = 65536
KEPT = 4 * 1024 * 1024
"""Bytes of one `take()`. The rest is dropped, and said to be: a process that writes without end must not be able to
fill the engine's memory, where its log is kept."""


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
        self._turn = threading.Lock()
        """Held by who waits for the other: the thread, which reads on and on, lets `take()` go first."""
        self._collected: list[bytes] = []
        self._room = KEPT
        self._dropped = 0
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="function-output", daemon=True)

    def start(self) -> None:
        """Call it once the process has the writing end: the process's end is then the pipe's."""
        os.close(self.write_end)
        self._thread.start()

    def take(self) -> str:
        """All output since the last call; of what is written meanwhile, no more than the pipe holds."""
        with self._turn, self._lock:
            waiting = 0 if self._ended else self._waiting()
            while waiting > 0 and (size := self._read(waiting)):
                waiting -= size
            collected, self._collected = self._collected, []
            dropped, self._dropped = self._dropped, 0
            self._room = KEPT
        text = b"".join(collected).decode(errors="replace")
        return f"{text}\n[{dropped} more bytes of output were dropped by windtunnel]\n" if dropped else text

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
            with self._turn:
                pass
            with self._lock:
                if not self._ended:
                    self._read(CHUNK)

    def _waiting(self) -> int:
        """How many bytes are in the pipe."""
        answer = fcntl.ioctl(self._read_end, termios.FIONREAD, struct.pack("i", 0))
        return int(struct.unpack("i", answer)[0])

    def _read(self, most: int) -> int:
        """Read once. Returns the number of bytes, 0 where there are none now or any more."""
        try:
            chunk = os.read(self._read_end, most)
        except BlockingIOError:
            return 0
        if not chunk:
            self._ended = True
            return 0
        kept = chunk[: self._room]
        self._room -= len(kept)
        self._dropped += len(chunk) - len(kept)
        if kept:
            self._collected.append(kept)
        return len(chunk)
