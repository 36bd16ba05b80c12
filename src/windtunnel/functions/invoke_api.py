"""Lambda's Invoke over HTTP: POST /2015-03-31/functions/{FunctionName}/invocations?Qualifier={Qualifier}.

Source: AWS Lambda API Reference, Invoke. What is not an invocation that is waited for (Event, DryRun), or is of what is
not published, is not answered here: the backplane knows.
"""

from __future__ import annotations

import base64
import json
import re
from typing import NamedTuple
from urllib.parse import parse_qs, unquote_to_bytes

from windtunnel.functions.identifiers import new_request_id
from windtunnel.functions.invoke_error import (
    MAX_EVENT,
    MAX_REQUEST,
    InvokeError,
    NoSuchFunction,
    bad_client_context,
    event_too_large,
    no_json,
    request_too_large,
)
from windtunnel.functions.payload import fault
from windtunnel.functions.plane import FunctionsPlane, Result, Target
from windtunnel.http.messages import Response
from windtunnel.http.server import BodyTooLarge, Exchange

INVOCATIONS = re.compile(rb"/2015-03-31/functions/([^/?]+)/invocations/?(?:\?(.*))?")
JSON = (b"Content-Type", b"application/json")


class Asked(NamedTuple):
    """What an invocation's request says beside its function."""

    payload: bytes
    context: str
    """The client's, in base64."""
    trace: str
    tail: bool
    """Whether the log's end is asked for."""


async def invoke_api(exchange: Exchange, plane: FunctionsPlane, account: str, region: str) -> Response | None:
    """Answer an Invoke; None where it is for the backplane, with its body unread. Raises ClientGone."""
    found = INVOCATIONS.fullmatch(exchange.target) if exchange.method == "POST" else None
    if found is None:
        return None
    kind = exchange.lowered.get(b"x-amz-invocation-type", b"RequestResponse")
    request_id = new_request_id()
    try:
        if kind == b"Event":
            _check_event(exchange)
        if kind != b"RequestResponse":
            return None
        target = find_target(found, plane, account, region)
    except NoSuchFunction:
        return None
    except InvokeError as error:
        return refused(error, request_id)
    try:
        asked = await read_asked(exchange)
        result = await plane.invoke(
            target, asked.payload, request_id=request_id, trace_id=asked.trace, client_context=asked.context
        )
    except InvokeError as error:
        return refused(error, request_id)
    return _answer(result, tail=asked.tail)


def _check_event(exchange: Exchange) -> None:
    """An event that is too large for LocalStack's queue is none. Raises InvokeError."""
    length = exchange.lowered.get(b"content-length", b"0")
    if length.isdigit() and int(length) > MAX_EVENT:
        raise event_too_large(int(length))


def find_target(found: re.Match[bytes], plane: FunctionsPlane, account: str, region: str) -> Target:
    """The function of a path with a name and a query. Raises InvokeError."""
    qualifier = parse_qs(found[2].decode()).get("Qualifier", [""])[0] if found[2] else ""
    name = unquote_to_bytes(found[1]).decode(errors="replace")
    return plane.find(name, account=account, region=region, qualifier=qualifier or None)


async def read_asked(exchange: Exchange) -> Asked:
    """The rest of a request. Raises InvokeError and ClientGone."""
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
    return Asked(payload, context, trace, lowered.get(b"x-amz-log-type", b"").lower() == b"tail")


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


def refused(error: InvokeError, request_id: str) -> Response:
    """AWS's exception as an answer."""
    headers = (JSON, (b"x-amzn-RequestId", request_id.encode()), (b"x-amzn-ErrorType", error.type.encode()))
    return Response(error.status, headers, error.payload)


def _is_client_context(text: str) -> bool:
    try:
        return isinstance(json.loads(base64.b64decode(text, validate=True)), dict)
    except ValueError:
        return False
