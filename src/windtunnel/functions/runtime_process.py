"""A function's process, its Runtime API and its output: one life, from spawn to exit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from windtunnel.functions import bootstrap
from windtunnel.functions.output import Output
from windtunnel.functions.runtime_api import Delivery, RuntimeApi
from windtunnel.functions.spawner import Command, Spawner
from windtunnel.functions.spec import FunctionSpec, Session
from windtunnel.functions.variables import Places, function_variables


@dataclass(frozen=True, slots=True)
class Ready:
    """The runtime asks for its first invocation: its init is over."""


@dataclass(frozen=True, slots=True)
class Responded:
    """The runtime answered the invocation. `body` is None where it was over the limit."""

    body: bytes | None
    is_error: bool


@dataclass(frozen=True, slots=True)
class InitFailed:
    """The runtime could not load the handler; it ends by itself."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Exited:
    """The process is gone. `code` as Popen.returncode has it; `taken` whether it had the invocation."""

    code: int
    taken: bool


Outcome = Ready | Responded | InitFailed | Exited


class RuntimeProcess:
    """Made by spawn(). `initialised()` once, then `handle()` one at a time, then `end()`."""

    def __init__(self, output: Output) -> None:
        self._loop = asyncio.get_running_loop()
        self._output = output
        self._api = RuntimeApi(self)
        self._process: subprocess.Popen[bytes] | None = None
        self._pidfd = -1
        self._gone: asyncio.Future[int] = self._loop.create_future()
        self._waiter: asyncio.Future[Outcome | None] | None = None
        self._told: Outcome | None = None
        """Of the init, where nobody waited for it yet."""
        self._request_id = ""
        self._taken = False

    @classmethod
    async def spawn(cls, spec: FunctionSpec, session: Session, places: Places, spawner: Spawner) -> RuntimeProcess:
        """Start a process. Raises OSError where there can be none."""
        made = cls(Output())
        await made._api.start()
        words = [str(places.interpreter), "-P", bootstrap.__file__, str(os.getpid())]
        command = Command(
            words=[*words, *([str(spec.layers)] if spec.layers else [])],
            variables=function_variables(spec, session, places, made._api.address),
            folder=spec.code,
            output=made._output.write_end,
        )
        try:
            made._process = await asyncio.shield(asyncio.wrap_future(spawner.spawn(command)))
        except BaseException:
            made._output.start()
            made._output.close()
            made._api.close()
            raise
        made._output.start()
        made._watch()
        return made

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def exited(self) -> int | None:
        """The exit code, once it is gone."""
        return self._gone.result() if self._gone.done() else None

    async def initialised(self, limit: float) -> Ready | InitFailed | Exited | None:
        """How its init went; None where it took longer than `limit` seconds."""
        outcome = self._told or await self._wait(limit)
        assert not isinstance(outcome, Responded)
        return outcome

    async def handle(self, delivery: Delivery, limit: float) -> Responded | Exited | None:
        """Have an invocation handled; None where that took longer than `limit` seconds."""
        if self._gone.done():
            return Exited(self._gone.result(), taken=False)
        self._request_id, self._taken = delivery.invocation.request_id, False
        self._api.deliver(delivery)
        outcome = await self._wait(limit)
        self._request_id = ""
        assert not isinstance(outcome, Ready | InitFailed)
        return outcome

    def take_output(self) -> str:
        """What it wrote since the last call."""
        return self._output.take()

    def peak_memory_mb(self) -> int:
        """The most memory it ever held, in MB; 0 where the kernel does not tell."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return -(-int(line.split()[1]) // 1024)
        return 0

    async def end(self) -> str:
        """Kill it with all that it started, and give everything back. Returns the output that was not taken."""
        if not self._gone.done():
            self._kill_group()
            await asyncio.shield(self._gone)
        # its children may have outlived it; the group's id is not used anew while they do
        self._kill_group()
        rest = self._output.take()
        self._output.close()
        self._api.close()
        return rest

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    # --- waiting --------------------------------------------------------------------------------------------------

    async def _wait(self, limit: float) -> Outcome | None:
        waiter: asyncio.Future[Outcome | None] = self._loop.create_future()
        self._waiter = waiter
        timer = self._loop.call_later(max(0.0, limit), self._tell, None)
        try:
            return await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _tell(self, outcome: Outcome | None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(outcome)

    # --- what the Runtime API tells -------------------------------------------------------------------------------

    def asked(self) -> None:
        if self._told is None:
            self._told = Ready()
            self._tell(self._told)

    def took(self) -> None:
        self._taken = True

    def answered(self, request_id: str, body: bytes | None, is_error: bool) -> None:
        if request_id == self._request_id:
            self._tell(Responded(body, is_error))

    def init_failed(self, body: bytes) -> None:
        if self._told is None:
            self._told = InitFailed(body)
            self._tell(self._told)

    # --- its end --------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Learn of its end: from the kernel where it tells, else from a thread that waits."""
        if hasattr(os, "pidfd_open"):
            self._pidfd = os.pidfd_open(self.pid)
            self._loop.add_reader(self._pidfd, self._on_exit)
        else:
            threading.Thread(target=self._await_exit, name="function-exit", daemon=True).start()

    def _await_exit(self) -> None:
        assert self._process
        self._process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._on_exit)

    def _on_exit(self) -> None:
        assert self._process
        code = self._process.poll()
        if code is None:
            return
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        if not self._gone.done():
            self._gone.set_result(code)
        outcome = Exited(code, self._taken)
        if self._told is None:
            self._told = outcome
        self._tell(outcome)
