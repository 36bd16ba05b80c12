"""A background process that outlives the command that started it: its record on disk, and its end."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from windtunnel.files import write_whole

INSTANCE_VARIABLE = "WINDTUNNEL_INSTANCE"
"""Marks a started process in its environment, so that its id is not taken for another's.

Not its time of creation: that is reckoned from the clock, which is set anew where a machine was asleep.
"""


@dataclass(frozen=True)
class ProcessRecord:
    """What is remembered of a started process."""

    pid: int
    created: float
    """Seconds since the epoch, as psutil reports it."""
    port: int
    region: str
    instance: str
    """A random token that the process has in its environment and tells in its status, so that neither another process
    nor another server is taken for it."""
    api_port: int
    backplane_port: int
    """LocalStack's own."""
    token: str
    """What calls of the edge's own control routes carry."""

    def process(self) -> psutil.Process | None:
        """The process, or None if it is gone."""
        with contextlib.suppress(psutil.Error, OSError):
            process = psutil.Process(self.pid)
            ours = process.environ().get(INSTANCE_VARIABLE) == self.instance
            if ours and lives(process):
                return process
        return None


def read_record(path: Path) -> ProcessRecord | None:
    """The record at `path`; None where there is none, or where it is damaged (its writer was killed, say)."""
    try:
        return ProcessRecord(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_record(path: Path, record: ProcessRecord) -> None:
    """Replace the record at `path`."""
    write_whole(path, json.dumps(asdict(record)))


@dataclass(frozen=True)
class ChildReport:
    """What a supervisor tells of one of its processes."""

    name: str
    pid: int | None
    starts: int
    last_exit: int | None


def read_children(path: Path) -> list[ChildReport]:
    """A supervisor's report; empty where there is none yet."""
    try:
        return [ChildReport(name, **child) for name, child in json.loads(path.read_text()).items()]
    except (OSError, ValueError, TypeError):
        return []


def lives(process: psutil.Process) -> bool:
    """Whether a process has not ended yet. One that has, and that nobody has waited for (a zombie), does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ends(process: psutil.Process) -> bool:
    """Whether a process is gone, or was killed and will be in a moment: its memory goes before its sockets."""
    try:
        return not lives(process) or not process.cmdline()
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def end_tree(process: psutil.Process, grace: float) -> None:
    """End a process and everything below it: asked first, killed after `grace` seconds. It is gone on return."""
    family = [process]
    with contextlib.suppress(psutil.NoSuchProcess):
        family += process.children(recursive=True)
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
    psutil.wait_procs([process], timeout=grace)
    # what it left, and what it started while it was ending
    with contextlib.suppress(psutil.NoSuchProcess):
        family += process.children(recursive=True)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=grace)


def marked_processes(variable: str, value: str) -> list[psutil.Process]:
    """This user's processes whose environment has `variable` set to `value`, other than this one."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(variable) == value:
                found.append(process)
    return found


def describe(process: psutil.Process) -> str:
    """A process in a person's words: its id and how it was called."""
    try:
        command = " ".join(" ".join(process.cmdline()).split()) or process.name()
    except psutil.Error:
        command = "?"
    return f"process {process.pid} ({command if len(command) <= 100 else command[:97] + '...'})"
