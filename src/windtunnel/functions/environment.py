"""An execution environment: one invocation at a time, in one process after another.

As on AWS: the process is reused while it is well; a crash or a timeout resets it (a new process, the same /tmp and log
stream), with its init in the next invocation; an init that fails is tried again in the invocation that needs it.

An invocation of a process that is well is callbacks from end to end; only inits and resets are tasks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from windtunnel.errors import EngineError
from windtunnel.functions import logs
from windtunnel.functions.ending import Ending
from windtunnel.functions.extensions import Failed
from windtunnel.functions.failure import (
    Failure,
    error_type,
    exited,
    gave_up,
    no_entrypoint,
    out_of_memory,
    timed_out,
)
from windtunnel.functions.interpreter import Interpreter
from windtunnel.functions.runtime_api import Delivery, Exited, InitFailed, Outcome, Ready, Responded
from windtunnel.functions.runtime_process import Care, RuntimeProcess
from windtunnel.functions.sandbox import Sandbox
from windtunnel.functions.spawner import Spawner
from windtunnel.functions.spec import PROVISIONED, FunctionSpec, Invocation, InvocationResult, LogLine, Session

LOG = logging.getLogger(__name__)
INIT_LIMIT = 10.0
"""Seconds that AWS gives an environment's init before the first invocation."""
PROVISIONED_INIT_LIMIT = 130.0
"""The same with provisioned concurrency, unless the function's timeout is longer."""

ATTEMPTS = 3
"""Processes that an invocation may use up: one that dies before it takes the invocation does no harm to it."""
MEMORY_SECONDS = 1.0
"""How often a process is asked for the memory it used: the answer costs as much as a fifth of an invocation."""


@dataclass(frozen=True)
class Surroundings:
    """What every environment shares; time comes in here."""

    spawner: Spawner
    folder: Path
    """Where environments have their own folders."""
    care: Care
    clock: Callable[[], float] = time.perf_counter
    """Seconds, for durations."""
    now: Callable[[], float] = time.time
    """Seconds since the epoch."""
    init_limit: float = INIT_LIMIT


class _Call:
    """An invocation under way."""

    __slots__ = ("answer", "deadline", "invocation", "moment", "started", "timer", "tries")

    def __init__(
        self, invocation: Invocation, answer: Callable[[InvocationResult], None], started: float, timeout: float
    ) -> None:
        self.invocation = invocation
        self.answer = answer
        self.started = started
        self.deadline = started + timeout
        self.moment = 0.0
        """When it started, in seconds since the epoch."""
        self.tries = 0
        """Processes used up so far."""
        self.timer: asyncio.TimerHandle | None = None


