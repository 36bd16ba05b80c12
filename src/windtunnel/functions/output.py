"""What a process writes to stdout and stderr, read as it comes."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios

CHUNK = 65536
KEPT = 4 * 1024 * 1024
"""Bytes of one `take()`. The rest is dropped, and said to be: a process that writes without end must not be able to
fill the engine's memory, where its log is kept."""


class Output:
    """The reading end of a process's pipe. It belongs to the running loop, which reads so that no process waits.

    `take()` returns all that was written before it was called: what a handler writes before it answers is in that
    invocation's log.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._collected: list[bytes] = []
        self._room = KEPT
        self._dropped = 0
        self._open = True

    def start(self) -> None:
        """Call it once the process has the writing end: the process's end is then the pipe's."""
        os.close(self.write_end)
        self._loop.add_reader(self._read_end, self._read, CHUNK)

    def take(self) -> str:
        """All output since the last call; of what is written meanwhile, no more than the pipe holds."""
        waiting = self._waiting() if self._open else 0
        while waiting > 0 and (size := self._read(waiting)):
            waiting -= size
        if not self._collected and not self._dropped:
            return ""
        collected, self._collected = self._collected, []
        dropped, self._dropped = self._dropped, 0
        self._room = KEPT
        text = b"".join(collected).decode(errors="replace")
        return f"{text}\n[{dropped} more bytes of output were dropped by windtunnel]\n" if dropped else text

    def close(self) -> None:
        """Give the pipe back. What was not taken is lost; `take()` has nothing from then on."""
        if self._read_end >= 0:
            self._end()
            os.close(self._read_end)
            self._read_end = -1

    def _end(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._read_end)

    def _waiting(self) -> int:
        """How many bytes are in the pipe."""
        answer = fcntl.ioctl(self._read_end, termios.FIONREAD, b"\0\0\0\0")
        return int(struct.unpack("i", answer)[0])

    def _read(self, most: int) -> int:
        """Read once. Returns the number of bytes, 0 where there are none now or any more."""
        try:
            chunk = os.read(self._read_end, most)
        except BlockingIOError:
            return 0
        if not chunk:
            self._end()
            return 0
        kept = chunk[: self._room]
        self._room -= len(kept)
        self._dropped += len(chunk) - len(kept)
        if kept:
            self._collected.append(kept)
        return len(chunk)
