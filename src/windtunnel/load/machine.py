"""The machine a run was made on, and how busy it was."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import psutil


def cpu_model(cpuinfo: str) -> str:
    """The processor's name from /proc/cpuinfo; "" where it has none."""
    found = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def describe_machine() -> str:
    """CPU, cores, memory, kernel, Python."""
    info = Path("/proc/cpuinfo")
    cpu = cpu_model(info.read_text(encoding="utf-8")) if info.exists() else ""
    memory = psutil.virtual_memory().total / 2**30
    kernel = f"{platform.system()} {platform.release()}"
    model = cpu or platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {kernel}, Python {platform.python_version()}"


class BusyMeter:
    """How busy the whole machine is, in percent of all cores, from one call to the next."""

    def __init__(self) -> None:
        psutil.cpu_percent(interval=None)
        self.seen: list[tuple[float, float]] = []

    def look(self, moment: float) -> None:
        self.seen.append((moment, psutil.cpu_percent(interval=None)))