class ExecutionEnvironment:
    """`start()`, then `begin()` or `invoke()` one at a time, then `stop()`, which may come at any moment."""

    def __init__(
        self,
        name: str,
        spec: FunctionSpec,
        session: Session,
        interpreter: Interpreter,
        surroundings: Surroundings,
        write: Callable[[list[LogLine]], None] = lambda _lines: None,
    ) -> None:
        self._spec = spec
        self._session = session
        self._interpreter = interpreter
        self._surroundings = surroundings
        self._clock = surroundings.clock
        self._sandbox = Sandbox(surroundings.spawner, surroundings.folder / name, spec, interpreter)
        self._write = write
        self._loop = asyncio.get_running_loop()
        self._process: RuntimeProcess | None = None
        self._stopped = False
        self._call: _Call | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._answered: asyncio.Future[None] | None = None
        """What stop() waits for: the end of the invocation under way."""
        self._init_duration: float | None = None
        """Milliseconds of an init that no REPORT line told yet."""
        self._unlogged: list[LogLine] = []
        """Lines that no invocation's log had yet."""
        self._memory = 0
        self._memory_read = float("-inf")
        self.lost: Callable[[], None] | None = None
        """Called when its process ends by itself between invocations."""

    @property
    def well(self) -> bool:
        """Whether it has a process that takes an invocation."""
        return self._process is not None and self._process.exit_code is None

    async def start(self) -> str:
        """The init phase. Returns the error's type where it failed, which the next invocation deals with; else ""."""
        limit = self._surroundings.init_limit
        if self._session.initialization_type == PROVISIONED:
            limit = max(PROVISIONED_INIT_LIMIT, self._spec.timeout)
        await self._discard()  # where its process has ended, and another is started ahead of need
        failure = await self._init("", limit, phase="init")
        return (error_type(failure.payload) or "Runtime.Unknown") if failure else ""

    def begin(self, invocation: Invocation, answer: Callable[[InvocationResult], None]) -> None:
        """Run the handler. Whatever the function does, `answer` is called with its result, within its timeout."""
        call = _Call(invocation, answer, self._clock(), self._spec.timeout)
        call.moment = self._surroundings.now()
        self._call = call
        process = self._process
        if process is not None and process.exit_code is None:
            self._hand_over(process, call)
        else:
            self._run(self._recover(call))

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """The same, to be waited for."""
        result: asyncio.Future[InvocationResult] = self._loop.create_future()
        self.begin(invocation, result.set_result)
        return await asyncio.shield(result)

    async def stop(self) -> None:
        """End the process and remove the environment's folder. An invocation under way ends as a crash."""
        self._stopped = True
        if self._process is not None and self._call is None and not self._tasks:
            await self._process.shut_down("spindown", self._surroundings.now())
        while self._call is not None or self._tasks:
            if self._process is not None:
                self._process.kill()
            if self._tasks:
                await asyncio.wait(self._tasks)
            else:
                self._answered = self._loop.create_future()
                await self._answered
        await self._discard()
        if self._unlogged:
            self._write(self._unlogged)
            self._unlogged = []
        await self._loop.run_in_executor(None, self._sandbox.close)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Whatever goes wrong in here, the invocation is answered."""
        try:
            await work
        except Exception as error:
            LOG.exception("an execution environment of %s failed", self._spec.name)
            if self._call is not None:
                failure = Failure("Runtime.Unknown", str(error))
                self._finish(self._call, Ending.of(failure))

    # --- init -----------------------------------------------------------------------------------------------------

    async def _init(self, request_id: str, limit: float, *, phase: str) -> Ending | None:
        """Start a process and wait until it asks for an invocation, `limit` seconds at most."""
        began, waited = self._clock(), self._sandbox.waited
        try:
            process = await self._spawn()
        except (OSError, EngineError) as error:
            LOG.warning("%s cannot be started: %s", self._spec.name, error)
            failed = no_entrypoint(request_id, error)
            self._note(logs.init_report((self._clock() - began) * 1000, "error", failed.type, phase))
            return Ending.of(failed)
        if process is None:
            stopped = exited(request_id, -9)
            return Ending.of(stopped)
        began += self._sandbox.waited - waited
        outcome = await self._first_outcome(process, limit - (self._clock() - began))
        milliseconds = (self._clock() - began) * 1000
        self._note(logs.init_start(self._interpreter.identifier), milliseconds / 1000)
        self._unlogged += process.take_output()
        if isinstance(outcome, Ready):
            # an init within an invocation is part of its duration
            self._init_duration = milliseconds if phase == "init" else None
            for state in process.extensions.states:
                self._note(state)
            if phase == "init":
                self._rest(process)
            return None

        await self._discard()
        match outcome:
            case InitFailed(body, kind):
                failure = Ending(body, True, "error", error_type(body) or kind)
            case Failed(kind, name):
                failed = gave_up(request_id, kind, name)
                failure = Ending.of(failed)
            case Exited(code):
                failed = out_of_memory(request_id) if process.out_of_memory else exited(request_id, code)
                failure = Ending.of(failed)
            case _:
                late = timed_out(request_id, self._spec.timeout)
                failure = Ending(late.payload, True, "timeout")
        self._note(logs.init_report(milliseconds, failure.status, failure.error_type, phase))
        return failure

    async def _first_outcome(self, process: RuntimeProcess, limit: float) -> Outcome | None:
        """What the process does first; None where that takes longer than `limit` seconds."""
        if process.exit_code is not None:
            return Exited(process.exit_code)
        first: asyncio.Future[Outcome | None] = self._loop.create_future()

        def hear(outcome: Outcome | None) -> None:
            if not first.done():
                first.set_result(outcome)

        process.listen(hear)
        timer = self._loop.call_later(max(0.0, limit), hear, None)
        try:
            return await first
        finally:
            timer.cancel()
            process.listen(None)

    async def _spawn(self) -> RuntimeProcess | None:
        """A new process in this environment's folder, or None where the environment was stopped. Raises OSError."""
        if self._stopped:
            return None
        process = await RuntimeProcess.launch(
            self._spec, self._session, self._sandbox, self._surroundings.care, self._interpreter.language
        )
        if self._stopped:
            await process.end()
            return None
        self._process = process
        self._memory_read = float("-inf")
        return process

    async def _discard(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            self._unlogged += await process.end()

    def _note(self, text: str, ago: float = 0.0) -> None:
        """A line of Lambda's own, between invocations; `ago` in seconds."""
        self._unlogged.append(LogLine(int((self._surroundings.now() - ago) * 1000), text))

    # --- an invocation --------------------------------------------------------------------------------------------

    async def _recover(self, call: _Call) -> None:
        """Get an invocation a process: reset, or its init failed, or it ended before it took the invocation.

        The init is part of the invocation, under the function's own timeout.
        """
        await self._discard()
        request_id = call.invocation.request_id
        while call.tries < ATTEMPTS and not self._stopped and self._clock() < call.deadline:
            call.tries += 1
            waited = self._sandbox.waited
            failure = await self._init(request_id, call.deadline - self._clock(), phase="invoke")
            waited = self._sandbox.waited - waited
            call.started += waited
            call.deadline += waited
            if failure:
                self._finish(call, failure)
                return
            process = self._process
            if process is not None and process.exit_code is None:
                self._hand_over(process, call)
                return
            await self._discard()
        failed = exited(request_id, -9)
        self._finish(call, Ending.of(failed))

    def _hand_over(self, process: RuntimeProcess, call: _Call) -> None:
        left = call.deadline - self._clock()
        process.listen(self._heard)
        call.timer = self._loop.call_later(left, self._late, call)
        process.deliver(Delivery(call.invocation, int((self._surroundings.now() + left) * 1000)))

    def _heard(self, outcome: Outcome) -> None:
        """What the process does while it has an invocation."""
        call, process = self._call, self._process
        if call is None or process is None or isinstance(outcome, Ready):
            if call is None and isinstance(outcome, Failed) and process is not None:
                # without its extension the environment is of no more use
                process.kill()
            if call is None and isinstance(outcome, Exited) and self.lost is not None:
                self.lost()
            return
        if isinstance(outcome, Responded):
            if outcome.request_id == call.invocation.request_id:
                self._end_call(process, call, Ending.answered(outcome))
        elif isinstance(outcome, Failed):
            failure = gave_up(call.invocation.request_id, outcome.type, outcome.name)
            self._end_call(process, call, Ending.broke(failure))
        elif isinstance(outcome, Exited):
            if not process.taken:
                # another process can have it, while there is time
                process.listen(None)
                if call.timer is not None:
                    call.timer.cancel()
                self._run(self._recover(call))
                return
            request_id = call.invocation.request_id
            failure = out_of_memory(request_id) if process.out_of_memory else exited(request_id, outcome.code)
            self._end_call(process, call, Ending.broke(failure))

    def _late(self, call: _Call) -> None:
        process, request_id, timeout = self._process, call.invocation.request_id, self._spec.timeout
        if call is not self._call or process is None:
            return
        words = logs.timeout_line(datetime.fromtimestamp(self._surroundings.now(), UTC), request_id, timeout)
        payload = timed_out(request_id, timeout).payload
        self._end_call(process, call, Ending(payload, True, "timeout", words=(words,), broken=True))

    def _end_call(self, process: RuntimeProcess, call: _Call, ending: Ending) -> None:
        duration = (self._clock() - call.started) * 1000
        process.listen(None)
        if call.timer is not None:
            call.timer.cancel()
        if ending.broken or self._clock() - self._memory_read >= MEMORY_SECONDS:
            self._memory = process.peak_memory_mb() or self._memory
            self._memory_read = self._clock()
        if ending.broken:
            self._run(self._reset(call, ending, duration))
        else:
            self._rest(process)
            self._finish(call, ending, process.take_output(), duration, self._memory)

    def _rest(self, process: RuntimeProcess) -> None:
        """It has nothing to do; its end is heard."""
        process.rest()
        process.listen(self._heard)

    async def _reset(self, call: _Call, ending: Ending, duration: float) -> None:
        """End the process, then answer: what its last words were, is in this invocation's log."""
        before, self._unlogged = self._unlogged, []
        await self._discard()
        output, self._unlogged = self._unlogged, before
        self._finish(call, ending, output, duration, self._memory)

    def _finish(
        self,
        call: _Call,
        ending: Ending,
        output: list[LogLine] | None = None,
        duration: float | None = None,
        memory: int = 0,
    ) -> None:
        """Write the log and answer. Without `duration` no process had the invocation."""
        if duration is None:
            duration = (self._clock() - call.started) * 1000
        request_id = call.invocation.request_id
        moments = logs.Moments(int(call.moment * 1000), int(self._surroundings.now() * 1000))
        output = output or []
        output += [LogLine(moments.ended, words) for words in ending.words]
        report = logs.Report(
            duration, self._spec.memory_mb, memory, self._init_duration, ending.status, ending.error_type
        )
        lines = logs.invocation_lines(request_id, self._spec.version, self._unlogged, output, report, moments)
        self._init_duration, self._unlogged = None, []
        self._write(lines)
        self._call = None
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)
        call.answer(InvocationResult(ending.payload, ending.is_error, lines, duration))
