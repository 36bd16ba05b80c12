"""The Lambda Runtime API (2018-06-01) for one process: what AWS's runtime interface clients talk to.

Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Protocol

from windtunnel.functions.failure import MAX_PAYLOAD
from windtunnel.functions.spec import Invocation
from windtunnel.http.server import ClientGone, Exchange, Limits, Server

RUNTIME = b"/2018-06-01/runtime/"
NEXT = RUNTIME + b"invocation/next"
INVOCATION = RUNTIME + b"invocation/"
INIT_ERROR = RUNTIME + b"init/error"
JSON = [(b"Content-Type", b"application/json")]
ACCEPTED = b'{"status":"OK"}\n'
TOO_LARGE = json.dumps(
    {
        "errorMessage": f"Exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes).",
        "errorType": "RequestEntityTooLarge",
    }
).encode()
LIMITS = Limits(idle_timeout=float("inf"))
"""A function may think for fifteen minutes, and be frozen for longer, in the middle of anything."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An invocation on its way to the runtime, with its deadline in milliseconds since the epoch."""

    invocation: Invocation
    deadline_ms: int


class Listener(Protocol):
    """Who is told what the process does."""

    def asked(self) -> None:
        """It asks for an invocation: its init, or the invocation before, is over."""

    def took(self) -> None:
        """It was handed the invocation."""

    def answered(self, request_id: str, body: bytes | None, is_error: bool) -> None:
        """It answered an invocation; `body` is None where it was over the limit."""

    def init_failed(self, body: bytes) -> None:
        """It could not load the handler; it ends by itself."""


class RuntimeApi:
    """One server on 127.0.0.1, for one process, with one invocation at a time. Belongs to the running loop."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._parked: Exchange | None = None
        self._delivery: Delivery | None = None
        self._loop = asyncio.get_running_loop()
        self._readers: set[asyncio.Task[None]] = set()
        self._server = Server(self._serve, limits=LIMITS)
        self._port = 0

    async def start(self) -> None:
        """Listen."""
        self._port = await self._server.listen()

    @property
    def address(self) -> str:
        """host:port, as AWS_LAMBDA_RUNTIME_API has it."""
        return f"127.0.0.1:{self._port}"

    def deliver(self, delivery: Delivery) -> None:
        """Hand over an invocation; the runtime's next (or waiting) question is answered with it."""
        self._delivery = delivery
        if self._parked is not None:
            parked, self._parked = self._parked, None
            self._hand_over(parked)

    def close(self) -> None:
        """Stop serving. A runtime that waits for an invocation sees its connection end."""
        self._parked = None
        for reader in self._readers:
            reader.cancel()
        self._server.abort()

    # --- requests -------------------------------------------------------------------------------------------------

    def _serve(self, exchange: Exchange) -> None:
        if exchange.target == NEXT and exchange.method == "GET":
            self._next(exchange)
        elif exchange.complete:
            self._post(exchange, exchange.buffered())
        else:
            task = asyncio.Task(self._read(exchange), loop=self._loop)
            self._readers.add(task)
            task.add_done_callback(self._readers.discard)

    def _next(self, exchange: Exchange) -> None:
        self._listener.asked()
        if self._delivery is not None:
            self._hand_over(exchange)
            return
        self._parked = exchange
        exchange.on_gone = self._unpark

    def _unpark(self) -> None:
        self._parked = None

    def _hand_over(self, exchange: Exchange) -> None:
        delivery, self._delivery = self._delivery, None
        assert delivery is not None
        invocation = delivery.invocation
        headers = [
            *JSON,
            (b"Lambda-Runtime-Aws-Request-Id", invocation.request_id.encode()),
            (b"Lambda-Runtime-Deadline-Ms", b"%d" % delivery.deadline_ms),
            (b"Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn.encode()),
        ]
        if invocation.trace_id:
            headers.append((b"Lambda-Runtime-Trace-Id", invocation.trace_id.encode("latin-1", "replace")))
        if invocation.client_context:
            headers.append((b"Lambda-Runtime-Client-Context", invocation.client_context.encode("latin-1", "replace")))
        self._listener.took()
        exchange.respond(200, headers, invocation.payload)

    async def _read(self, exchange: Exchange) -> None:
        """A body that comes in parts. What is over the limit is taken in and thrown away."""
        parts, size = [], 0
        try:
            while data := await exchange.chunk():
                size += len(data)
                if size <= MAX_PAYLOAD:
                    parts.append(data)
        except ClientGone:
            return  # the process died: its end is told apart
        self._post(exchange, b"".join(parts), size)

    def _post(self, exchange: Exchange, body: bytes, size: int | None = None) -> None:
        target = exchange.target
        size = len(body) if size is None else size
        if exchange.method != "POST":
            self._not_found(exchange)
        elif target.startswith(INVOCATION):
            request_id, _, kind = target[len(INVOCATION) :].partition(b"/")
            if kind not in (b"response", b"error"):
                self._not_found(exchange)
            elif size > MAX_PAYLOAD:
                exchange.respond(413, JSON, TOO_LARGE)
                self._listener.answered(request_id.decode("latin-1"), None, is_error=True)
            else:
                # first the runtime, so that it asks on while the caller is answered
                exchange.respond(202, JSON, ACCEPTED)
                self._listener.answered(request_id.decode("latin-1"), body, is_error=kind == b"error")
        elif target == INIT_ERROR:
            exchange.respond(202, JSON, ACCEPTED)
            self._listener.init_failed(body)
        else:
            self._not_found(exchange)

    @staticmethod
    def _not_found(exchange: Exchange) -> None:
        message = f"no such call: {exchange.method} {exchange.target.decode('latin-1')}"
        exchange.respond(404, JSON, json.dumps({"errorMessage": message, "errorType": "InvalidRequest"}).encode())
