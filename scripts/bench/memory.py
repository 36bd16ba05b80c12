"""Memory of a process tree, shared pages counted once.

Function processes share most of their pages with each other, so a sum of RSS counts them many times. Linux tells each
process's share of every page (PSS, in smaps_rollup): their sum is what the tree really holds. Elsewhere it is RSS.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

import psutil


def pss_kib(smaps_rollup: str) -> int | None:
    """The Pss line of a smaps_rollup, in KiB; None where it has none."""
    found = re.search(r"^Pss:\s+(\d+) kB$", smaps_rollup, re.MULTILINE)
    return int(found[1]) if found else None


def memory_mb(processes: Iterable[psutil.Process]) -> float:
    """Of all of them together, in MB of 2**20 bytes. One that has just ended counts nothing."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            total += _share(process)
    return total / 2**20


def _share(process: psutil.Process) -> float:
    with contextlib.suppress(OSError):
        kib = pss_kib(Path(f"/proc/{process.pid}/smaps_rollup").read_text())
        if kib is not None:
            return kib * 1024
    return float(process.memory_info().rss)
