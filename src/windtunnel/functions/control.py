"""What LocalStack's executor asks of the functions plane: one pool runs every invocation, whoever it comes from."""

from __future__ import annotations

import json

from windtunnel.functions.failure import Failure, InvokeError
from windtunnel.functions.invoke_api import client_context
from windtunnel.functions.plane import FunctionsPlane
from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange

MAX_BODY = 16 * 1024 * 1024
JSON = (b"Content-Type", b"application/json")


async def invoke_function(exchange: Exchange, plane: FunctionsPlane) -> Response:
    """POST /_windtunnel/invocations: run a function version. What Lambda itself would refuse is an error object."""

    def header(name: str) -> str:
        return exchange.lowered.get(f"x-windtunnel-{name}".encode(), b"").decode("latin-1")

    account, region, name = header("function").split("/")
    payload = await exchange.body(MAX_BODY)
    try:
        target = plane.find(name, account=account, region=region, qualifier=header("version"))
        result = await plane.invoke(
            target,
            payload,
            request_id=header("request-id"),
            trace_id=header("trace-id"),
            client_context=client_context(header("client-context").encode("latin-1")),
            function_arn=header("function-arn"),
        )
    except InvokeError as error:
        failure = Failure(error.type, error.message)
        return Response(200, [JSON, (b"x-amz-function-error", b"Unhandled")], failure.payload)
    headers = [JSON, (b"x-amz-function-error", result.error.encode())] if result.error else [JSON]
    return Response(200, headers, result.payload)


async def start_environment(exchange: Exchange, plane: FunctionsPlane) -> Response:
    """POST /_windtunnel/environments: a provisioned one."""
    asked = json.loads(await exchange.body(MAX_BODY))
    error = await plane.provision(f"function/{asked['function']}", asked["version"], asked["id"])
    return Response(200, [JSON], json.dumps({"error": error}).encode())


async def end_environment(plane: FunctionsPlane, name: str) -> Response:
    """DELETE /_windtunnel/environments/<id>."""
    await plane.unprovision(name)
    return Response(200, [JSON], b"{}")
