"""A function's process, its Runtime API and its output: one life, from spawn to exit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from windtunnel.functions import runtimes
from windtunnel.functions.extensions import SHUTDOWN_SECONDS, Extensions, Metadata
from windtunnel.functions.freeze import Freezer
from windtunnel.functions.interpreter import PYTHON_LANGUAGE
from windtunnel.functions.memory import MemoryWatch
from windtunnel.functions.output import Output
from windtunnel.functions.process_exit import ProcessExit
from windtunnel.functions.runtime_api import Delivery, Exited, Outcome, RuntimeApi
from windtunnel.functions.sandbox import Sandbox
from windtunnel.functions.spec import FunctionSpec, LogLine, Session
from windtunnel.functions.variables import Places, function_variables
from windtunnel.functions.zygote import SpawnedProcess

LAST_WORDS = 20
"""Milliseconds that an answer may be on its way after its process has ended."""


@dataclass(frozen=True)
class Care:
    """What all processes have in common."""

    memory: MemoryWatch
    freezer: Freezer | None
    """None where they are not frozen between invocations."""


class RuntimeProcess:
    """Made by `launch()`. What it does is told to whoever listens; its end is told after all that it said before."""

    def __init__(self, loop: asyncio.AbstractEventLoop, spec: FunctionSpec, care: Care, extensions: Extensions) -> None:
        self._loop = loop
        self._limit_mb = spec.memory_mb
        self._care = care
        self._output = Output(loop)
        self._api = RuntimeApi(loop, self._tell, extensions)
        self._process: SpawnedProcess = None  # type: ignore[assignment]
        self._gone = loop.create_future()
        self._listener: Callable[[Outcome], None] | None = None
        self._early: list[Outcome] | None = []
        """What it did before anybody listened; None from then on."""
        self.exit_code: int | None = None
        """As Popen.returncode has it; None while it is alive, or what it said last is still to come."""
        self.out_of_memory = False
        """Whether it was killed for holding more than its MemorySize."""

    @classmethod
    async def launch(
        cls, spec: FunctionSpec, session: Session, sandbox: Sandbox, care: Care, language: str
    ) -> RuntimeProcess:
        """Start it. Raises OSError and EngineError."""
        metadata = Metadata(spec.name, spec.version, spec.handler, session.account)
        extensions = Extensions(runtimes.extension_names(spec), metadata)
        self = cls(asyncio.get_running_loop(), spec, care, extensions)

        def variables(places: Places) -> Mapping[str, str]:
            own = runtimes.language_variables(spec, places, language)
            return function_variables(spec, session, places, self._api.address, own)

        line = None
        try:
            await self._api.listen()
            if language == PYTHON_LANGUAGE:
                line = await self._api.connect()
            self._process = await sandbox.spawn(variables, self._output.write_end, line)
        except BaseException:
            self._output.start()
            self._output.close()
            await self._api.close()
            raise
        finally:
            if line is not None:
                line.close()
        self._output.start()
        ProcessExit(self._process.status, self._loop, self._exited)
        self._care.memory.watch(self.pid, self._limit_mb, self._exceeded)
        return self

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def taken(self) -> bool:
        """Whether the runtime has the invocation that was delivered last."""
        return self._api.taken

    @property
    def extensions(self) -> Extensions:
        return self._api.extensions

    async def shut_down(self, reason: str, now: float) -> None:
        """Tell external extensions of the end, then the runtime, and give them a little time.

        `now` is in seconds since the epoch. Source: AWS Lambda Developer Guide, "Lambda Extensions API", Shutdown
        phase: 2,000 ms where there are external extensions, and none without.
        """
        if not self.extensions.external or self._gone.done():
            return
        if self._care.freezer is not None:
            self._care.freezer.wake(self.pid)
        deadline = self._loop.time() + SHUTDOWN_SECONDS
        self.extensions.shut_down(reason, int((now + SHUTDOWN_SECONDS) * 1000))
        while self._loop.time() < deadline and session_members(self.pid) - {self.pid}:
            await asyncio.sleep(0.01)
        if not self._gone.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
        while self._loop.time() < deadline and not self._gone.done():
            await asyncio.sleep(0.01)

    def listen(self, listener: Callable[[Outcome], None] | None) -> None:
        """Who is told what the process does next. The first is told what it did before, too; all may see its end."""
        self._listener = listener
        early, self._early = self._early or [], None
        for outcome in early:
            self._tell(outcome)

    def deliver(self, delivery: Delivery) -> None:
        """Hand an invocation to the runtime."""
        if self._care.freezer is not None:
            self._care.freezer.wake(self.pid)
        self._care.memory.watch(self.pid, self._limit_mb, self._exceeded)
        self._api.deliver(delivery)

    def rest(self) -> None:
        """It has nothing to do until the next invocation is delivered."""
        self._care.memory.forget(self.pid)
        if self._care.freezer is not None and self.exit_code is None:
            self._care.freezer.rest(self.pid)

    def take_output(self) -> list[LogLine]:
        """What it wrote since the last call."""
        return self._output.take()

    def peak_memory_mb(self) -> int:
        """The most memory it ever held, in MB; 0 where the kernel does not tell."""
        if self.out_of_memory:
            return self._limit_mb
        try:
            with open(f"/proc/{self.pid}/status", "rb") as file:  # noqa: PTH123 - twice as fast, in an invocation
                status = file.read()
        except OSError:
            return 0
        start = status.find(b"VmHWM:")
        return 0 if start < 0 else -(-int(status[start + 6 :].split(None, 1)[0]) // 1024)

    def kill(self) -> None:
        """End it with all that it started. Its end is told as any other."""
        if not self._gone.done():
            self._kill_group()

    async def end(self) -> list[LogLine]:
        """Kill it with all that it started, and give everything back. Returns the output that was not taken."""
        self.kill()
        await asyncio.shield(self._gone)
        rest = self._output.take()
        self._output.close()
        await self._api.close()
        return rest

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _tell(self, outcome: Outcome) -> None:
        if self._listener is not None:
            self._listener(outcome)
        elif self._early is not None:
            self._early.append(outcome)

    def _exceeded(self) -> None:
        self.out_of_memory = True
        self.kill()

    def _exited(self, code: int, patience: int = LAST_WORDS) -> None:
        self._care.memory.forget(self.pid)
        if self._care.freezer is not None:
            self._care.freezer.forget(self.pid)
        if not self._gone.done():
            self._gone.set_result(None)
        if patience and not self._api.settle():
            self._loop.call_later(0.001, self._exited, code, patience - 1)
            return
        self.exit_code = code
        self._tell(Exited(code))


def session_members(session: int) -> set[int]:
    """The processes of a session that are alive, as far as the kernel tells (Linux)."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # after the name in brackets: state, parent, group, session (proc(5))
            fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            if int(fields[3]) == session and fields[0] != b"Z":
                found.add(int(folder.name))
    return found
