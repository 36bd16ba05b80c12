"""The process below which all of a functions plane's processes live: `python -I -S keeper.py SOCKET`.

It starts zygotes. What a zygote forks becomes the keeper's own child (a subreaper's), so that a zygote's end ends
nothing else; and Linux's promise that a child ends with its parent ties every function to the keeper, and the keeper
ends when the engine does, which it sees by the end of SOCKET. It needs the standard library only, and stays small.

Messages are datagrams of JSON with descriptors. From the engine: {"words", "variables"} with [stdin, output, status]:
start a zygote, which has `stdin` for its descriptor 0 and this keeper's ear for 3. From a zygote: {"pid"} with
[status]: a function was forked; {"pid", "space"}: it is in that mount namespace. A status descriptor gets the exit
status once (struct "i", as os.waitpid has it); before that, all that the process left behind in its group is killed,
and what left its group and is in its mount namespace ends soon after.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Mapping
from typing import Any

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
EAR = 3
"""The descriptor by which a zygote tells of what it forked."""
LARGEST = 1 << 20
REMEMBERED = 1000


class Keeper:
    """`run()` until the engine is gone."""

    def __init__(self, engine: socket.socket) -> None:
        self._engine = engine
        self._ear, self._mouth = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._wakeup, wakeup_end = socket.socketpair()
        for end in (self._wakeup, wakeup_end, self._ear, engine):
            end.setblocking(False)
        self._wakeup_end = wakeup_end
        self._statuses: dict[int, int] = {}
        """By process, where its exit status is to be told."""
        self._spaces: dict[int, int] = {}
        """By process, its mount namespace."""
        self._over: dict[int, None] = {}
        """Mount namespaces whose process has ended, the newest last: what is left in them is to end, too."""
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), 0, 0, 0)
        signal.set_wakeup_fd(wakeup_end.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.siginterrupt(signal.SIGCHLD, False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # the engine's end is what counts
            signal.signal(number, signal.SIG_IGN)

    def run(self) -> None:
        poll = select.poll()
        for end in (self._engine, self._ear, self._wakeup):
            poll.register(end, select.POLLIN)
        while True:
            poll.poll()
            with contextlib.suppress(BlockingIOError):
                self._wakeup.recv(4096)
            # who was forked is heard before it can have ended
            while (message := self._receive(self._ear)) is not None:
                self._hear(*message)
            while (message := self._receive(self._engine)) is not None:
                self._start(message[0], message[1])
            self._reap()

    def _hear(self, told: Mapping[str, Any], descriptors: list[int]) -> None:
        pid, space = told["pid"], told.get("space")
        if descriptors:
            self._statuses[pid] = descriptors[0]
        if space is not None and pid in self._statuses:
            self._spaces[pid] = space
            self._over.pop(space, None)

    def _receive(self, end: socket.socket) -> tuple[Mapping[str, Any], list[int]] | None:
        """The next message and its descriptors; None where there is none now."""
        try:
            data, descriptors, _flags, _address = socket.recv_fds(end, LARGEST, 8)
        except BlockingIOError:
            return None
        except ConnectionError:
            data, descriptors = b"", []
        if not data:
            self._end()
        return json.loads(data), descriptors

    def _start(self, order: Mapping[str, Any], descriptors: list[int]) -> None:
        given, output, status = descriptors
        pid = os.fork()
        if pid == 0:
            try:
                self._become(order, given, output)
            finally:
                os._exit(127)
        os.close(given)
        os.close(output)
        self._statuses[pid] = status

    def _become(self, order: Mapping[str, Any], given: int, output: int) -> None:
        """A zygote."""
        parent = os.getppid()
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        mouth = os.dup(self._mouth.fileno())
        wanted = {0: given, 1: output, 2: output, EAR: mouth}
        # none of them is where another belongs
        copies = {place: os.dup2(descriptor, 100 + place) for place, descriptor in wanted.items()}
        for place, copy in copies.items():
            os.dup2(copy, place, inheritable=True)
        os.closerange(EAR + 1, 1 << 20)
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        os.chdir("/")
        os.execve(order["words"][0], order["words"], dict(order["variables"]))  # noqa: S606

    def _reap(self) -> None:
        while True:
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if found is None:
                break
            pid = found.si_pid
            if (space := self._spaces.pop(pid, None)) is not None:
                self._over[space] = None
                if len(self._over) > REMEMBERED:
                    del self._over[next(iter(self._over))]
            status = self._statuses.pop(pid, None)
            if status is not None:
                # its id is not used anew before it is waited for
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
            _, code = os.waitpid(pid, 0)
            if status is not None:
                with contextlib.suppress(OSError):
                    os.write(status, struct.pack("i", code))
                os.close(status)
        for pid in self._strangers():
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{pid}/ns/mnt").st_ino in self._over:  # noqa: PTH116
                    os.kill(pid, signal.SIGKILL)

    def _strangers(self) -> list[int]:
        """What left its session, and lost its parent."""
        try:
            with open("/proc/self/task/%d/children" % os.getpid(), encoding="ascii") as file:  # noqa: PTH123, UP031
                children = [int(pid) for pid in file.read().split()]
        except OSError:
            return []
        return [pid for pid in children if pid not in self._statuses]

    def _end(self) -> None:
        """With everything below."""
        for pid in self._statuses:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        # each that ends may leave another to be ended
        while strangers := self._strangers():
            for pid in strangers:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0)
        os._exit(0)


def main() -> None:
    Keeper(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
