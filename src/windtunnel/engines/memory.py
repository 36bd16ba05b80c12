"""Memory that processes hold together, pages that they share counted once.

Function processes share most of their pages with each other, so a sum of RSS counts them many times. Linux tells each
process's share of every page (PSS, in smaps_rollup): their sum is what they really hold. Elsewhere it is RSS.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

import psutil


def memory_held(processes: Iterable[psutil.Process]) -> int:
    """Bytes that all of them hold together. One that has just ended holds nothing."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            total += _share(process)
    return total


def pss_kib(smaps_rollup: str) -> int | None:
    """The Pss line of a smaps_rollup, in KiB; None where it has none."""
    found = re.search(r"^Pss:\s+(\d+) kB$", smaps_rollup, re.MULTILINE)
    return int(found[1]) if found else None


def _share(process: psutil.Process) -> int:
    with contextlib.suppress(OSError):
        kib = pss_kib(Path(f"/proc/{process.pid}/smaps_rollup").read_text())
        if kib is not None:
            return kib * 1024
    return int(process.memory_info().rss)
