"""Lambda's Invoke over HTTP. Source: Lambda API reference, "Invoke"."""

from __future__ import annotations

import base64
import json
import uuid
from urllib.parse import parse_qs, unquote

from windtunnel.functions.failure import InvokeError, NoSuchFunction
from windtunnel.functions.plane import MAX_REQUEST, FunctionsPlane
from windtunnel.http.messages import Response
from windtunnel.http.server import BodyTooLarge, Exchange

PREFIX = b"/2015-03-31/functions/"
SUFFIX = "/invocations"
JSON = (b"Content-Type", b"application/json")


async def invoke_api(exchange: Exchange, plane: FunctionsPlane, account: str, region: str) -> Response | None:
    """The answer to a synchronous Invoke; None for what is LocalStack's: events, dry runs, what it alone knows."""
    path, _, query = exchange.target[len(PREFIX) :].decode("latin-1").partition("?")
    if not path.endswith(SUFFIX):
        return None
    if exchange.lowered.get(b"x-amz-invocation-type", b"RequestResponse") != b"RequestResponse":
        return None
    name = unquote(path.removesuffix(SUFFIX))
    qualifier = parse_qs(query).get("Qualifier", [""])[-1]
    try:
        target = plane.find(name, account=account, region=_region(exchange) or region, qualifier=qualifier)
    except NoSuchFunction:
        return None
    request_id = str(uuid.uuid4())
    try:
        payload = await exchange.body(MAX_REQUEST)
        _require_json(payload)
        result = await plane.invoke(
            target,
            payload or b"{}",
            request_id=request_id,
            trace_id=exchange.lowered.get(b"x-amzn-trace-id", b"").decode("latin-1"),
            client_context=client_context(exchange.lowered.get(b"x-amz-client-context", b"")),
        )
    except BodyTooLarge:
        size = exchange.lowered.get(b"content-length", b"?").decode("latin-1")
        message = f"Request must be smaller than {MAX_REQUEST} bytes for the InvokeFunction operation ({size} bytes)"
        return _failure(InvokeError("RequestEntityTooLargeException", 413, message), request_id)
    except InvokeError as error:
        return _failure(error, request_id)
    headers = [
        JSON,
        (b"x-amzn-RequestId", request_id.encode()),
        (b"X-Amz-Executed-Version", result.version.encode()),
    ]
    if result.error:
        headers.append((b"X-Amz-Function-Error", result.error.encode()))
    if exchange.lowered.get(b"x-amz-log-type") == b"Tail":
        headers.append((b"X-Amz-Log-Result", base64.b64encode(result.log_tail)))
    return Response(200, headers, result.payload)


def client_context(encoded: bytes) -> str:
    """The client context of an invocation as the Runtime API's header has it; "" where it is no JSON in base64."""
    try:
        return json.dumps(json.loads(base64.b64decode(encoded)))
    except ValueError:
        return ""


def _require_json(payload: bytes) -> None:
    if not payload:
        return
    try:
        json.loads(payload)
    except ValueError as error:
        raise InvokeError(
            "InvalidRequestContentException", 400, f"Could not parse request body into json: {error}"
        ) from error


def _region(exchange: Exchange) -> str:
    """The region of the request's signature; "" without one."""
    _, found, scope = exchange.lowered.get(b"authorization", b"").partition(b"Credential=")
    parts = scope.split(b"/")
    return parts[2].decode("latin-1") if found and len(parts) > 2 else ""


def _failure(error: InvokeError, request_id: str) -> Response:
    document = {"Type": "User", "message": error.message}
    if error.reason:
        document = {"Reason": error.reason, **document}
    headers = [
        JSON,
        (b"x-amzn-RequestId", request_id.encode()),
        (b"x-amzn-ErrorType", error.type.encode()),
    ]
    return Response(error.status, headers, json.dumps(document).encode())
