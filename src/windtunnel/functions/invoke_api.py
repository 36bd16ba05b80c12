"""Lambda's Invoke over HTTP: POST /2015-03-31/functions/{FunctionName}/invocations?Qualifier={Qualifier}.

Source: AWS Lambda API Reference, Invoke. What is not an invocation that is waited for (Event, DryRun), or is of what is
not published, is not answered here: the backplane knows.
"""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import parse_qs, unquote_to_bytes

from windtunnel.functions.identifiers import new_request_id
from windtunnel.functions.invoke_error import (
    MAX_REQUEST,
    InvokeError,
    NoSuchFunction,
    bad_client_context,
    no_json,
    request_too_large,
)
from windtunnel.functions.payload import fault
from windtunnel.functions.plane import FunctionsPlane, Result, Target
from windtunnel.http.messages import Response
from windtunnel.http.server import BodyTooLarge, Exchange

INVOCATIONS = re.compile(rb"/2015-03-31/functions/([^/?]+)/invocations/?(?:\?(.*))?")
JSON = (b"Content-Type", b"application/json")


async def invoke_api(exchange: Exchange, plane: FunctionsPlane, account: str, region: str) -> Response | None:
    """Answer an Invoke; None where it is for the backplane, with its body unread. Raises ClientGone."""
    found = INVOCATIONS.fullmatch(exchange.target) if exchange.method == "POST" else None
    if found is None or exchange.lowered.get(b"x-amz-invocation-type", b"RequestResponse") != b"RequestResponse":
        return None
    qualifier = parse_qs(found[2].decode()).get("Qualifier", [""])[0] if found[2] else ""
    request_id = new_request_id()
    try:
        name = unquote_to_bytes(found[1]).decode(errors="replace")
        target = plane.find(name, account=account, region=region, qualifier=qualifier or None)
    except NoSuchFunction:
        return None
    except InvokeError as error:
        return _refused(error, request_id)
    try:
        return await _invoke(exchange, plane, target, request_id)
    except InvokeError as error:
        return _refused(error, request_id)


async def _invoke(exchange: Exchange, plane: FunctionsPlane, target: Target, request_id: str) -> Response:
    lowered = exchange.lowered
    context = lowered.get(b"x-amz-client-context", b"").decode(errors="replace")
    if context and not _is_client_context(context):
        raise bad_client_context()
    try:
        payload = await exchange.body(MAX_REQUEST)
    except BodyTooLarge:
        raise request_too_large() from None
    payload = payload or b"{}"  # what a function gets that is invoked without one
    if words := fault(payload):
        raise no_json(words)
    trace = lowered.get(b"x-amzn-trace-id", b"").decode(errors="replace")
    result = await plane.invoke(target, payload, request_id=request_id, trace_id=trace, client_context=context)
    return _answer(result, tail=lowered.get(b"x-amz-log-type", b"").lower() == b"tail")


def _answer(result: Result, *, tail: bool) -> Response:
    headers = [
        JSON,
        (b"x-amzn-RequestId", result.request_id.encode()),
        (b"x-amzn-Remapped-Content-Length", b"0"),
        (b"X-Amz-Executed-Version", result.version.encode()),
    ]
    if result.error:
        headers.append((b"X-Amz-Function-Error", result.error.encode()))
    if tail:
        headers.append((b"X-Amz-Log-Result", base64.b64encode(result.log_tail)))
    return Response(200, headers, result.payload)


def _refused(error: InvokeError, request_id: str) -> Response:
    headers = (JSON, (b"x-amzn-RequestId", request_id.encode()), (b"x-amzn-ErrorType", error.type.encode()))
    return Response(error.status, headers, error.payload)


def _is_client_context(text: str) -> bool:
    try:
        return isinstance(json.loads(base64.b64decode(text, validate=True)), dict)
    except ValueError:
        return False
