"""Waiting for a condition, with a deadline and an error that says what was waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from windtunnel.errors import EngineError


def wait_until[T](
    probe: Callable[[], T | None],
    *,
    what: str,
    timeout: float,
    evidence: Callable[[], str] = lambda: "",
    interval: float = 0.05,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """The probe's first answer that is not None. Raises EngineError after `timeout` seconds.

    The error says what was waited for and for how long, with `evidence()` (the log's last lines) as its detail.
    """
    started = clock()
    while True:
        answer = probe()
        if answer is not None:
            return answer
        waited = clock() - started
        if waited >= timeout:
            raise EngineError(f"waited {waited:.0f} s for {what}, in vain", detail=evidence())
        sleep(interval)


def last_lines(path: Path, count: int = 15) -> str:
    """The last `count` lines of a log, read from its end; "" where there is no log."""
    try:
        with path.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - 64 * 1024))
            text = log.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])
