"""One run at a time: two would switch each other's access log off, and neither would measure the stack by itself."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from windtunnel.errors import WindtunnelError


class TurnError(WindtunnelError):
    """A run cannot begin in its state folder."""

    exit_code = 2


@contextmanager
def taken(home: Path, moment: datetime) -> Iterator[None]:
    """Hold the runs' folder for the block; the kernel lets go of a killed one's. Raises TurnError at once where another
    run has it, with who that is, and where it cannot be written to."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        file = (home / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise TurnError(
            f"{home} cannot be written to: {error.strerror}",
            hint="reports go there: make it writable, or choose another folder with WINDTUNNEL_STATE_DIR",
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise TurnError(
                f"another run is under way in {home}: {file.read().strip()}",
                hint="let it end, or end it with Ctrl-C; a run on another engine has a WINDTUNNEL_STATE_DIR of its own",
            ) from error
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {moment:%H:%M:%S}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
