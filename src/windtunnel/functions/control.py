"""What the plugin asks of the functions plane over HTTP: /_windtunnel/invocations and /_windtunnel/environments.

Whoever calls these has looked at the token. Their shapes are in the contract between plugin and edge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from windtunnel.functions.debugging import DEBUGGING, debug_invocation
from windtunnel.functions.invoke_error import MAX_REQUEST, InvokeError, request_too_large
from windtunnel.functions.name import function_arn
from windtunnel.functions.plane import FunctionsPlane
from windtunnel.http.messages import Response
from windtunnel.http.server import BodyTooLarge, Exchange

INVOCATIONS = b"/_windtunnel/invocations"
ENVIRONMENTS = b"/_windtunnel/environments"
JSON = ((b"Content-Type", b"application/json"),)
MAX_ORDER = 64 * 1024


async def functions_control(exchange: Exchange, plane: FunctionsPlane) -> Response | None:
    """Answer a call of the plugin; None where it is not one of these. Raises ClientGone."""
    method, target = exchange.method, exchange.target
    try:
        if method == "POST" and target == INVOCATIONS:
            return await run_invocation(exchange, plane)
        if method == "POST" and target == ENVIRONMENTS:
            return await start_environment(exchange, plane)
        if method == "DELETE" and target.startswith(ENVIRONMENTS + b"/"):
            return end_environment(target[len(ENVIRONMENTS) + 1 :].decode(errors="replace"), plane)
        if method == "POST" and target == DEBUGGING:
            return await debug_invocation(exchange, plane)
    except InvokeError as error:
        headers = (*JSON, (b"x-amzn-ErrorType", error.type.encode()))
        return Response(error.status, headers, error.payload)
    return None


async def run_invocation(exchange: Exchange, plane: FunctionsPlane) -> Response:
    """An invocation that came by way of the backplane: an event, a queue's, a state machine's. Raises InvokeError."""
    said = _headers(exchange)
    key, version = said["x-windtunnel-function"], said["x-windtunnel-version"]
    account, region, name = key.split("/")
    target = plane.find(name, account=account, region=region, qualifier=version)
    arn = said.get("x-windtunnel-function-arn") or function_arn(account, region, name)
    try:
        payload = await exchange.body(MAX_REQUEST)
    except BodyTooLarge:
        raise request_too_large() from None
    result = await plane.invoke(
        target.invoked_as(arn),
        payload or b"{}",
        request_id=said.get("x-windtunnel-request-id"),
        trace_id=said.get("x-windtunnel-trace-id", ""),
        client_context=said.get("x-windtunnel-client-context", ""),
    )
    headers = (*JSON, (b"x-amz-function-error", result.error.encode())) if result.error else JSON
    return Response(200, headers, result.payload)


async def start_environment(exchange: Exchange, plane: FunctionsPlane) -> Response:
    """Start a provisioned environment. Raises InvokeError."""
    order = json.loads(await exchange.body(MAX_ORDER))
    error = await plane.provision(order["function"], order["version"], order["id"])
    return Response(200, JSON, json.dumps({"error": error}).encode())


def end_environment(identity: str, plane: FunctionsPlane) -> Response:
    """End a provisioned environment; one that is gone already is no error."""
    plane.withdraw(identity)
    return Response(200, JSON, b"{}")


def _headers(exchange: Exchange) -> Mapping[str, str]:
    return {
        name.decode(): value.decode(errors="replace")
        for name, value in exchange.lowered.items()
        if name.startswith(b"x-windtunnel-")
    }
