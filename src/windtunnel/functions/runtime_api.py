"""The Lambda Runtime API (2018-06-01) for one process: what AWS's runtime interface clients talk to.

Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from windtunnel.functions.failure import MAX_PAYLOAD
from windtunnel.functions.spec import Invocation
from windtunnel.http.messages import Headers
from windtunnel.http.server import BodyTooLarge, ClientGone, Exchange, Limits, Server

LOG = logging.getLogger(__name__)
RUNTIME = b"/2018-06-01/runtime/"
NEXT = RUNTIME + b"invocation/next"
ASKING = b"?next"
JSON: Headers = ((b"Content-Type", b"application/json"),)
ACCEPTED = b'{"status":"OK"}\n'
# a handler may run for a quarter of an hour without a word, and the next invocation may be for tomorrow
LIMITS = Limits(idle_timeout=float("inf"), head_timeout=float("inf"))


class Ready(NamedTuple):
    """The runtime asks for an invocation: its init, or the invocation before, is over."""


class Responded(NamedTuple):
    """The runtime answered an invocation. `body` is None where it was over the limit."""

    request_id: str
    body: bytes | None
    is_error: bool


class InitFailed(NamedTuple):
    """The runtime could not load the handler; it ends by itself."""

    body: bytes


@dataclass(frozen=True)
class Exited:
    """The process is gone. `code` as Popen.returncode has it."""

    code: int


Outcome = Ready | Responded | InitFailed | Exited
READY = Ready()


class Delivery(NamedTuple):
    """An invocation on its way to the runtime, with its deadline in milliseconds since the epoch."""

    invocation: Invocation
    deadline_ms: int


class RuntimeApi:
    """One server on 127.0.0.1, for one process, with one invocation at a time.

    What the process does is told to `tell`. Callbacks, no task: this is the path of every invocation.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, tell: Callable[[Outcome], None]) -> None:
        self._loop = loop
        self._tell = tell
        self._server = Server(self._serve, limits=LIMITS)
        self._parked: Exchange | None = None
        """The runtime's question for the next invocation, while there is none."""
        self._waiting: Delivery | None = None
        """The invocation that waits for the runtime's question."""
        self._reading: set[asyncio.Task[None]] = set()
        self.taken = False
        """Whether the runtime has the invocation that was delivered last."""
        self.address = ""
        """host:port, as AWS_LAMBDA_RUNTIME_API has it."""

    async def listen(self) -> None:
        sock = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.address = f"127.0.0.1:{await self._server.listen(sock)}"

    def deliver(self, delivery: Delivery) -> None:
        """Hand over an invocation; the runtime's waiting (or next) question is answered with it."""
        parked, self._parked = self._parked, None
        if parked is None:
            self.taken = False
            self._waiting = delivery
        else:
            self._answer(parked, delivery)

    def settle(self) -> bool:
        """Call it when the process has ended. Returns False while something that it said may still be on its way."""
        if self._parked is not None:
            self._parked.abort()
            self._parked = None
        return not self._server.connections

    async def close(self) -> None:
        """Stop serving. A runtime that waits for an invocation sees its connection end."""
        await self._server.close()

    # --- requests -------------------------------------------------------------------------------------------------

    def _serve(self, exchange: Exchange) -> None:
        if exchange.method == "POST":
            if exchange.complete:
                self._post(exchange, exchange.buffered())
            else:
                task = asyncio.Task(self._read(exchange), loop=self._loop, eager_start=True)
                if not task.done():
                    self._reading.add(task)
                    task.add_done_callback(self._reading.discard)
        elif exchange.method == "GET" and exchange.target == NEXT:
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                self._answer(exchange, waiting)
            else:
                self._parked = exchange
            self._tell(READY)
        else:
            self._not_found(exchange)

    def _answer(self, exchange: Exchange, delivery: Delivery) -> None:
        invocation, deadline_ms = delivery
        headers = [
            *JSON,
            (b"Lambda-Runtime-Aws-Request-Id", invocation.request_id.encode()),
            (b"Lambda-Runtime-Deadline-Ms", b"%d" % deadline_ms),
            (b"Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn.encode()),
        ]
        if invocation.trace_id:
            headers.append((b"Lambda-Runtime-Trace-Id", invocation.trace_id.encode()))
        if invocation.client_context:
            headers.append((b"Lambda-Runtime-Client-Context", invocation.client_context.encode()))
        self.taken = True
        exchange.respond(200, headers, invocation.payload)

    async def _read(self, exchange: Exchange) -> None:
        """A body that is still on its way."""
        try:
            body = await exchange.body(MAX_PAYLOAD)
        except ClientGone:
            return
        except BodyTooLarge:
            message = f"Exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes)."
            _refuse(exchange, 413, "RequestEntityTooLarge", message)
            if request_id := _request_id(exchange.target.removesuffix(ASKING), b"/response"):
                self._tell(Responded(request_id, None, True))
            return
        self._post(exchange, body)

    def _post(self, exchange: Exchange, body: bytes) -> None:
        target = exchange.target
        if target.endswith(ASKING):
            # windtunnel's own client asks for the next invocation with its answer (bootstrap.py)
            target = target[: -len(ASKING)]
            kind = b"/response" if target.endswith(b"/response") else b"/error"
            if request_id := _request_id(target, kind):
                self._parked = exchange
                self._tell(Responded(request_id, body, kind == b"/error"))
                return
        # the runtime is answered first, so that it asks on while the caller is answered
        if request_id := _request_id(target, b"/response"):
            exchange.respond(202, JSON, ACCEPTED)
            self._tell(Responded(request_id, body, False))
        elif request_id := _request_id(target, b"/error"):
            exchange.respond(202, JSON, ACCEPTED)
            self._tell(Responded(request_id, body, True))
        elif target == RUNTIME + b"init/error":
            exchange.respond(202, JSON, ACCEPTED)
            self._tell(InitFailed(body))
        else:
            self._not_found(exchange)

    def _not_found(self, exchange: Exchange) -> None:
        call = f"{exchange.method} {exchange.target.decode(errors='replace')}"
        _refuse(exchange, 404, "InvalidRequest", f"no such call: {call}")


def _request_id(target: bytes, kind: bytes) -> str:
    """The request's id in /2018-06-01/runtime/invocation/<id>/<kind>; "" where the target is another."""
    prefix = b"/2018-06-01/runtime/invocation/"
    if target.startswith(prefix) and target.endswith(kind):
        return target[len(prefix) : -len(kind)].decode(errors="replace")
    return ""


def _refuse(exchange: Exchange, status: int, kind: str, message: str) -> None:
    exchange.respond(status, JSON, json.dumps({"errorMessage": message, "errorType": kind}).encode())
