"""LocalStack's RuntimeExecutor as a client of the edge, where every function runs.

What LocalStack invokes itself (events, queues, streams, state machines) goes through the edge's pool as well. Logs are
written by the edge.
"""

from __future__ import annotations

import functools
import http.client
import json
import os
import select
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from windtunnel.errors import EngineError
from windtunnel.functions.failure import Failure
from windtunnel.functions.spec import PROVISIONED
from windtunnel.plugin.functions import unpack
from windtunnel.plugin.localstack import (
    FunctionVersion,
    InvocationResult,
    RuntimeExecutor,
    RuntimeExecutorPlugin,
    ServiceException,
    StatusErrorException,
    TooManyRequestsException,
)

NAME = "windtunnel"
INVOCATIONS, ENVIRONMENTS = "/_windtunnel/invocations", "/_windtunnel/environments"
HOST = "127.0.0.1"
GRACE = 15.0
"""Seconds that the edge has beside the function's timeout: an environment may have to be started."""
INIT_SECONDS = 130.0
"""What the init of a provisioned environment may take."""


class Answer(NamedTuple):
    """The edge's, with its headers' names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error_type(self) -> str:
        """AWS's name of the error; "" where there is none."""
        return self.headers.get("x-amzn-errortype", "")


class EdgeClient:
    """HTTP to the edge: a connection for each thread, which is kept."""

    def __init__(self, url: str, token: str) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or HOST, address.port or 80
        self._token = token
        self._kept = threading.local()

    def call(self, method: str, path: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
        """One call. Raises EngineError where the edge cannot be reached, or does not answer in time."""
        connection = self._connection(timeout)
        said = {"x-windtunnel-token": self._token, "Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, body=body, headers=said)
            response = connection.getresponse()
            lowered = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, lowered, response.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise EngineError(
                f"the edge at http://{self._host}:{self._port} did not answer {method} {path}: {error!r}",
                hint="windtunnel status says whether it runs; its log is in .windtunnel",
            ) from error

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        """This thread's connection, made anew where the edge has ended it: a call is never sent twice."""
        connection: http.client.HTTPConnection | None = getattr(self._kept, "connection", None)
        if connection is None:
            connection = self._kept.connection = http.client.HTTPConnection(self._host, self._port)
        if connection.sock is not None and select.select([connection.sock], [], [], 0)[0]:
            connection.close()
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection


@functools.cache
def edge_client() -> EdgeClient:
    """This process's client. Raises EngineError where the harness did not say where the edge is."""
    url = os.environ.get("WINDTUNNEL_EDGE_URL")
    if not url:
        raise EngineError("WINDTUNNEL_EDGE_URL is not set: functions run in the edge", hint="windtunnel up")
    return EdgeClient(url, os.environ.get("WINDTUNNEL_TOKEN", ""))


class WindtunnelExecutor(RuntimeExecutor):
    """One per execution environment of LocalStack's; the edge has its own, of which this knows provisioned ones."""

    windtunnel_name = NAME
    """Tells the status route that this is the one."""
    client_context: str | None = None
    """Of the invocation that comes next, in base64 as the caller sent it; see mends.py."""
    _provisioned = False

    def start(self, env_vars: Mapping[str, object]) -> None:
        """Nothing, on demand: the edge starts environments as it needs them. A provisioned one is started there."""
        if env_vars.get("AWS_LAMBDA_INITIALIZATION_TYPE") != PROVISIONED:
            return
        order = {"function": self._function, "version": self.function_version.id.qualifier, "id": self.id}
        timeout = max(INIT_SECONDS, self.function_version.config.timeout) + GRACE
        answer = edge_client().call("POST", ENVIRONMENTS, json.dumps(order).encode(), {}, timeout)
        failed = json.loads(answer.body).get("error") if answer.status == http.HTTPStatus.OK else answer.error_type
        if failed:
            raise StatusErrorException("init failed", payload=Failure(failed, "init failed").payload)
        self._provisioned = True

    def invoke(self, payload: Mapping[str, str]) -> InvocationResult:
        """`payload` is LocalStack's: invoke-id, invoked-function-arn, payload, trace-id."""
        headers = {
            "x-windtunnel-function": self._function,
            "x-windtunnel-version": self.function_version.id.qualifier,
            "x-windtunnel-function-arn": payload["invoked-function-arn"],
            "x-windtunnel-request-id": payload["invoke-id"],
            "x-windtunnel-trace-id": payload["trace-id"],
        }
        if self.client_context:
            headers["x-windtunnel-client-context"] = self.client_context
        timeout = self.function_version.config.timeout + GRACE
        answer = edge_client().call("POST", INVOCATIONS, payload["payload"].encode(), headers, timeout)
        if answer.status != http.HTTPStatus.OK:
            raise refusal(answer)
        is_error = "x-amz-function-error" in answer.headers
        return InvocationResult(payload["invoke-id"], answer.body, is_error=is_error, logs="")

    def stop(self) -> None:
        """End a provisioned one, once it is done."""
        if self._provisioned:
            self._provisioned = False
            edge_client().call("DELETE", f"{ENVIRONMENTS}/{self.id}", b"", {}, GRACE)

    @property
    def _function(self) -> str:
        identity = self.function_version.id
        return f"{identity.account}/{identity.region}/{identity.function_name}"

    def get_logs(self) -> str:
        """What LocalStack prints when an invocation came without logs: the edge writes them."""
        return ""

    def get_address(self) -> str:
        return HOST

    def get_endpoint_from_executor(self) -> str:
        return HOST

    def get_runtime_endpoint(self) -> str:
        return f"http://{HOST}"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack code and layers: a version whose code cannot be, is not to become active."""
        if function_version.config.code is not None:
            unpack(function_version)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Nothing: other versions may run on the same unpacked code, and LocalStack destroys what none of them has."""


def refusal(answer: Answer) -> Exception:
    """What LocalStack is to make of an invocation that the edge refused."""
    try:
        said = json.loads(answer.body)
    except ValueError:
        said = {}
    message = said.get("message") or f"the edge answered {answer.status}"
    if answer.status == http.HTTPStatus.TOO_MANY_REQUESTS:
        return TooManyRequestsException(message, Reason=said.get("Reason"), Type="User")
    return ServiceException(f"{answer.error_type or 'the edge'}: {message}")


class WindtunnelExecutorPlugin(RuntimeExecutorPlugin):
    """What LocalStack finds under its entry point group."""

    name = NAME

    def load(self, *_arguments: Any, **_options: Any) -> type[WindtunnelExecutor]:
        return WindtunnelExecutor
