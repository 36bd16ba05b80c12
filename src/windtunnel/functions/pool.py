"""The execution environments of one function version: who waits for one, and when another is started.

A request takes an environment that is idle; else it waits, in order, for whichever comes first: one that gets free, or
one that is started for it. Where none is ready yet, as many are started as requests wait. Where some are, another is
started only once the first in the queue has waited for as long as the last init took: until then one that is busy is
sooner free than a new one ready. Over all functions no more are started at a time than there are cores.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable

from windtunnel.functions.environment import ExecutionEnvironment
from windtunnel.functions.spec import ON_DEMAND, Invocation, InvocationResult

Make = Callable[[str], ExecutionEnvironment]
"""Takes the initialization type."""


class StartSlots:
    """How many environments may start at a time, over all functions."""

    def __init__(self, slots: int | None = None) -> None:
        self._free = slots or os.cpu_count() or 1
        self._wanting: deque[Callable[[], None]] = deque()

    def take(self, otherwise: Callable[[], None]) -> bool:
        """Take a slot; where there is none, `otherwise` is called once there may be one."""
        if self._free > 0:
            self._free -= 1
            return True
        if otherwise not in self._wanting:
            self._wanting.append(otherwise)
        return False

    def give_back(self) -> None:
        """A start is over."""
        self._free += 1
        while self._wanting and self._free > 0:
            self._wanting.popleft()()


class Pool:
    """The environments of a function version. Belongs to the running loop."""

    def __init__(self, make: Make, slots: StartSlots, idle_seconds: float, last_init: float = 0.0) -> None:
        self.make = make
        self._slots = slots
        self._idle_seconds = idle_seconds
        self._last_init = last_init
        """Seconds."""
        self._loop = asyncio.get_running_loop()
        self._idle: list[tuple[ExecutionEnvironment, float]] = []
        """Last used last, with the time since when."""
        self._waiting: deque[tuple[asyncio.Future[ExecutionEnvironment], float]] = deque()
        self._busy = 0
        self._starting: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._provisioned: dict[str, ExecutionEnvironment] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._retired = False

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run an invocation in an environment of its own."""
        environment = self._idle.pop()[0] if self._idle else await self._wait()
        self._busy += 1
        try:
            return await environment.invoke(invocation)
        finally:
            self._busy -= 1
            self._give(environment)

    async def _wait(self) -> ExecutionEnvironment:
        waiter: asyncio.Future[ExecutionEnvironment] = self._loop.create_future()
        self._waiting.append((waiter, self._loop.time()))
        self._start_some()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._give(waiter.result())
            raise

    def _give(self, environment: ExecutionEnvironment) -> None:
        """An environment is free: for who waits longest, else for who comes next."""
        while self._waiting:
            waiter, _ = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(environment)
                return
        if self._retired and environment not in self._provisioned.values():
            self._end(environment)
            return
        self._idle.append((environment, self._loop.time()))
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(self._idle_seconds, self._sweep)

    # --- starting -------------------------------------------------------------------------------------------------

    def _start_some(self) -> None:
        """Start what the rule above asks for."""
        self._timer = None
        while self._waiting and len(self._starting) < len(self._waiting):
            if self._busy or self._idle:
                waited = self._loop.time() - self._waiting[0][1]
                if waited < self._last_init:
                    self._timer = self._loop.call_later(self._last_init - waited, self._start_some)
                    return
            if not self._slots.take(self._start_some):
                return
            task = self._loop.create_task(self._start())
            self._starting.add(task)
            if self._busy or self._idle:
                # one at a time: the next in the queue has waited less
                self._timer = self._loop.call_later(self._last_init / 2, self._start_some)
                return

    async def _start(self) -> None:
        began = self._loop.time()
        environment = self.make(ON_DEMAND)
        try:
            await environment.start()
        finally:
            self._starting.discard(asyncio.current_task())
            self._slots.give_back()
        self._last_init = self._loop.time() - began
        self._give(environment)

    async def provision(self, name: str, environment: ExecutionEnvironment) -> str:
        """Start an environment that is kept. Returns the error's type where its init failed; it is gone then."""
        failed = await environment.start()
        if failed:
            await environment.stop()
            return failed
        self._provisioned[name] = environment
        self._give(environment)
        return ""

    async def unprovision(self, name: str) -> None:
        """End a kept environment: at once where it is idle, else when it is free."""
        environment = self._provisioned.pop(name, None)
        if environment is None:
            return
        idle = [entry for entry in self._idle if entry[0] is environment]
        if idle:
            self._idle.remove(idle[0])
            await environment.stop()

    # --- ending ---------------------------------------------------------------------------------------------------

    @property
    def last_init(self) -> float:
        """Seconds that the last start took."""
        return self._last_init

    def retire(self) -> None:
        """The version has gone or changed: idle environments end now, the others when nobody waits for them."""
        self._retired = True
        idle, self._idle = self._idle, []
        for environment, _ in idle:
            self._end(environment)

    async def close(self) -> None:
        """End everything, invocations under way too."""
        self.retire()
        for timer in (self._timer, self._sweeper):
            if timer:
                timer.cancel()
        for task in [*self._starting]:
            task.cancel()
        while self._ending:
            await asyncio.gather(*self._ending, return_exceptions=True)

    def _sweep(self) -> None:
        """End what was idle for too long."""
        self._sweeper = None
        now = self._loop.time()
        kept = self._provisioned.values()
        stale = [e for e in self._idle if now - e[1] >= self._idle_seconds and e[0] not in kept]
        for entry in stale:
            self._idle.remove(entry)
            self._end(entry[0])
        if self._idle:
            self._sweeper = self._loop.call_later(max(1.0, self._idle_seconds / 4), self._sweep)

    def _end(self, environment: ExecutionEnvironment) -> None:
        task = self._loop.create_task(environment.stop())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
