"""A peer: a server from PyPI that is installed from a lock and started as a process. Each is a small file in peers/."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from bench.errors import BenchError
from bench.system import Running, Site
from bench.venv import Venv
from windtunnel.config import HOST
from windtunnel.engines.ports import free_port, port_holder
from windtunnel.engines.process import end_tree, lives, marked_processes
from windtunnel.engines.waiting import last_lines, wait_until
from windtunnel.errors import EngineError

MARK = "WINDTUNNEL_BENCH"
"""In a peer's environment, with its home: a later run finds what an earlier one left when it was killed."""
GRACE = 2.0
"""Seconds to end by itself. Nothing is lost with it."""


@dataclass(frozen=True)
class Peer:
    """One peer, as its file describes it. It is a System."""

    name: str
    title: str
    lock: str
    """Its lock, below the repository's root."""
    command: Sequence[str]
    """What its environment's Python is called with."""
    health: str
    """A path that answers 200 once it is ready."""
    environment: Callable[[Site, int], Mapping[str, str]]
    """Its settings for a port. PATH, HOME, TMPDIR and the like are there already, and nothing of this process's."""
    packages: Sequence[Path] = ()
    """Folders of this repository that are installed beside it."""
    start_seconds: float = 60.0

    def install(self, site: Site) -> None:
        self._venv(site).make(site.root / ".venv/bin/uv", site.say)

    def _venv(self, site: Site) -> Venv:
        return Venv(site.home / "venv", site.root / self.lock, self.packages)

    @contextmanager
    def running(self, site: Site) -> Iterator[Running]:
        for leftover in marked_processes(MARK, str(site.home)):
            end_tree(leftover, GRACE)
        state = site.home / "state"
        shutil.rmtree(state, ignore_errors=True)
        for folder in ("home", "tmp"):
            (state / folder).mkdir(parents=True)
        port = free_port()
        log = site.home / f"{self.name}.log"
        started = self._spawn(site, state, port, log)
        process = psutil.Process(started.pid)
        try:
            self._await_ready(process, port, log)
            yield Running(self.name, process, f"http://{HOST}:{port}", log)
        finally:
            # a frozen process cannot end itself, but it can be killed
            end_tree(process, GRACE)
            started.wait()

    def _spawn(self, site: Site, state: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
        environment = {
            "PATH": f"{site.home / 'venv/bin'}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(state / "home"),
            "TMPDIR": str(state / "tmp"),
            MARK: str(site.home),
            **self.environment(site, port),
        }
        with log.open("wb") as output:
            return subprocess.Popen(
                [str(self._venv(site).python), *self.command],
                cwd=state,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # a session of its own: Ctrl-C is for the run, which then ends its servers in order
                start_new_session=True,
            )

    def _await_ready(self, process: psutil.Process, port: int, log: Path) -> None:
        url = f"http://{HOST}:{port}{self.health}"

        def probe() -> bool | None:
            if not lives(process):
                raise BenchError(f"{self.name} ended while it was starting", detail=last_lines(log))
            try:
                return True if requests.get(url, timeout=2).ok else None
            except requests.RequestException:
                return None

        try:
            wait_until(probe, what=url, timeout=self.start_seconds, evidence=lambda: last_lines(log))
        except EngineError as error:
            raise BenchError(str(error), detail=error.detail) from error
        holder = port_holder(port)
        if holder is not None and process.pid not in {holder.pid, *(parent.pid for parent in holder.parents())}:
            raise BenchError(f"another process took {self.name}'s port {port}: {holder.pid}")
