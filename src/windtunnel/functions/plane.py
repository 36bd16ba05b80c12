"""The functions plane: what was published, and every invocation of it."""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import logging
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from windtunnel.errors import EngineError
from windtunnel.functions import logs
from windtunnel.functions.concurrency import ACCOUNT_LIMIT, Concurrency
from windtunnel.functions.definition import LATEST, Definition, read_definition
from windtunnel.functions.environment import INIT_LIMIT, ExecutionEnvironment, Surroundings
from windtunnel.functions.factory import EnvironmentFactory
from windtunnel.functions.failure import Failure
from windtunnel.functions.freeze import Freezer
from windtunnel.functions.identifiers import new_request_id, new_trace
from windtunnel.functions.invoke_error import (
    MAX_REQUEST,
    InvokeError,
    NoSuchFunction,
    not_active,
    qualifiers_differ,
    request_too_large,
)
from windtunnel.functions.memory import MemoryWatch
from windtunnel.functions.metrics import FunctionMetrics
from windtunnel.functions.name import function_arn, parse_name
from windtunnel.functions.pool import Pool, Request
from windtunnel.functions.runtime_process import Care
from windtunnel.functions.sandbox import images
from windtunnel.functions.series import MetricSink
from windtunnel.functions.spawner import Spawner
from windtunnel.functions.spec import ON_DEMAND, FunctionSpec, Invocation, InvocationResult, Stream
from windtunnel.functions.starts import Starts
from windtunnel.functions.target import Result, Target

__all__ = ["FunctionsPlane", "Options", "Result", "Target", "decoded"]

LOG = logging.getLogger(__name__)
PREFIX = "function/"
Key = tuple[str, str, str]
"""Account, region, name."""


@dataclass(frozen=True)
class Options:
    """What can be chosen. Times in seconds."""

    idle_seconds: float = 300.0
    """How long an environment that has nothing to do is kept."""
    pending_seconds: float = 5.0
    """How long an invocation waits for a function that is being made."""
    init_seconds: float = INIT_LIMIT
    """The limit of an init before the first invocation, on demand."""
    concurrency: int = ACCOUNT_LIMIT
    freeze: bool = True
    """Whether environments are stopped between invocations, as on AWS."""
    isolate: bool = True
    """Whether functions get file systems of their own, where the kernel allows it."""
    starts: int = os.cpu_count() or 1
    """Environments that start at once."""
    clock: Callable[[], float] = time.perf_counter
    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random


class Sink(logs.LogSink, MetricSink, Protocol):
    """Where logs and metrics go."""


class _Function:
    """What is kept of a published function."""

    __slots__ = ("definition", "metrics", "pools", "unavailable")

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.pools: dict[str, Pool] = {}
        """By version; made by the first invocation."""
        self.unavailable: dict[str, str] = {}
        """Why a version cannot be run here, by version."""
        self.metrics: dict[str, FunctionMetrics] = {}
        """By qualifier."""


