"""An execution environment: one invocation at a time, in one process after another.

As on AWS: the process is reused while it is well; a crash or a timeout resets it (a new process, the same /tmp and log
stream), with its init in the next invocation; an init that fails is tried again in the invocation that needs it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from windtunnel.functions import logs
from windtunnel.functions.failure import error_type, exited, timed_out, too_large
from windtunnel.functions.interpreter import Interpreter
from windtunnel.functions.runtime_api import Delivery
from windtunnel.functions.runtime_process import Exited, InitFailed, Ready, Responded, RuntimeProcess
from windtunnel.functions.spawner import Spawner
from windtunnel.functions.spec import PROVISIONED, FunctionSpec, Invocation, InvocationResult, Session
from windtunnel.functions.variables import Places

INIT_LIMIT = 10.0
"""Seconds that AWS gives an environment's init before the first invocation."""
PROVISIONED_INIT_LIMIT = 130.0
"""The same with provisioned concurrency, unless the function's timeout is longer."""

MEMORY_SECONDS = 1.0
"""How old the figure of a process's memory may be that a REPORT line tells."""

ATTEMPTS = 3
"""Processes that an invocation may use up: one that dies before it takes the invocation does no harm to it."""


@dataclass(frozen=True)
class Surroundings:
    """What every environment of an edge shares; time comes in here."""

    spawner: Spawner
    folder: Path
    """Where environments have their own folders."""
    clock: Callable[[], float] = time.perf_counter
    now: Callable[[], float] = time.time
    init_limit: float = INIT_LIMIT


@dataclass(frozen=True)
class Usage:
    """What an invocation took: milliseconds and MB."""

    duration: float
    memory_mb: int


@dataclass(frozen=True)
class _InitFailure:
    """An init that came to nothing: what the caller of an invocation gets, and what the log says."""

    payload: bytes
    status: str
    error_type: str


@dataclass(frozen=True)
class _Ending:
    """How an invocation ended, beside its payload: what the log says of it."""

    payload: bytes
    is_error: bool = True
    status: str = ""
    error_type: str = ""
    words: str = ""
    """A line of Lambda's own, after the function's output."""
    broken: bool = False
    """The process is not fit for another invocation."""


