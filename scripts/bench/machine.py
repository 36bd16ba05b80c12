"""The machine a run was made on, in one sentence."""

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
    cpu = cpu_model(info.read_text()) if info.exists() else ""
    memory = psutil.virtual_memory().total / 2**30
    kernel = f"{platform.system()} {platform.release()}"
    model = cpu or platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {kernel}, Python {platform.python_version()}"
