"""What runs for the functions plane of a test, which is in this very process."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import psutil

from windtunnel.functions import keeper

SECONDS = 10.0


def keepers() -> list[psutil.Process]:
    """This process's own. An engine of this session has one as well, below its edge: that is not the test's."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if keeper.__file__ in child.cmdline():
                found.append(child)
    return found


def kept() -> int:
    """How many processes there are of the keepers: they themselves, zygotes, functions and what these started."""
    count = 0
    for held in keepers():
        with contextlib.suppress(psutil.Error):
            count += 1 + len(held.children(recursive=True))
    return count


async def no_more_than(before: tuple[int, ...], look: Callable[[], tuple[int, ...]]) -> None:
    """Until nothing that `look` counts is more than before: what has ended may take a moment to be gone."""
    deadline = time.monotonic() + SECONDS
    # fewer: whatever else of the session was collected meanwhile
    while True:
        found = look()
        if all(now <= then for now, then in zip(found, before, strict=True)):
            return
        assert time.monotonic() < deadline, f"{found} instead of {before}"
        await asyncio.sleep(0.01)


def named(name: str) -> list[psutil.Process]:
    """The keepers' processes of one name: "function" or "zygote"."""
    found = []
    for held in keepers():
        with contextlib.suppress(psutil.Error):
            for process in held.children():
                # one that is just ending is not there
                with contextlib.suppress(psutil.Error):
                    if process.name() == name:
                        found.append(process)
    return found
