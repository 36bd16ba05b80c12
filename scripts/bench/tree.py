"""A system's processes: the one that was started, all below it, and all of its session."""

from __future__ import annotations

import contextlib
import os
import signal

import psutil


def members(root: psutil.Process) -> list[psutil.Process]:
    """Everything that runs for the system, those included whose parent has gone."""
    found: dict[int, psutil.Process] = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        found = {process.pid: process for process in [root, *root.children(recursive=True)]}
    for process in psutil.process_iter():
        with contextlib.suppress(OSError):
            if os.getsid(process.pid) == root.pid:
                found.setdefault(process.pid, process)
    return list(found.values())


def cpu_seconds(root: psutil.Process) -> float:
    """Processor time that the tree has used so far."""
    total = 0.0
    for process in members(root):
        with contextlib.suppress(psutil.Error):
            used = process.cpu_times()
            total += used.user + used.system
    return total


def pause(root: psutil.Process) -> None:
    """Freeze the tree, so that it takes nothing of the machine while another is measured."""
    _send(root, signal.SIGSTOP)


def resume(root: psutil.Process) -> None:
    _send(root, signal.SIGCONT)


def _send(root: psutil.Process, number: signal.Signals) -> None:
    for process in members(root):
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            process.send_signal(number)
