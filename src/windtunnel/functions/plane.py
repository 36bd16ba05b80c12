"""The functions plane: every published function, and the pools that run them. One in an edge, for every caller."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from windtunnel.errors import EngineError
from windtunnel.functions.environment import ExecutionEnvironment, Surroundings
from windtunnel.functions.failure import Failure, InvokeError, NoSuchFunction, throttled
from windtunnel.functions.function import Function, Version, function_from_document, parse_name
from windtunnel.functions.interpreter import find_interpreter
from windtunnel.functions.pool import Pool, StartSlots
from windtunnel.functions.spawner import Spawner
from windtunnel.functions.spec import PROVISIONED, Invocation, InvocationResult, Session

LOG = logging.getLogger(__name__)
MAX_REQUEST = 6 * 1024 * 1024
"""Bytes of a synchronous invocation's payload. Source: Lambda quotas, "Invocation payload"."""
ACCOUNT_CONCURRENCY = 1000
PENDING_SECONDS = 10.0
TAIL = 4096
"""Bytes of the log that Invoke's LogType=Tail gives."""


class LogSink(Protocol):
    """Where functions' logs go: never waits."""

    def write(self, account: str, region: str, group: str, stream: str, timestamp_ms: int, message: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Target:
    """A function as somebody named it."""

    function: Function
    qualifier: str
    """As asked; "" for none."""

    @property
    def arn(self) -> str:
        """As invoked."""
        return f"{self.function.arn}:{self.qualifier}" if self.qualifier else self.function.arn

    @property
    def policy(self) -> Mapping[str, Any] | None:
        """The resource policy that says who may invoke it by this name."""
        return self.function.policies.get(self.qualifier)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an invocation. `error` is "" or "Unhandled"; `payload` the handler's JSON or an error object."""

    payload: bytes
    error: str
    version: str
    request_id: str
    log_tail: bytes


class FunctionsPlane:
    """Belongs to the running loop."""

    def __init__(
        self, *, folder: Path, runtimes: Path, endpoint_url: str, logs: LogSink, idle_seconds: float = 600.0
    ) -> None:
        self._surroundings = Surroundings(Spawner(), folder / "environments")
        self._runtimes = runtimes
        self._endpoint_url = endpoint_url
        self._logs = logs
        self._idle_seconds = idle_seconds
        self._slots = StartSlots()
        self._functions: dict[str, Function] = {}
        self._pools: dict[tuple[str, str], tuple[str, Pool]] = {}
        """By function and version, with the revision."""
        self._retired: list[Pool] = []
        self._active: dict[str, int] = {}
        self._total = 0
        self._provisioned: dict[str, Pool] = {}
        self._changed = asyncio.Event()
        self.generation = 0
        """Changes with every publication: what find() said before may be wrong then."""

    # --- what there is --------------------------------------------------------------------------------------------

    def apply(self, key: str, document: Mapping[str, Any] | None) -> None:
        """A publication `function/account/region/name`; None: it is gone. Raises where the document is no function."""
        function = function_from_document(document) if document is not None else None
        self.generation += 1
        if function is None:
            self._functions.pop(key, None)
        else:
            self._functions[key] = function
        for (owner, name), (revision, pool) in list(self._pools.items()):
            if owner != key:
                continue
            version = function.versions.get(name) if function else None
            if version is None or version.revision != revision:
                del self._pools[owner, name]
                pool.retire()
                self._retired.append(pool)
        self._changed.set()
        self._changed = asyncio.Event()

    def find(self, arn_or_name: str, *, account: str, region: str, qualifier: str | None = None) -> Target:
        """The function of a name, a partial or a full ARN, with its qualifier. Raises NoSuchFunction."""
        parsed = parse_name(arn_or_name)
        if parsed is None:
            raise NoSuchFunction(arn_or_name)
        its_region, its_account, name, its_qualifier = parsed
        key = f"function/{its_account or account}/{its_region or region}/{name}"
        target_qualifier = qualifier or its_qualifier
        function = self._functions.get(key)
        if function is None or function.version(target_qualifier) is None:
            raise NoSuchFunction(arn_or_name)
        return Target(function, target_qualifier)

    # --- invoking -------------------------------------------------------------------------------------------------

    async def invoke(
        self,
        target: Target,
        payload: bytes,
        *,
        request_id: str | None = None,
        trace_id: str = "",
        client_context: str = "",
        function_arn: str = "",
    ) -> Result:
        """Run a function. Raises InvokeError where Lambda would not. `function_arn` is the one the function is told."""
        if len(payload) > MAX_REQUEST:
            raise InvokeError(
                "RequestTooLargeException",
                413,
                f"{len(payload)} byte payload is too large for the RequestResponse invocation type"
                f" (limit {MAX_REQUEST} bytes)",
            )
        function = target.function
        version = function.version(target.qualifier)
        if version is None:
            raise NoSuchFunction(target.arn)
        if version.state != "Active":
            version = await self._await_active(target)
        self._admit(function)
        try:
            invocation = Invocation(
                request_id=request_id or str(uuid.uuid4()),
                payload=payload,
                function_arn=function_arn or target.arn,
                trace_id=trace_id,
                client_context=client_context,
            )
            result = await self._run(function, version, invocation)
        finally:
            self._dismiss(function)
        return Result(
            payload=result.payload,
            error="Unhandled" if result.is_error else "",
            version=version.spec.version,
            request_id=invocation.request_id,
            log_tail=result.logs.encode()[-TAIL:],
        )

    async def _run(self, function: Function, version: Version, invocation: Invocation) -> InvocationResult:
        try:
            pool = self._pool(function, version)
        except EngineError as error:
            return InvocationResult(Failure("Runtime.Unavailable", str(error)).payload, is_error=True, logs="")
        return await pool.invoke(invocation)

    def _admit(self, function: Function) -> None:
        """Count it, or refuse it. Source: Lambda Developer Guide, "Understanding Lambda function scaling"."""
        active = self._active.get(function.arn, 0)
        if function.reserved_concurrency is not None and active >= function.reserved_concurrency:
            raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        if self._total >= ACCOUNT_CONCURRENCY:
            raise throttled("ConcurrentInvocationLimitExceeded")
        self._active[function.arn] = active + 1
        self._total += 1

    def _dismiss(self, function: Function) -> None:
        self._total -= 1
        self._active[function.arn] -= 1
        if not self._active[function.arn]:
            del self._active[function.arn]

    async def _await_active(self, target: Target) -> Version:
        """A function that was just made or changed gets ready in a moment."""
        deadline = time.monotonic() + PENDING_SECONDS
        while True:
            key = f"function/{target.function.account}/{target.function.region}/{target.function.name}"
            function = self._functions.get(key)
            version = function.version(target.qualifier) if function else None
            if version is None:
                raise NoSuchFunction(target.arn)
            if version.state == "Active":
                return version
            if version.state != "Pending" or time.monotonic() > deadline:
                raise InvokeError(
                    "ResourceConflictException",
                    409,
                    "The operation cannot be performed at this time. The function is currently in the following state:"
                    f" {version.state}",
                )
            changed = self._changed
            try:
                await asyncio.wait_for(changed.wait(), deadline - time.monotonic())
            except TimeoutError:
                continue

    # --- environments ---------------------------------------------------------------------------------------------

    def _pool(self, function: Function, version: Version) -> Pool:
        key = f"function/{function.account}/{function.region}/{function.name}"
        there = self._pools.get((key, version.spec.version))
        if there is not None and there[0] == version.revision:
            return there[1]
        interpreter = find_interpreter(self._runtimes, version.spec.runtime)
        if not interpreter.exact:
            LOG.warning(
                "%s asks for %s, which is not there: it runs on %s",
                version.spec.name,
                version.spec.runtime,
                interpreter.identifier,
            )

        def make(initialization_type: str) -> ExecutionEnvironment:
            session = self._session(version, initialization_type)
            name = f"{version.spec.name}-{secrets.token_hex(6)}"

            def log(text: str, timestamp_ms: int) -> None:
                for line in text.splitlines():
                    self._logs.write(
                        function.account, function.region, session.log_group, session.log_stream, timestamp_ms, line
                    )

            return ExecutionEnvironment(name, version.spec, session, interpreter, self._surroundings, log)

        pool = Pool(make, self._slots, self._idle_seconds)
        current = self._functions.get(key)
        if current is not None and current.versions.get(version.spec.version) is version:
            self._pools[key, version.spec.version] = (version.revision, pool)
        else:
            # it was replaced while somebody waited: this one request still runs on it
            pool.retire()
            self._retired.append(pool)
        return pool

    def _session(self, version: Version, initialization_type: str) -> Session:
        now = datetime.now(UTC)
        return Session(
            log_group=version.log_group,
            log_stream=f"{now:%Y/%m/%d}/[{version.spec.version}]{secrets.token_hex(16)}",
            endpoint_url=self._endpoint_url,
            access_key_id=version.credentials["accessKeyId"],
            secret_access_key=version.credentials["secretAccessKey"],
            session_token=version.credentials["sessionToken"],
            initialization_type=initialization_type,
            extra=version.extra,
        )

    async def provision(self, key: str, version_name: str, name: str) -> str:
        """Start a provisioned environment. Returns the error's type where its init failed."""
        function = self._functions.get(key)
        version = function.versions.get(version_name) if function else None
        if function is None or version is None:
            return "ResourceNotFoundException"
        try:
            pool = self._pool(function, version)
        except EngineError:
            return "Runtime.Unavailable"
        failed = await pool.provision(name, pool.make(PROVISIONED))
        if not failed:
            self._provisioned[name] = pool
        return failed

    async def unprovision(self, name: str) -> None:
        """End a provisioned environment."""
        pool = self._provisioned.pop(name, None)
        if pool is not None:
            await pool.unprovision(name)

    async def close(self) -> None:
        """End every environment."""
        pools = [pool for _, pool in self._pools.values()] + self._retired
        await asyncio.gather(*(pool.close() for pool in pools))
        self._pools.clear()
