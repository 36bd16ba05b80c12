"""The execution environments of one function version, and the requests that wait for one.

Who gets what: an idle environment takes a request at once, the one that was used last first, so that the others come of
age and are retired; provisioned ones before all. Without an idle one a request queues, in order.

When another environment is started, at most one for each waiting request:
- while there are fewer than two for each processor, at once: so many can be at work;
- else when the head of the queue has waited longer than the last init took, counted from when the first environment was
  there. Before that a busy environment is sooner free than a new one is started; after that the function is so slow,
  or so busy, that one more is worth its start. Functions that answer in a millisecond so need only a few environments,
  and those that wait for a second get one for each concurrent request, as on AWS.
Starts are bounded over all functions (starts.py).
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from windtunnel.functions.environment import ExecutionEnvironment
from windtunnel.functions.invoke_error import InvokeError
from windtunnel.functions.spec import PROVISIONED, Invocation, InvocationResult
from windtunnel.functions.starts import Starts

LOG = logging.getLogger(__name__)
ON_DEMAND = "on-demand"
FEW = 2 * (os.cpu_count() or 1)
UNAVAILABLE = InvokeError("ServiceException", 500, "windtunnel has no execution environment for this function")
Make = Callable[[str], ExecutionEnvironment]
"""Makes an environment of an initialization type."""


class Request:
    """An invocation and who waits for its result. One whose `result` is cancelled while it queues, is not run."""

    __slots__ = ("invocation", "over", "queued", "result")

    def __init__(
        self, invocation: Invocation, result: asyncio.Future[InvocationResult], over: Callable[[], None]
    ) -> None:
        self.invocation = invocation
        self.result = result
        self.over = over
        """Called once, when it has its result or will have none."""
        self.queued = 0.0

    def answer(self, result: InvocationResult) -> None:
        self.over()
        if not self.result.done():
            self.result.set_result(result)

    def fail(self, error: Exception) -> None:
        self.over()
        if not self.result.done():
            self.result.set_exception(error)


class _Worker:
    """An environment, and the request it has."""

    __slots__ = ("ended", "environment", "identity", "idle_since", "pool", "request")

    def __init__(self, pool: Pool, environment: ExecutionEnvironment, identity: str) -> None:
        self.pool = pool
        self.environment = environment
        self.identity = identity
        """Of a provisioned one; "" on demand."""
        self.idle_since = 0.0
        self.ended = False
        self.request: Request | None = None

    def run(self, request: Request) -> None:
        self.request = request
        self.environment.begin(request.invocation, self._answered)

    def _answered(self, result: InvocationResult) -> None:
        request, self.request = self.request, None
        self.pool.release(self)
        if request is not None:
            request.answer(result)


class Pool:
    """`submit()` requests; `retire()` it when its version is replaced or deleted; `close()` ends all at once."""

    def __init__(self, make: Make, starts: Starts, clock: Callable[[], float]) -> None:
        self._make = make
        self._starts = starts
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._idle: list[_Worker] = []
        self._ready: list[_Worker] = []
        """Provisioned ones that are idle."""
        self._all: set[_Worker] = set()
        """Every environment that got through its start."""
        self._queue: deque[Request] = deque()
        self._beginning: dict[_Worker, str] = {}
        """Those that are starting, each with its identity."""
        self._starting = 0
        self._init_seconds = 0.0
        """What the last start took."""
        self._opened = 0.0
        """When the first environment was there."""
        self._reminder: asyncio.TimerHandle | None = None
        self._retired = False
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- requests -------------------------------------------------------------------------------------------------

    def submit(self, request: Request) -> None:
        """Run a request as soon as there is an environment for it."""
        if self._ready:
            self._ready.pop().run(request)
        elif self._idle:
            self._idle.pop().run(request)
        else:
            request.queued = self._clock()
            self._queue.append(request)
            self._consider()

    def release(self, worker: _Worker) -> None:
        """An environment is free: it takes the next request, or is idle."""
        if worker not in self._all:
            # withdrawn while it was busy
            self._end(worker)
            self._consider()
            return
        while self._queue:
            request = self._queue.popleft()
            if not request.result.cancelled():
                worker.run(request)
                return
            request.over()
        if self._retired:
            self._end(worker)
        elif worker.identity and not worker.environment.well:
            self._run(self._renew(worker))
        elif worker.identity:
            self._ready.append(worker)
        else:
            worker.idle_since = self._clock()
            self._idle.append(worker)

    # --- starting -------------------------------------------------------------------------------------------------

    def _consider(self) -> None:
        """Start what the rule above allows, and look again when it may allow more."""
        while self._queue and self._starting < len(self._queue):
            if len(self._all) + self._starting >= FEW:
                due = max(self._queue[0].queued, self._opened) + self._init_seconds
                now = self._clock()
                if now < due:
                    self._remind(due - now)
                    return
            ended = self._starts.begin(self._consider)
            if ended is None:
                return
            self._starting += 1
            self._run(self._start(ended))

    def _remind(self, seconds: float) -> None:
        if self._reminder is None:
            self._reminder = self._loop.call_later(seconds, self._reminded)

    def _reminded(self) -> None:
        self._reminder = None
        self._consider()

    async def _start(self, ended: Callable[[], None]) -> None:
        began = self._clock()
        try:
            worker = _Worker(self, self._make(ON_DEMAND), "")
            self._beginning[worker] = ""
            # an init that fails is tried again, and told of, by the request that gets the environment
            await worker.environment.start()
        except Exception:
            LOG.exception("an execution environment cannot be started")
            if self._queue:
                self._queue.popleft().fail(UNAVAILABLE)
            return
        finally:
            self._starting -= 1
            ended()
        self._init_seconds = self._clock() - began
        self._add(worker)
        self.release(worker)

    async def _renew(self, worker: _Worker) -> None:
        """A provisioned environment has lost its process: start another, before anybody needs it."""
        error = await worker.environment.start()
        if worker.ended:
            return
        if error:
            # it is not fit; who gets it is told why
            LOG.warning("a provisioned environment does not start again: %s", error)
        if worker not in self._all or self._retired:
            self._end(worker)
        elif self._queue:
            self.release(worker)
        else:
            self._ready.append(worker)

    def _lost(self, worker: _Worker) -> None:
        """Its process ended while it was idle."""
        if worker in self._ready:
            self._ready.remove(worker)
            self._run(self._renew(worker))
        elif worker in self._idle:
            self._idle.remove(worker)
            self._end(worker)

    def _add(self, worker: _Worker) -> None:
        worker.environment.lost = lambda: self._lost(worker)
        del self._beginning[worker]
        if not self._all:
            self._opened = self._clock()
        self._all.add(worker)

    async def provision(self, identity: str) -> str:
        """Start a provisioned environment. Returns the type of the error where its init failed; else ""."""
        worker = _Worker(self, self._make(PROVISIONED), identity)
        self._beginning[worker] = identity
        error = await worker.environment.start()
        if error or self._retired or worker.ended:
            # nobody invokes it yet: the status of the provisioning is where it shows
            del self._beginning[worker]
            worker.ended = True
            await worker.environment.stop()
            return error or "Runtime.ExitError"
        self._add(worker)
        self.release(worker)
        return ""

    @property
    def provisioned_ready(self) -> bool:
        """Whether a provisioned environment takes the next request."""
        return bool(self._ready)

    @property
    def provisioned(self) -> int:
        """How many environments are provisioned."""
        return sum(1 for worker in self._all if worker.identity)

    # --- ending ---------------------------------------------------------------------------------------------------

    def withdraw(self, identity: str) -> bool:
        """End a provisioned environment, once it is done. False where there is none of that id."""
        for worker, name in self._beginning.items():
            if name == identity:
                self._end(worker)
                return True
        for worker in self._all:
            if worker.identity == identity:
                self._all.discard(worker)
                if worker in self._ready:
                    self._ready.remove(worker)
                    self._end(worker)
                return True
        return False

    def retire_idle(self, seconds: float) -> None:
        """End the on-demand environments that had nothing to do for so long."""
        before = self._clock() - seconds
        while self._idle and self._idle[0].idle_since <= before:
            self._end(self._idle.pop(0))

    def retire(self, successor: Pool | None) -> None:
        """The version is replaced or deleted: idle environments end, busy ones when they are done.

        What waits goes to the `successor`; without one it is still run here.
        """
        self._retired = True
        for worker in (*self._idle, *self._ready):
            self._end(worker)
        self._idle, self._ready = [], []
        if successor is not None:
            queue, self._queue = self._queue, deque()
            for request in queue:
                successor.submit(request)

    async def close(self) -> None:
        """End everything, at once. Invocations under way are answered as crashes, requests that wait with an error."""
        self.retire(None)
        while self._all or self._tasks or self._queue:
            for request in self._queue:
                request.fail(UNAVAILABLE)
            self._queue.clear()
            for worker in (*self._all, *self._beginning):
                self._end(worker)
            if self._tasks:
                await asyncio.wait(self._tasks)

    @property
    def unused(self) -> bool:
        """Whether nothing is left of a retired pool."""
        return not (self._all or self._tasks or self._queue)

    def _end(self, worker: _Worker) -> None:
        self._all.discard(worker)
        if not worker.ended:
            worker.ended = True
            self._run(worker.environment.stop())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOG.error("an execution environment's start or end failed", exc_info=error)
