"""Keeps an engine's processes running: `python -I supervisor.py ORDERS.json`.

It holds the listening sockets, so that while a server is started anew clients wait instead of being refused. A child
that ends, for whatever reason, is started again; when the supervisor ends, so does everything below it. It needs the
standard library only, to stay small.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
QUICK = 5.0
"""Seconds: a child that ends sooner did not come up at all."""
ATTEMPTS = 6
"""Quick ends in a row after which nothing is gained by another start."""
GRACE = 2.0
"""Seconds that children get to end by themselves, where nobody says otherwise."""


@dataclass(frozen=True)
class ChildOrder:
    """A process to keep running. `log` is appended to; `environment` is all that it gets."""

    name: str
    command: tuple[str, ...]
    folder: str
    log: str
    environment: Mapping[str, str]
    sockets: tuple[str, ...] = ()
    """The listening sockets that it inherits, by name. Their descriptors follow its command as a JSON object."""


@dataclass(frozen=True)
class Orders:
    """What to do. `listen` has a name and a port for each socket; `report` is the file that tells of the children."""

    host: str
    listen: Mapping[str, int]
    report: str
    children: tuple[ChildOrder, ...]
    grace: float = GRACE
    """Seconds that children get to end by themselves."""

    def write(self, path: Path) -> None:
        """Write them where the supervisor reads them. They hold secrets of the engine."""
        path.write_text(json.dumps(asdict(self)))
        path.chmod(0o600)

    @classmethod
    def read(cls, path: Path) -> Orders:
        document: dict[str, Any] = json.loads(path.read_text())
        children = tuple(
            ChildOrder(**{**child, "command": tuple(child["command"]), "sockets": tuple(child["sockets"])})
            for child in document.pop("children")
        )
        return cls(children=children, **document)


@dataclass
class _Child:
    """A child and how it fares."""

    order: ChildOrder
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    starts: int = 0
    quick_ends: int = 0
    next_start: float = 0.0
    last_exit: int | None = field(default=None)


class Supervisor:
    """`run()` returns the exit code."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._children = [_Child(order) for order in orders.children]
        self._sockets: dict[str, socket.socket] = {}
        self._wakeup, wakeup_end = socket.socketpair()
        self._wakeup.setblocking(False)
        wakeup_end.setblocking(False)
        self._wakeup_end = wakeup_end
        self._told_to_stop = False

    def run(self) -> int:
        """Until told to stop (0), or until a child cannot be had (1)."""
        try:
            self._bind()
        except OSError as error:
            print(f"supervisor: {error}", file=sys.stderr, flush=True)
            return 1
        signal.set_wakeup_fd(self._wakeup_end.fileno())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            while not self._told_to_stop:
                self._start_due()
                if any(child.quick_ends >= ATTEMPTS for child in self._children):
                    return 1
                self._wait()
                self._reap()
        finally:
            self._end_all()
        return 0

    def _bind(self) -> None:
        for name, port in self._orders.listen.items():
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((self._orders.host, port))
            except OSError as error:
                raise OSError(f"port {port} cannot be listened on: {error.strerror}") from error
            # from here on a client's connection waits for the edge
            listener.listen(1024)
            self._sockets[name] = listener

    def _stop(self, *_: object) -> None:
        self._told_to_stop = True

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is None and child.next_start <= now:
                self._start(child)

    def _start(self, child: _Child) -> None:
        order = child.order
        command: Sequence[str] = order.command
        descriptors = {name: self._sockets[name].fileno() for name in order.sockets}
        if order.sockets:
            command = [*command, json.dumps(descriptors)]
        child.started = time.monotonic()
        child.starts += 1
        try:
            with Path(order.log).open("ab") as log:
                child.process = subprocess.Popen(
                    command,
                    cwd=order.folder,
                    env=dict(order.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=tuple(descriptors.values()),
                    preexec_fn=_die_with_parent,  # there are no threads here
                )
        except OSError as error:  # no memory for another process, say: that passes, or is said six times
            self._count_end(child, failed=True)
            print(f"supervisor: {order.name} could not be started: {error}", file=sys.stderr, flush=True)
        self._report()

    def _wait(self) -> None:
        """Until a child ends, a signal comes, or a start is due."""
        now = time.monotonic()
        due = [child.next_start - now for child in self._children if child.process is None]
        timeout = max(0.0, min(due)) if due else None
        with contextlib.suppress(InterruptedError):
            select.select([self._wakeup], [], [], timeout)
        with contextlib.suppress(BlockingIOError):
            self._wakeup.recv(4096)

    def _reap(self) -> None:
        for child in self._children:
            if child.process is None or child.process.poll() is None:
                continue
            lived = time.monotonic() - child.started
            child.last_exit, child.process = child.process.returncode, None
            # one that somebody killed would have come up
            self._count_end(child, failed=lived < QUICK and child.last_exit != -signal.SIGKILL)
            print(
                f"supervisor: {child.order.name} ended after {lived:.1f} s (exit code {child.last_exit})",
                file=sys.stderr,
                flush=True,
            )
            self._report()

        _reap_orphans({child.process.pid for child in self._children if child.process})

    @staticmethod
    def _count_end(child: _Child, *, failed: bool) -> None:
        child.quick_ends = child.quick_ends + 1 if failed else 0
        # at once after a good life; slower and slower where it does not come up
        child.next_start = time.monotonic() + (0.05 * 2**child.quick_ends if child.quick_ends else 0.0)

    def _report(self) -> None:
        """Tell who runs, for those who look: {name: {pid, starts, last_exit}}."""
        path = Path(self._orders.report)
        document = {
            child.order.name: {
                "pid": child.process.pid if child.process else None,
                "starts": child.starts,
                "last_exit": child.last_exit,
            }
            for child in self._children
        }
        draft = path.with_suffix(".new")
        with contextlib.suppress(OSError):  # a full disk is no reason to end them
            draft.write_text(json.dumps(document))
            draft.replace(path)

    def _end_all(self) -> None:
        running = [child.process for child in self._children if child.process]
        for process in reversed(running):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + self._orders.grace
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.05, deadline - time.monotonic()))
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()


def _reap_orphans(ours: set[int]) -> None:
    """What a container's first process inherits: processes whose parents have ended."""
    if os.getpid() != 1:
        return
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid not in ours:
            os.waitpid(ended.si_pid, 0)


def _die_with_parent() -> None:
    """The child ends when the supervisor does, were it by kill -9. Elsewhere than on Linux `down` finds it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    os.umask(0o077)
    sys.exit(Supervisor(Orders.read(Path(sys.argv[1]))).run())


if __name__ == "__main__":
    main()