class ExecutionEnvironment:
    """`start()`, then `invoke()` one at a time, then `stop()`, which may come at any moment."""

    def __init__(
        self,
        name: str,
        spec: FunctionSpec,
        session: Session,
        interpreter: Interpreter,
        surroundings: Surroundings,
        log: Callable[[str, int], None] = lambda _text, _timestamp_ms: None,
    ) -> None:
        self._spec = spec
        self._session = session
        self._interpreter = interpreter
        self._surroundings = surroundings
        self._log = log
        """Takes the log of an invocation, with the time of its end in milliseconds."""
        self._folder = surroundings.folder / name
        self._process: RuntimeProcess | None = None
        self._stopped = False
        self._init_duration: float | None = None
        """Milliseconds of an init that no REPORT line told yet."""
        self._unlogged = ""
        """Lines that no invocation's log had yet."""
        self._peak_mb = 0
        self._peak_read = 0.0

    @property
    def session(self) -> Session:
        """What this environment got from its surroundings."""
        return self._session

    async def start(self) -> str:
        """The init phase. Returns the error's type where it failed, which the next invocation deals with; else ""."""
        limit = self._surroundings.init_limit
        if self._session.initialization_type == PROVISIONED:
            limit = max(PROVISIONED_INIT_LIMIT, self._spec.timeout)
        failure = await self._init("", limit, phase="init")
        return (error_type(failure.payload) or "Runtime.Unknown") if failure else ""

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run the handler. Whatever the function does, an answer comes, within its timeout."""
        started = self._surroundings.clock()
        deadline = started + self._spec.timeout
        for _ in range(ATTEMPTS):
            process = await self._well()
            if process is None:
                # reset, or its init failed: the init is part of this invocation, under the function's own timeout
                failure = await self._init(invocation.request_id, deadline - self._surroundings.clock(), phase="invoke")
                if failure:
                    return self._without_init(invocation, failure, started)
                process = await self._well()
            if process:
                result = await self._run(process, invocation, started)
                if result:
                    return result
            # it ended before it took the invocation: another process can have it, while there is time
            if self._stopped or self._surroundings.clock() >= deadline:
                break
        failed = exited(invocation.request_id, -9)
        return self._without_init(invocation, _InitFailure(failed.payload, "error", failed.type), started)

    async def stop(self) -> None:
        """End the process and remove the environment's folder. An invocation under way ends as a crash."""
        self._stopped = True
        await self._discard()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- init -----------------------------------------------------------------------------------------------------

    async def _init(self, request_id: str, limit: float, *, phase: str) -> _InitFailure | None:
        """Start a process and wait until it asks for an invocation, `limit` seconds at most."""
        clock = self._surroundings.clock
        began = clock()
        process = await self._spawn()
        if process is None:
            stopped = exited(request_id, -9)
            return _InitFailure(stopped.payload, "error", stopped.type)
        outcome = await process.initialised(limit)
        milliseconds = (clock() - began) * 1000
        self._unlogged += logs.init_start(self._interpreter.identifier) + "\n" + process.take_output()
        if isinstance(outcome, Ready):
            # an init within an invocation is part of its duration
            self._init_duration = milliseconds if phase == "init" else None
            return None

        await self._discard()
        match outcome:
            case InitFailed(body):
                failure = _InitFailure(body, "error", error_type(body))
            case Exited(code=code):
                failed = exited(request_id, code)
                failure = _InitFailure(failed.payload, "error", failed.type)
            case _:
                late = timed_out(request_id, self._spec.timeout)
                failure = _InitFailure(late.payload, "timeout", "")
        report = logs.init_report(milliseconds, failure.status, failure.error_type, phase)
        self._unlogged = self._unlogged.rstrip("\n") + "\n" + report + "\n"
        return failure

    async def _spawn(self) -> RuntimeProcess | None:
        """A new process in this environment's folder, or None where the environment was stopped."""
        if self._stopped:
            return None
        home, tmp = self._folder / "home", self._folder / "tmp"
        home.mkdir(parents=True, exist_ok=True)
        tmp.mkdir(exist_ok=True)
        places = Places(self._interpreter.path, self._interpreter.packages, home, tmp)
        process = await RuntimeProcess.spawn(self._spec, self._session, places, self._surroundings.spawner)
        if self._stopped:
            # meanwhile
            await process.end()
            return None
        self._process = process
        return process

    async def _well(self) -> RuntimeProcess | None:
        """The process, if it is there and alive; one that ended since the last invocation is given back."""
        if self._process and self._process.exited is not None:
            await self._discard()
        return self._process

    async def _discard(self) -> None:
        process, self._process = self._process, None
        self._peak_mb, self._peak_read = 0, 0.0
        if process:
            self._unlogged += await process.end()

    # --- an invocation --------------------------------------------------------------------------------------------

    async def _run(self, process: RuntimeProcess, invocation: Invocation, started: float) -> InvocationResult | None:
        """Have the process handle an invocation. None where it ended before it took it."""
        surroundings, timeout = self._surroundings, self._spec.timeout
        left = started + timeout - surroundings.clock()
        match await process.handle(Delivery(invocation, int((surroundings.now() + left) * 1000)), left):
            case Responded(body, is_error):
                ending = _answered(body, is_error)
            case Exited(taken=False):
                await self._discard()
                return None
            case Exited(code=code):
                failure = exited(invocation.request_id, code)
                words = f"{failure.message}\n{failure.type}"
                ending = _Ending(failure.payload, True, "error", failure.type, words, broken=True)
            case None:
                moment = datetime.fromtimestamp(surroundings.now(), UTC)
                words = logs.timeout_line(moment, invocation.request_id, timeout)
                payload = timed_out(invocation.request_id, timeout).payload
                ending = _Ending(payload, True, "timeout", words=words, broken=True)
        return await self._finish(process, invocation, started, ending)

    async def _finish(
        self, process: RuntimeProcess, invocation: Invocation, started: float, ending: _Ending
    ) -> InvocationResult:
        now = self._surroundings.clock()
        duration = (now - started) * 1000
        if ending.broken or now - self._peak_read > MEMORY_SECONDS:
            # it costs the kernel more than the rest of an invocation costs us
            self._peak_mb, self._peak_read = process.peak_memory_mb(), now
        usage = Usage(duration, self._peak_mb)
        before, self._unlogged = self._unlogged, ""
        if ending.broken:
            await self._discard()
            output, self._unlogged = self._unlogged, ""
        else:
            output = process.take_output()
        return self._result(invocation, before, output, ending, usage)

    def _without_init(self, invocation: Invocation, failure: _InitFailure, started: float) -> InvocationResult:
        """The answer to an invocation that no process could be had for."""
        duration = (self._surroundings.clock() - started) * 1000
        before, self._unlogged = self._unlogged, ""
        ending = _Ending(failure.payload, True, failure.status, failure.error_type)
        return self._result(invocation, before, "", ending, Usage(duration, 0))

    def _result(
        self, invocation: Invocation, before: str, output: str, ending: _Ending, usage: Usage
    ) -> InvocationResult:
        report = logs.Report(
            duration=usage.duration,
            memory_mb=self._spec.memory_mb,
            used_mb=usage.memory_mb,
            init=self._init_duration,
            status=ending.status,
            error_type=ending.error_type,
        )
        self._init_duration = None
        if ending.words:
            output = f"{output.rstrip()}\n{ending.words}".lstrip("\n")
        text = logs.invocation_log(
            invocation.request_id, self._spec.version, logs.legible(before), logs.legible(output), report
        )
        self._log(text, int(self._surroundings.now() * 1000))
        return InvocationResult(ending.payload, ending.is_error, text)


def _answered(body: bytes | None, is_error: bool) -> _Ending:
    """The runtime's own answer; `body` is None where it was too large."""
    if body is None:
        failure = too_large()
        # the runtime was told 413 and gives up
        return _Ending(failure.payload, True, "error", failure.type, broken=True)
    return _Ending(body, is_error, "error" if is_error else "", error_type(body) if is_error else "")
