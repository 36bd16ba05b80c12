"""What a process writes to stdout and stderr, read as it comes."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
import time
from collections.abc import Callable

from windtunnel.functions.logs import legible_line
from windtunnel.functions.spec import LogLine

CHUNK = 65536
KEPT = 4 * 1024 * 1024
"""Bytes of one `take()`. The rest is dropped, and said to be: a process that writes without end must not be able to
fill the memory of this process, where its log is kept."""
NOTHING = struct.pack("i", 0)


class Output:
    """The reading end of a process's pipe.

    The loop reads all along, so that the process never waits. `take()` returns all that was written before it was
    called: what a handler writes before it answers is in that invocation's log, whatever the loop does first.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float] = time.time) -> None:
        self._loop = loop
        self._now = now
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._collected: list[tuple[int, bytes]] = []
        """Milliseconds since the epoch, and what was read then."""
        self._room = KEPT
        self._dropped = 0
        self._reading = False
        self._closed = False

    def start(self) -> None:
        """Call it once the process has the writing end: the process's end is then the pipe's."""
        os.close(self.write_end)
        self._reading = True
        self._loop.add_reader(self._read_end, self._read, CHUNK)

    def take(self) -> list[LogLine]:
        """All output since the last call; of what is written meanwhile, no more than the pipe holds."""
        if self._reading:
            # no more than what is there now: who writes without end is not followed
            waiting: int = struct.unpack("i", fcntl.ioctl(self._read_end, termios.FIONREAD, NOTHING))[0]
            while waiting > 0 and (size := self._read(waiting)):
                waiting -= size
        if not self._collected:
            return []
        collected, self._collected = self._collected, []
        dropped, self._dropped = self._dropped, 0
        self._room = KEPT
        lines = _lines(collected)
        if dropped:
            lines.append(LogLine(collected[-1][0], f"[{dropped} more bytes of output were dropped by windtunnel]"))
        return lines

    def close(self) -> None:
        """Give the pipe back. What was not taken is lost; `take()` has nothing from then on."""
        self._stop_reading()
        if not self._closed:
            self._closed = True
            os.close(self._read_end)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._read_end)

    def _read(self, most: int) -> int:
        """Read once. Returns the number of bytes, 0 where there are none now or any more."""
        try:
            chunk = os.read(self._read_end, most)
        except BlockingIOError:
            return 0
        if not chunk:
            self._stop_reading()
            return 0
        kept = chunk[: self._room]
        self._room -= len(kept)
        self._dropped += len(chunk) - len(kept)
        if kept:
            self._collected.append((int(self._now() * 1000), kept))
        return len(chunk)


def _lines(collected: list[tuple[int, bytes]]) -> list[LogLine]:
    """Lines, each with the time when its first byte was read. CloudWatch has no empty ones."""
    lines: list[LogLine] = []
    rest, since = b"", 0
    for moment, chunk in collected:
        if not rest:
            since = moment
        *whole, rest = (rest + chunk).split(b"\n")
        for part in whole:
            if part:
                lines.append(LogLine(since, legible_line(part.decode(errors="replace"))))
            since = moment
    if rest:
        lines.append(LogLine(since, legible_line(rest.decode(errors="replace"))))
    return lines
