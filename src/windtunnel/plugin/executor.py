"""LocalStack's RuntimeExecutor over windtunnel's execution environments: an adapter, no more."""

from __future__ import annotations

import base64
import functools
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windtunnel.errors import EngineError
from windtunnel.functions.environment import ExecutionEnvironment, Surroundings
from windtunnel.functions.failure import Failure
from windtunnel.functions.interpreter import Interpreter, find_interpreter
from windtunnel.functions.layers import merge_layers
from windtunnel.functions.spawner import Spawner
from windtunnel.functions.spec import PROVISIONED, FunctionSpec, Invocation, Session
from windtunnel.plugin.localstack import (
    FunctionVersion,
    InvocationResult,
    RuntimeExecutor,
    RuntimeExecutorPlugin,
    StatusErrorException,
)

LOG = logging.getLogger(__name__)
NAME = "windtunnel"
HOST = "127.0.0.1"
JSON_LOGGING = ("AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL")


@dataclass(frozen=True)
class Installation:
    """What all executors of this engine share."""

    surroundings: Surroundings
    layers: Path
    runtimes: Path


@functools.cache
def installation() -> Installation:
    """Made with the first function. The harness says in the engine's environment where things are."""
    functions = Path(os.environ["WINDTUNNEL_FUNCTIONS_DIR"])
    return Installation(
        surroundings=Surroundings(Spawner(), functions / "environments"),
        layers=functions / "layers",
        runtimes=Path(os.environ["WINDTUNNEL_RUNTIMES_DIR"]),
    )


class WindtunnelExecutor(RuntimeExecutor):
    """One per execution environment; LocalStack makes, starts, uses and stops it."""

    windtunnel_name = NAME
    """Tells the status route that this is the one."""
    client_context: str | None = None
    """Of the invocation that comes next, in base64 as the caller sent it; see mends.py."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self._environment: ExecutionEnvironment | None = None

    def start(self, env_vars: Mapping[str, object]) -> None:
        """The init phase. One that fails is tried again by the first invocation, which then tells of it, as on AWS."""
        shared = installation()
        spec, session = function_spec(self.function_version, shared), _session(env_vars)
        try:
            interpreter = _interpreter(self.function_version, shared)
        except EngineError as error:
            # an answer to the invocation; a version that LocalStack counts as failed, it cannot delete any more
            raise StatusErrorException(str(error), Failure("Runtime.Unavailable", str(error)).payload) from error
        self._environment = ExecutionEnvironment(self.id, spec, session, interpreter, shared.surroundings)
        failed = self._environment.start()
        if failed and session.initialization_type == PROVISIONED:
            # nobody invokes it yet: the status of the provisioning is where it shows
            self._environment.stop()
            raise StatusErrorException("init failed", payload=Failure(failed, "init failed").payload)

    def invoke(self, payload: Mapping[str, str]) -> InvocationResult:
        """`payload` is LocalStack's: invoke-id, invoked-function-arn, payload, trace-id."""
        assert self._environment is not None
        result = self._environment.invoke(
            Invocation(
                request_id=payload["invoke-id"],
                payload=payload["payload"].encode(),
                function_arn=payload["invoked-function-arn"],
                trace_id=payload["trace-id"],
                client_context=_client_context(self.client_context),
            )
        )
        return InvocationResult(payload["invoke-id"], result.payload, is_error=result.is_error, logs=result.logs)

    def stop(self) -> None:
        """End it, whatever it does."""
        if self._environment:
            self._environment.stop()

    def get_logs(self) -> str:
        """What LocalStack prints when an invocation came without logs: ours never do."""
        return ""

    def get_address(self) -> str:
        return HOST

    def get_endpoint_from_executor(self) -> str:
        return HOST

    def get_runtime_endpoint(self) -> str:
        return f"http://{HOST}"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack code and layers, so that the first invocation need not."""
        shared = installation()
        try:
            interpreter = _interpreter(function_version, shared)
            if not interpreter.exact:
                name, runtime = function_version.id.function_name, function_version.config.runtime
                LOG.warning("%s asks for %s, which is not there: it runs on %s", name, runtime, interpreter.identifier)
        except EngineError as error:
            LOG.warning("%s cannot be invoked: %s", function_version.id.function_name, error)
        function_spec(function_version, shared)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Nothing: other versions may run on the same unpacked code, and LocalStack destroys what none of them has."""


def _interpreter(function_version: FunctionVersion, shared: Installation) -> Interpreter:
    return find_interpreter(shared.runtimes, function_version.config.runtime or "of a container image")


def function_spec(function_version: FunctionVersion, shared: Installation) -> FunctionSpec:
    """LocalStack's model of a version as ours, with code and layers on disk."""
    configuration = function_version.config
    layers = [layer.code for layer in configuration.layers]
    for archive in (configuration.code, *layers):
        archive.prepare_for_execution()
    return FunctionSpec(
        name=function_version.id.function_name,
        version=function_version.id.qualifier,
        region=function_version.id.region,
        runtime=configuration.runtime,
        handler=configuration.handler,
        code=configuration.code.get_unzipped_code_location(),
        layers=merge_layers([archive.get_unzipped_code_location() for archive in layers], shared.layers),
        timeout=float(configuration.timeout),
        memory_mb=configuration.memory_size,
        variables=configuration.environment or {},
    )


def _client_context(encoded: str | None) -> str:
    """The client context of an invocation as the Runtime API's header has it; "" where it is no JSON in base64."""
    try:
        return json.dumps(json.loads(base64.b64decode(encoded or "")))
    except ValueError:
        return ""


def _session(env_vars: Mapping[str, object]) -> Session:
    """What LocalStack decided for this environment, out of the variables it would give a container."""
    text = {name: str(value) for name, value in env_vars.items() if value is not None}
    return Session(
        log_group=text["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream=text["AWS_LAMBDA_LOG_STREAM_NAME"],
        endpoint_url=text["AWS_ENDPOINT_URL"],
        access_key_id=text["AWS_ACCESS_KEY_ID"],
        secret_access_key=text["AWS_SECRET_ACCESS_KEY"],
        session_token=text["AWS_SESSION_TOKEN"],
        initialization_type=text["AWS_LAMBDA_INITIALIZATION_TYPE"],
        extra={name: text[name] for name in JSON_LOGGING if name in text},
    )


class WindtunnelExecutorPlugin(RuntimeExecutorPlugin):
    """What LocalStack finds under its entry point group."""

    name = NAME

    def load(self, *_arguments: Any, **_options: Any) -> type[WindtunnelExecutor]:
        return WindtunnelExecutor
