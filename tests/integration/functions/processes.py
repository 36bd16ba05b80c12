"""What runs for the functions plane of a test, which is in this very process."""

from __future__ import annotations

import contextlib

import psutil

from windtunnel.functions import keeper


def keepers() -> list[psutil.Process]:
    """This process's own. An engine of this session has one as well, below its edge: that is not the test's."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if keeper.__file__ in child.cmdline():
                found.append(child)
    return found


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
