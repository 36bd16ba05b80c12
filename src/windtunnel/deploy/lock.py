"""One deployment of a stack at a time, from this checkout; the kernel lets go of a killed one's lock."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from windtunnel.deploy.deadline import Deadline

RETRY_SECONDS = 0.05


@contextmanager
def locked(path: Path, waiting_for: str, on_wait: Callable[[], None], deadline: Deadline) -> Iterator[None]:
    """Hold the lock at `path` for the block; `on_wait` is called once if it is taken. Raises DeployError in the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        waited = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waited:
                    on_wait()
                    waited = True
                deadline.pause(RETRY_SECONDS, waiting_for)
        yield  # closing the file lets go
