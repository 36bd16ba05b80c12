"""A function's process, its Runtime API and its output: one life, from spawn to exit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from windtunnel.functions import runtimes
from windtunnel.functions.extensions import SHUTDOWN_SECONDS, Extensions, Failed, Metadata
from windtunnel.functions.output import Output
from windtunnel.functions.process_exit import ProcessExit
from windtunnel.functions.runtime_api import Delivery, Exited, Outcome, RuntimeApi
from windtunnel.functions.spawner import Command, Spawner
from windtunnel.functions.spec import FunctionSpec, LogLine, Session
from windtunnel.functions.variables import Places, function_variables

LAST_WORDS = 20
"""Milliseconds that an answer may be on its way after its process has ended."""


class RuntimeProcess:
    """Made by `launch()`. What it does is told to whoever listens; its end is told after all that it said before."""

    def __init__(self, loop: asyncio.AbstractEventLoop, extensions: Extensions) -> None:
        self._loop = loop
        self._output = Output(loop)
        self._api = RuntimeApi(loop, self._tell, extensions)
        self._process: subprocess.Popen[bytes] = None  # type: ignore[assignment]
        self._gone = loop.create_future()
        self._listener: Callable[[Outcome], None] | None = None
        self.exit_code: int | None = None
        """As Popen.returncode has it; None while it is alive, or what it said last is still to come."""

    @classmethod
    async def launch(
        cls, spec: FunctionSpec, session: Session, places: Places, spawner: Spawner, language: str
    ) -> RuntimeProcess:
        """Start it. Raises OSError."""
        words = runtimes.command(spec, places, language)
        metadata = Metadata(spec.name, spec.version, spec.handler, session.account)
        self = cls(asyncio.get_running_loop(), Extensions(runtimes.extension_names(spec), metadata))
        own = runtimes.language_variables(spec, places, language)
        try:
            await self._api.listen()
            command = Command(
                words=words,
                variables=function_variables(spec, session, places, self._api.address, own),
                folder=spec.code,
                output=self._output.write_end,
            )
            self._process = await spawner.spawn(command)
        except BaseException:
            self._output.start()
            self._output.close()
            await self._api.close()
            raise
        self._output.start()
        ProcessExit(self._process, self._loop, self._exited)
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
        """Who is told what the process does next. What it did before is told to nobody but its end, which is kept."""
        self._listener = listener

    def deliver(self, delivery: Delivery) -> None:
        """Hand an invocation to the runtime."""
        self._api.deliver(delivery)

    def take_output(self) -> list[LogLine]:
        """What it wrote since the last call."""
        return self._output.take()

    def peak_memory_mb(self) -> int:
        """The most memory it ever held, in MB; 0 where the kernel does not tell."""
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
        # its children may have outlived it; the group's id is not used anew while they do
        self._kill_group()
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
        elif isinstance(outcome, Failed):
            # between invocations: the environment is of no more use
            self.kill()

    def _exited(self, code: int, patience: int = LAST_WORDS) -> None:
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