class FunctionsPlane:
    """`apply()` what is published, `find()` and `invoke()`; `close()` at the end. Make it inside a running loop.

    `folder` is where environments have their files, `runtimes` where scripts/bootstrap put the interpreters.
    """

    def __init__(
        self, *, folder: Path, runtimes: Path, endpoint_url: str, sink: Sink, options: Options | None = None
    ) -> None:
        self._options = options or Options()
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        options = self._options
        care = Care(MemoryWatch(self._loop), Freezer(self._loop) if options.freeze else None)
        self._spawner = Spawner(isolate=options.isolate)
        surroundings = Surroundings(self._spawner, folder, care, options.clock, options.now, options.init_seconds)
        self._factory = EnvironmentFactory(surroundings, runtimes, endpoint_url, sink)
        self._starts = Starts(self._options.starts, self._loop)
        self._functions: dict[Key, _Function] = {}
        self._concurrency: dict[tuple[str, str], Concurrency] = {}
        self._retired: list[Pool] = []
        self._targets: dict[tuple[str, str, str, str | None], Target] = {}
        """What find() found, until something is published."""
        self._changed: asyncio.Future[None] = self._loop.create_future()
        """Done when something is published."""
        self._sweeper = self._loop.call_later(self._sweep_seconds, self._sweep)

    # --- what is published ----------------------------------------------------------------------------------------

    def apply(self, key: str, document: Mapping[str, Any] | None) -> None:
        """A function's document under "function/<account>/<region>/<name>"; None: it was deleted."""
        account, region, name = key.removeprefix(PREFIX).split("/")
        place = (account, region, name)
        definition = read_definition(document) if document is not None else None
        before = self._functions.pop(place, None)
        limits = self._concurrency.setdefault((account, region), Concurrency(self._options.concurrency))
        limits.reserve(name, definition.reserved_concurrency if definition else None)
        function = None
        if definition is not None:
            function = self._functions[place] = _Function(definition)
            self._check(function)
        if before is not None:
            self._take_over(place, before, function)
            limits.provide(name, 0)
            self._recount()
        self._targets.clear()
        changed, self._changed = self._changed, self._loop.create_future()
        changed.set_result(None)

    def _check(self, function: _Function) -> None:
        """Note what cannot be run here."""
        for number, version in function.definition.versions.items():
            try:
                interpreter = self._factory.interpreter(version)
            except EngineError as error:
                function.unavailable[number] = str(error)
                LOG.warning("%s:%s cannot be invoked: %s", version.spec.name, number, error)
                continue
            self._spawner.prepare(images(interpreter)[-1])
            if not interpreter.exact:
                name, runtime, there = version.spec.name, version.spec.runtime, interpreter.identifier
                LOG.warning("%s asks for %s, which is not there: it runs on %s", name, runtime, there)

    def _take_over(self, place: Key, before: _Function, function: _Function | None) -> None:
        """Keep the environments of what is as it was. The others end, and what waits for them goes to the new ones."""
        for number, pool in before.pools.items():
            old = before.definition.versions[number]
            new = function.definition.versions.get(number) if function is not None else None
            if function is not None and new is not None and new.revision == old.revision:
                function.pools[number] = pool
                continue
            successor = None
            if function is not None and new is not None and number not in function.unavailable:
                successor = function.pools[number] = self._make_pool(place, number)
            pool.retire(successor)
            self._retired.append(pool)

    # --- finding --------------------------------------------------------------------------------------------------

    def find(self, arn_or_name: str, *, account: str, region: str, qualifier: str | None = None) -> Target:
        """The function of a name or ARN, partial or full, with :qualifier or with `qualifier`.

        `account` and `region` are the caller's, for what the name does not say. Raises NoSuchFunction, and InvokeError
        where two qualifiers differ.
        """
        asked = (arn_or_name, account, region, qualifier)
        target = self._targets.get(asked)
        if target is None:
            target = self._targets[asked] = self._find(*asked)
        return target

    def _find(self, text: str, account: str, region: str, qualifier: str | None) -> Target:
        parsed = parse_name(text)
        if parsed is None:
            raise NoSuchFunction(text)
        if qualifier and parsed.qualifier and qualifier != parsed.qualifier:
            raise qualifiers_differ()
        qualifier = qualifier or parsed.qualifier
        account, region = parsed.account or account, parsed.region or region
        arn = function_arn(account, region, parsed.name, qualifier)
        function = self._functions.get((account, region, parsed.name))
        if function is None:
            raise NoSuchFunction(arn if qualifier else f"{arn}:{LATEST}")
        definition = function.definition
        alias = definition.aliases.get(qualifier)
        version = alias.version if alias else qualifier or LATEST
        if version not in definition.versions:
            raise NoSuchFunction(arn)
        return Target(account, region, parsed.name, qualifier, version, arn, definition.policy(qualifier))

    # --- invoking -------------------------------------------------------------------------------------------------

    async def invoke(
        self,
        target: Target,
        payload: bytes,
        *,
        request_id: str | None = None,
        trace_id: str = "",
        client_context: str = "",
        stream: Stream | None = None,
    ) -> Result:
        """Run a function, and wait for it. `client_context` is in base64, as the caller sent it.

        A response that the function streams goes to `stream` where there is one; then the payload is empty, or an error
        in the middle. Others are the payload.

        Who gives up waiting, does so alone: the invocation goes on. Raises InvokeError.
        """
        if len(payload) > MAX_REQUEST:
            raise request_too_large()
        if request_id is None:
            request_id = new_request_id()
        place = (target.account, target.region, target.name)
        function = self._functions.get(place)
        number = self._pick(function, target)
        if function is None or number not in function.definition.versions:
            raise NoSuchFunction(target.arn)
        if function.definition.versions[number].state != "Active":
            function = await self._active(place, number, target.arn)
        if reason := function.unavailable.get(number):
            return Result(Failure("Runtime.Unavailable", reason).payload, "Unhandled", number, request_id, b"")
        pool = function.pools.get(number)
        if pool is None:
            pool = function.pools[number] = self._make_pool(place, number)

        metrics = self._metrics_of(function, target)
        limits, name, over = self._concurrency[place[:2]], target.name, _nothing
        if not pool.provisioned_ready:
            try:
                limits.enter(name)
            except InvokeError:
                metrics.throttled()
                raise
            over = functools.partial(limits.leave, name)
        concurrent = limits.busy(name) or 1
        trace_id = trace_id or new_trace(self._options.now())
        context = client_context and decoded(client_context)
        invocation = Invocation(request_id, payload, target.arn, trace_id, context, stream=stream)
        result: asyncio.Future[InvocationResult] = self._loop.create_future()
        pool.submit(Request(invocation, result, over))
        done = await result
        metrics.invoked(is_error=done.is_error, milliseconds=done.duration_ms, concurrent=concurrent)
        return Result(done.payload, "Unhandled" if done.is_error else "", number, request_id, logs.tail(done.lines))

    def pinned(self, target: Target) -> Target:
        """The same with the version picked that an invocation gets."""
        function = self._functions.get((target.account, target.region, target.name))
        return replace(target, pinned=self._pick(function, target))

    def _metrics_of(self, function: _Function, target: Target) -> FunctionMetrics:
        metrics = function.metrics.get(target.qualifier)
        if metrics is None:
            metrics = FunctionMetrics(self._sink, target.account, target.region, target.name, target.qualifier)
            function.metrics[target.qualifier] = metrics
        return metrics

    def _pick(self, function: _Function | None, target: Target) -> str:
        if target.pinned:
            return target.pinned
        if target.qualifier and function is not None:
            alias = function.definition.aliases.get(target.qualifier)
            if alias is not None:
                return alias.pick(self._options.chance()) if alias.weights else alias.version
        return target.version

    async def _active(self, place: Key, number: str, arn: str) -> _Function:
        """Wait a little for a function that is being made. Raises InvokeError where it is not active."""
        deadline = self._loop.time() + self._options.pending_seconds
        while True:
            function = self._functions.get(place)
            version = function.definition.versions.get(number) if function is not None else None
            if function is None or version is None:
                raise NoSuchFunction(arn)
            if version.state == "Active":
                return function
            left = deadline - self._loop.time()
            if version.state != "Pending" or left <= 0:
                raise not_active(version.state)
            await asyncio.wait([self._changed], timeout=left)

    # --- environments ---------------------------------------------------------------------------------------------

    async def provision(self, key: str, number: str, identity: str) -> str:
        """Start a provisioned environment of "<account>/<region>/<name>". Returns its init's error type, or "".

        Raises NoSuchFunction.
        """
        account, region, name = key.split("/")
        function = self._functions.get((account, region, name))
        if function is None or number not in function.definition.versions:
            raise NoSuchFunction(function_arn(account, region, name, number))
        if number in function.unavailable:
            return "Runtime.Unavailable"
        if number not in function.pools:
            function.pools[number] = self._make_pool((account, region, name), number)
        error = await function.pools[number].provision(identity)
        self._recount()
        return error

    def withdraw(self, identity: str) -> bool:
        """End a provisioned environment, once it is done. False where there is none of that id."""
        found = any(pool.withdraw(identity) for pool in self._pools())
        self._recount()
        return found

    def _recount(self) -> None:
        """Say how many provisioned environments functions have."""
        for (account, region, name), function in self._functions.items():
            provisioned = sum(pool.provisioned for pool in function.pools.values())
            self._concurrency[account, region].provide(name, provisioned)

    def _make_pool(self, place: Key, number: str) -> Pool:
        version = self._functions[place].definition.versions[number]

        def make(initialization: str) -> ExecutionEnvironment:
            # credentials may be newer than the pool; code and configuration are its own
            function = self._functions.get(place)
            newest = function.definition.versions.get(number) if function is not None else None
            mine = newest if newest is not None and newest.revision == version.revision else version
            return self._factory.make(place, mine, initialization)

        return Pool(make, self._starts, self._options.clock)

    def environment_apart(
        self, target: Target, change: Callable[[FunctionSpec, Path], FunctionSpec]
    ) -> ExecutionEnvironment:
        """An environment of a changed spec that is in no pool; whoever has it, stops it. Raises InvokeError."""
        place = (target.account, target.region, target.name)
        version = self._functions[place].definition.versions[target.version]
        if version.state != "Active":
            raise not_active(version.state)
        changed = replace(version, spec=change(version.spec, self._factory.folder))
        return self._factory.make(place, changed, ON_DEMAND)

    def _pools(self) -> list[Pool]:
        return [pool for function in self._functions.values() for pool in function.pools.values()]

    @property
    def _sweep_seconds(self) -> float:
        return min(self._options.idle_seconds / 4, 15.0)

    def _sweep(self) -> None:
        self.retire_idle()
        self._sweeper = self._loop.call_later(self._sweep_seconds, self._sweep)

    def retire_idle(self) -> None:
        """End environments that had nothing to do for too long, and forget pools of which nothing is left."""
        for pool in self._pools():
            pool.retire_idle(self._options.idle_seconds)
        self._retired = [pool for pool in self._retired if not pool.unused]

    async def close(self) -> None:
        """End everything that runs."""
        self._sweeper.cancel()
        pools = [*self._pools(), *self._retired]
        if pools:
            await asyncio.wait([self._loop.create_task(pool.close()) for pool in pools])
        self._functions.clear()
        self._spawner.close()


def _nothing() -> None:
    """The end of an invocation that took nothing of the limits: a provisioned environment has it."""


def decoded(client_context: str) -> str:
    """A client context as the Runtime API's header has it; "" where it is no JSON in base64."""
    try:
        return json.dumps(json.loads(base64.b64decode(client_context)))
    except ValueError:
        return ""
