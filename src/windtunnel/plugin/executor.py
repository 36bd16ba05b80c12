"""LocalStack's RuntimeExecutor over the edge's functions plane: one pool runs every invocation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.functions.failure import Failure
from windtunnel.functions.spec import PROVISIONED
from windtunnel.plugin.edge import Edge, EdgeAway, EdgeRefused, the_edge
from windtunnel.plugin.functions import version_document
from windtunnel.plugin.localstack import (
    CommonServiceException,
    FunctionVersion,
    InvocationResult,
    ResourceConflictException,
    ResourceNotFoundException,
    RuntimeExecutor,
    RuntimeExecutorPlugin,
    ServiceException,
    StatusErrorException,
    TooManyRequestsException,
)

NAME = "windtunnel"
HOST = "127.0.0.1"
MARGIN = 30.0
"""Seconds beyond a function's timeout that an invocation may wait for an environment."""


class WindtunnelExecutor(RuntimeExecutor):
    """One per execution environment that LocalStack counts; the environments themselves are the edge's."""

    windtunnel_name = NAME
    """Tells the status route that this is the one."""
    client_context: str | None = None
    """Of the invocation that comes next, in base64 as the caller sent it; see mends.py."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self._provisioned = False

    def start(self, env_vars: Mapping[str, object]) -> None:
        """The init phase of a provisioned environment; others are started by the edge as they are needed."""
        if env_vars.get("AWS_LAMBDA_INITIALIZATION_TYPE") != PROVISIONED:
            return
        identifier = self.function_version.id
        asked = {"function": self._key(), "version": identifier.qualifier, "id": self.id}
        failed = _edge().ask("POST", "/_windtunnel/environments", asked)["error"]
        if failed:
            # nobody invokes it yet: the status of the provisioning is where it shows
            raise StatusErrorException("init failed", payload=Failure(failed, "init failed").payload)
        self._provisioned = True

    def invoke(self, payload: Mapping[str, str], function_timeout: float | None = None) -> InvocationResult:
        """`payload` is LocalStack's: invoke-id, invoked-function-arn, payload, trace-id. The edge writes the log.

        LocalEmu names the function's timeout as well, in seconds.
        """
        headers = {
            "x-windtunnel-function": self._key(),
            "x-windtunnel-version": self.function_version.id.qualifier,
            "x-windtunnel-function-arn": payload["invoked-function-arn"],
            "x-windtunnel-request-id": payload["invoke-id"],
            "x-windtunnel-trace-id": payload["trace-id"],
        }
        if self.client_context:
            headers["x-windtunnel-client-context"] = self.client_context
        timeout = (function_timeout or self.function_version.config.timeout) + MARGIN
        try:
            answered, body = _edge().call(
                "POST", "/_windtunnel/invocations", payload["payload"].encode(), headers, timeout
            )
        except EdgeRefused as error:
            raise service_exception(error) from error
        except EdgeAway as error:
            # no fault of the function: an event is tried again, for hours
            raise ServiceException(str(error)) from error
        return InvocationResult(payload["invoke-id"], body, is_error="x-amz-function-error" in answered, logs="")

    def stop(self) -> None:
        """End a provisioned environment."""
        if self._provisioned:
            self._provisioned = False
            try:
                _edge().ask("DELETE", f"/_windtunnel/environments/{self.id}")
            except EdgeAway:
                return  # and its environments with it

    def _key(self) -> str:
        identifier = self.function_version.id
        return f"{identifier.account}/{identifier.region}/{identifier.function_name}"

    def get_logs(self) -> str:
        """What LocalStack prints when an invocation came without logs."""
        return ""

    def get_address(self) -> str:
        return HOST

    def get_endpoint_from_executor(self) -> str:
        return HOST

    def get_runtime_endpoint(self) -> str:
        return f"http://{HOST}"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack code and layers, so that publishing the version need not."""
        version_document(function_version)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Nothing: other versions may run on the same unpacked code, and LocalStack destroys what none of them has."""


def service_exception(error: EdgeRefused) -> Exception:
    """What LocalStack's Lambda service raises in the edge's place: it keeps an event that was throttled, and so on."""
    message = str(error.fields.get("message") or error)
    made = {
        "TooManyRequestsException": TooManyRequestsException,
        "ResourceNotFoundException": ResourceNotFoundException,
        "ResourceConflictException": ResourceConflictException,
    }.get(error.type)
    if made is None:
        return CommonServiceException(error.type, message, status_code=error.status)
    fields = {name: error.fields[name] for name in ("Reason", "Type") if error.fields.get(name)}
    exception: Exception = made(message, **fields)
    return exception


def _edge() -> Edge:
    edge = the_edge()
    if edge is None:
        raise StatusErrorException("no edge", Failure("Runtime.Unavailable", "WINDTUNNEL_EDGE_URL is not set").payload)
    return edge


class WindtunnelExecutorPlugin(RuntimeExecutorPlugin):
    """What LocalStack finds under its entry point group."""

    name = NAME

    def load(self, *_arguments: Any, **_options: Any) -> type[WindtunnelExecutor]:
        return WindtunnelExecutor
