"""Work in a fork: it sees the process's memory as it is at one instant, and costs it the fork alone."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import select
import signal
import stat
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

CHUNK = 65536


@dataclass(frozen=True)
class Outcome:
    """What came of it: an answer, or why there is none."""

    answer: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    paused: float = 0.0
    """Seconds in which the process stood still."""


def in_fork(work: Callable[[], Mapping[str, Any]], timeout: float) -> Outcome:
    """Run `work` in a fork and give its answer, which has to be JSON. It is killed after `timeout` seconds.

    The fork outlives its parent's death and finishes. It has one thread; a lock that another thread held stays held
    there for good, which is what the timeout is for.
    """
    reading, writing = os.pipe()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _child(work, writing, timeout)
    paused = time.monotonic() - began
    os.close(writing)
    try:
        text = _read(reading, began + timeout)
    finally:
        os.close(reading)
    if text is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
    if text is None:
        return Outcome(error=f"it took longer than {timeout:.0f} s", paused=paused)
    try:
        answer = json.loads(text)
    except ValueError:
        return Outcome(error=f"the process that wrote it ended without an answer: {text[-500:]!r}", paused=paused)
    return Outcome(answer, answer.get("error", ""), paused)


def _child(work: Callable[[], Mapping[str, Any]], writing: int, timeout: float) -> None:
    status = 1
    try:
        gc.disable()
        # where it hangs is in the log then
        faulthandler.dump_traceback_later(0.9 * timeout, file=2)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        _close_sockets()
        try:
            answer = work()
        except BaseException:  # noqa: BLE001  a worker's boundary: told to the parent
            answer = {"error": traceback.format_exc()}
        _write(writing, json.dumps(answer).encode())
        status = 0
    finally:
        os._exit(status)


def _close_sockets() -> None:
    """The listening socket above all: a backplane that starts anew while this still writes needs its port."""
    folder = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
    for name in os.listdir(folder):  # noqa: PTH208  names alone
        with contextlib.suppress(OSError, ValueError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                os.close(int(name))


def _read(reading: int, end: float) -> bytes | None:
    """All of it, or None where the time is over."""
    pieces: list[bytes] = []
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    while True:
        if not poll.poll(1000 * max(0.0, end - time.monotonic())):
            return None
        piece = os.read(reading, CHUNK)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def _write(writing: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(writing, view) :]
