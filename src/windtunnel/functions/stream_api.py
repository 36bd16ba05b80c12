"""Lambda's InvokeWithResponseStream: POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations.

Source: AWS Lambda API Reference, InvokeWithResponseStream: an event stream of PayloadChunk events, and InvokeComplete
at its end. What a function does not stream comes as one chunk.
"""

from __future__ import annotations

import base64
import json
import re

from windtunnel.functions.event_stream import CONTENT_TYPE, event
from windtunnel.functions.identifiers import new_request_id
from windtunnel.functions.invoke_api import Asked, find_target, read_asked, refused
from windtunnel.functions.invoke_error import InvokeError, NoSuchFunction
from windtunnel.functions.plane import FunctionsPlane, Result
from windtunnel.http.server import ClientGone, Exchange

PREFIX = b"/2021-11-15/functions/"
INVOCATIONS = re.compile(rb"/2021-11-15/functions/([^/?]+)/response-streaming-invocations/?(?:\?(.*))?")
BINARY = "application/octet-stream"


class _Answer:
    """The answer's stream. A client who goes away stops nothing."""

    def __init__(self, exchange: Exchange, request_id: str, version: str) -> None:
        self._exchange = exchange
        self._headers = (
            (b"Content-Type", CONTENT_TYPE),
            (b"x-amzn-RequestId", request_id.encode()),
            (b"X-Amz-Executed-Version", version.encode()),
        )
        self._started = False

    def start(self, content_type: bytes = b"") -> None:
        if not self._started and not self._exchange.gone:
            self._started = True
            self._exchange.start(200, self._headers)

    async def write(self, data: bytes) -> None:
        await self._send(event("PayloadChunk", BINARY, data))

    async def end(self, result: Result, *, tail: bool) -> None:
        """Whatever was not streamed, and the end."""
        self.start()
        told = {}
        if result.error:
            told = {"ErrorCode": result.error, "ErrorDetails": result.payload.decode(errors="replace")}
        elif result.payload:
            await self.write(result.payload)
        if tail:
            told["LogResult"] = base64.b64encode(result.log_tail).decode()
        await self._send(event("InvokeComplete", "application/json", json.dumps(told).encode()))
        if self._started:
            self._exchange.end()

    async def _send(self, message: bytes) -> None:
        if self._started and not self._exchange.gone:
            try:
                await self._exchange.send(message)
            except ClientGone:
                return


async def stream_api(exchange: Exchange, plane: FunctionsPlane, account: str, region: str) -> bool:
    """Answer an InvokeWithResponseStream; False where it is for the backplane, its body unread. Raises ClientGone."""
    found = INVOCATIONS.fullmatch(exchange.target) if exchange.method == "POST" else None
    if found is None or exchange.lowered.get(b"x-amz-invocation-type", b"RequestResponse") != b"RequestResponse":
        return False
    request_id = new_request_id()
    try:
        target = plane.pinned(find_target(found, plane, account, region))
    except NoSuchFunction:
        return False
    except InvokeError as error:
        _refuse(exchange, error, request_id)
        return True
    try:
        asked: Asked = await read_asked(exchange)
        answer = _Answer(exchange, request_id, target.pinned)
        result = await plane.invoke(
            target,
            asked.payload,
            request_id=request_id,
            trace_id=asked.trace,
            client_context=asked.context,
            stream=answer,
        )
        await answer.end(result, tail=asked.tail)
    except InvokeError as error:
        _refuse(exchange, error, request_id)
    return True


def _refuse(exchange: Exchange, error: InvokeError, request_id: str) -> None:
    response = refused(error, request_id)
    assert isinstance(response.body, bytes)
    exchange.respond(response.status, response.headers, response.body)
