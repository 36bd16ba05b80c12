"""The Lambda Runtime API (2018-06-01) for one process: what AWS's runtime interface clients talk to.

Sources: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes"; AWS's runtime interface
emulator for what it answers to calls that are out of turn (runtime_state.py, runtime_error.py).
"""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, NamedTuple

from windtunnel.functions import runtime_state as state
from windtunnel.functions.extensions import Extensions, Failed, Metadata
from windtunnel.functions.failure import MAX_PAYLOAD, MAX_STREAMED
from windtunnel.functions.runtime_error import (
    CAUSE,
    INVALID_ID,
    INVALID_MODE,
    TOO_LARGE,
    Refusal,
    forbidden,
    reported_type,
    without_cause,
)
from windtunnel.functions.spec import Invocation
from windtunnel.http.messages import Headers
from windtunnel.http.server import BodyTooLarge, ClientGone, Exchange, Limits, Server

LOG = logging.getLogger(__name__)
RUNTIME = b"/2018-06-01/runtime/"
INVOCATION = RUNTIME + b"invocation/"
NEXT = INVOCATION + b"next"
INIT_FAILURE = RUNTIME + b"init/error"
PING = b"/2018-06-01/ping"
ASKING = b"?next"
MODE = b"lambda-runtime-function-response-mode"
ERROR_TYPE = b"lambda-runtime-function-error-type"
ERROR_BODY = b"lambda-runtime-function-error-body"
JSON: Headers = ((b"Content-Type", b"application/json"),)
TEXT: Headers = ((b"Content-Type", b"text/plain; charset=utf-8"),)
ACCEPTED = b'{"status":"OK"}\n'
# a handler may run for a quarter of an hour without a word, and the next invocation may be for tomorrow
LIMITS = Limits(idle_timeout=float("inf"), head_timeout=float("inf"))
TRUNCATED_AFTER = 0.05
"""Seconds after which an answer that broke off is one: before that its process may turn out to have ended."""


class Ready(NamedTuple):
    """The runtime asks for an invocation: its init, or the invocation before, is over."""


class Responded(NamedTuple):
    """The runtime answered an invocation. `body` is None where it was over the limit."""

    request_id: str
    body: bytes | None
    is_error: bool
    error_type: str = ""
    """Where the runtime did not put it into `body`."""


class InitFailed(NamedTuple):
    """The runtime could not load the handler; it ends by itself."""

    body: bytes
    error_type: str = ""


@dataclass(frozen=True)
class Exited:
    """The process is gone. `code` as Popen.returncode has it."""

    code: int


Outcome = Ready | Responded | InitFailed | Exited | Failed
READY = Ready()


class Delivery(NamedTuple):
    """An invocation on its way to the runtime, with its deadline in milliseconds since the epoch."""

    invocation: Invocation
    deadline_ms: int


class RuntimeApi:
    """One server on 127.0.0.1, for one process, with one invocation at a time.

    What the process does is told to `tell`. Callbacks, no task: this is the path of every invocation.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, tell: Callable[[Outcome], None], extensions: Extensions | None = None
    ) -> None:
        self._loop = loop
        self._tell = tell
        self.extensions = extensions or Extensions([], Metadata("", "", ""))
        self.extensions.changed = self._extensions_changed
        self.extensions.failed = tell
        self._held: Outcome | None = None
        """What is told once every extension is done as well."""
        self._server = Server(self._serve, limits=LIMITS)
        self._state = state.STARTED
        self._parked: Exchange | None = None
        """The runtime's question for the next invocation, while there is none."""
        self._waiting: Delivery | None = None
        """The invocation that waits for the runtime's question."""
        self._current: Delivery | None = None
        """The invocation that the runtime has, or had last."""
        self._reading: set[asyncio.Task[None]] = set()
        self.taken = False
        """Whether the runtime has the invocation that was delivered last."""
        self.address = ""
        """host:port, as AWS_LAMBDA_RUNTIME_API has it."""

    async def listen(self) -> None:
        sock = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.address = f"127.0.0.1:{await self._server.listen(sock)}"

    async def connect(self) -> socket.socket:
        """A connection that is there already, for windtunnel's own client (bootstrap.py): the client's end of it.

        A message over it costs a fifth of what TCP's does.
        """
        ours, theirs = socket.socketpair()
        try:
            await self._server.adopt(ours)
        except BaseException:
            ours.close()
            theirs.close()
            raise
        return theirs

    def deliver(self, delivery: Delivery) -> None:
        """Hand over an invocation; the runtime's waiting (or next) question is answered with it."""
        parked, self._parked = self._parked, None
        if parked is None:
            self.taken = False
            self._waiting = delivery
        else:
            self._answer(parked, delivery)
        if self.extensions:
            self.extensions.invoke(delivery)

    def settle(self) -> bool:
        """Call it when the process has ended. Returns False while something that it said may still be on its way."""
        if self._parked is not None:
            self._parked.abort()
            self._parked = None
        self.extensions.forget()
        return not self._server.connections

    async def close(self) -> None:
        """Stop serving. A runtime that waits for an invocation sees its connection end."""
        await self._server.close()

    # --- requests -------------------------------------------------------------------------------------------------

    def _serve(self, exchange: Exchange) -> None:
        method, target = exchange.method, exchange.target
        if method == "POST" and target.startswith(INVOCATION):
            self._answered(exchange)
        elif method == "GET" and target == NEXT:
            self._next(exchange)
        elif method == "POST" and target == INIT_FAILURE:
            self._read(exchange, self._init_failed)
        elif method == "GET" and target == PING:
            exchange.respond(200, TEXT, b"pong")
        elif self.extensions.serves(exchange):
            self._run(self._serve_extension(exchange))
        else:
            exchange.respond(404, TEXT, b"404 page not found\n")

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.Task(work, loop=self._loop, eager_start=True)
        if not task.done():
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)

    async def _serve_extension(self, exchange: Exchange) -> None:
        try:
            await self.extensions.serve(exchange)
        except (ClientGone, BodyTooLarge):
            exchange.abort()

    def _extensions_changed(self) -> None:
        held = self._held
        if held is not None and not self.extensions.busy:
            self._held = None
            self._tell(held)

    def _tell_in_time(self, outcome: Outcome) -> None:
        """An init or an invocation is over when the extensions are done as well, not before."""
        if self.extensions and self.extensions.busy:
            self._held = outcome
        else:
            self._tell(outcome)

    def _next(self, exchange: Exchange) -> None:
        if words := state.refusal(self._state, state.READY):
            _refuse(exchange, forbidden("InvalidStateTransition", words))
            return
        asked, self._state = self._state, state.READY
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._answer(exchange, waiting)
        elif asked == state.READY and self._parked is None and self._current is not None:
            # it asks again without an answer: it gets the same invocation again, as on AWS
            self._answer(exchange, self._current)
            return
        else:
            self._parked = exchange
        if asked == state.STARTED:
            self.extensions.close_registration()
            self._tell_in_time(READY)
        else:
            self._tell(READY)

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
        if invocation.cognito_identity:
            headers.append((b"Lambda-Runtime-Cognito-Identity", invocation.cognito_identity.encode()))
        self.taken = True
        self._current = delivery
        exchange.respond(200, headers, invocation.payload)

    # --- answers --------------------------------------------------------------------------------------------------

    def _answered(self, exchange: Exchange) -> None:
        """POST .../invocation/<id>/response or /error. What is wrong with it is said before its body is read."""
        target = exchange.target
        asking = target.endswith(ASKING)
        if asking:
            target = target[: -len(ASKING)]
        request_id, _, kind = target[len(INVOCATION) :].partition(b"/")
        current = self._current
        if kind not in (b"response", b"error"):
            exchange.respond(404, TEXT, b"404 page not found\n")
        elif current is None or self._parked or request_id != current.invocation.request_id.encode():
            _refuse(exchange, INVALID_ID)
        else:
            wanted = state.RESPONSE if kind == b"response" else state.ERROR_RESPONSE
            if words := state.refusal(self._state, wanted):
                _refuse(exchange, forbidden("InvalidStateTransition", words))
                return
            self._state = wanted
            mode = exchange.lowered.get(MODE)
            if mode and wanted == state.RESPONSE:
                self._streamed(exchange, current, mode)
            elif asking:
                # windtunnel's own clients ask for the next invocation with their answer (bootstrap.py)
                self._read(exchange, self._responded_and_asks)
            else:
                self._read(exchange, self._responded)

    def _responded(self, exchange: Exchange, body: bytes) -> None:
        outcome = self._outcome(exchange, body)
        self._state = state.SENT
        # the runtime is answered first, so that it asks on while the caller is answered
        exchange.respond(202, JSON, ACCEPTED)
        self._tell_in_time(outcome)

    def _responded_and_asks(self, exchange: Exchange, body: bytes) -> None:
        outcome = self._outcome(exchange, body)
        self._state = state.READY
        self._parked = exchange
        self._tell_in_time(outcome)

    def _outcome(self, exchange: Exchange, body: bytes) -> Responded:
        assert self._current is not None
        request_id, is_error = self._current.invocation.request_id, self._state == state.ERROR_RESPONSE
        if not is_error:
            return Responded(request_id, body, False)
        if exchange.lowered.get(b"content-type") == CAUSE:
            body = without_cause(body)
        header = exchange.lowered.get(ERROR_TYPE)
        return Responded(request_id, body, True, reported_type(header) if header else "")

    def _init_failed(self, exchange: Exchange, body: bytes) -> None:
        if words := state.refusal(self._state, state.INIT_ERROR):
            _refuse(exchange, forbidden("InvalidStateTransition", words))
            return
        self._state = state.INIT_ERROR
        exchange.respond(202, JSON, ACCEPTED)
        self._tell(InitFailed(body, exchange.lowered.get(ERROR_TYPE, b"").decode(errors="replace")))

    def _read(self, exchange: Exchange, take: Callable[[Exchange, bytes], None]) -> None:
        """Give `take` the body, at once where it is here."""
        if exchange.complete and not exchange.full:
            take(exchange, exchange.buffered())
        else:
            self._run(self._read_body(exchange, take))

    async def _read_body(self, exchange: Exchange, take: Callable[[Exchange, bytes], None]) -> None:
        """A body that is still on its way."""
        try:
            body = await exchange.body(MAX_PAYLOAD)
        except ClientGone:
            self._truncated()
            return
        except BodyTooLarge:
            self._state = state.SENT
            _refuse(exchange, TOO_LARGE)
            if self._current is not None:
                self._tell_in_time(Responded(self._current.invocation.request_id, None, True))
            return
        take(exchange, body)

    def _truncated(self) -> None:
        """An answer broke off. Where its process ended, that is told by itself."""
        if self._current is not None and self._state in (state.RESPONSE, state.ERROR_RESPONSE):
            kind = "Runtime.TruncatedResponse"
            outcome = Responded(self._current.invocation.request_id, b'{"errorType": "%b"}' % kind.encode(), True, kind)
            self._state = state.SENT
            self._loop.call_later(TRUNCATED_AFTER, self._tell, outcome)

    # --- streams --------------------------------------------------------------------------------------------------

    def _streamed(self, exchange: Exchange, current: Delivery, mode: bytes) -> None:
        if mode != b"streaming":
            _refuse(exchange, INVALID_MODE)
            kind = "Runtime.InvalidResponseModeHeader"
            self._state = state.SENT
            self._tell_in_time(Responded(current.invocation.request_id, b"", True, kind))
            return
        self._run(self._read_stream(exchange, current.invocation))

    async def _read_stream(self, exchange: Exchange, invocation: Invocation) -> None:
        """Pass on a response as it comes, to a caller that takes it so; others get it whole, if it is not too large."""
        stream, parts, size = invocation.stream, list[bytes](), 0
        most = MAX_PAYLOAD if stream is None else MAX_STREAMED
        if stream is not None:
            stream.start(exchange.lowered.get(b"content-type", b"application/octet-stream"))
        try:
            while data := await exchange.chunk():
                size += len(data)
                if size > most:
                    self._state = state.SENT
                    _refuse(exchange, TOO_LARGE)
                    self._tell_in_time(Responded(invocation.request_id, None, True))
                    return
                if stream is None:
                    parts.append(data)
                else:
                    await stream.write(data)
        except ClientGone:
            self._truncated()
            return
        self._state = state.SENT
        exchange.respond(202, JSON, ACCEPTED)
        self._tell_in_time(_end_of_stream(invocation, exchange.trailers or {}, b"".join(parts)))


def _end_of_stream(invocation: Invocation, trailers: dict[bytes, bytes], body: bytes) -> Responded:
    """What a streamed response comes to: its trailers tell of an error in the middle."""
    kind = trailers.get(ERROR_TYPE, b"").decode(errors="replace")
    if not kind:
        return Responded(invocation.request_id, body, False)
    try:
        error = base64.b64decode(trailers.get(ERROR_BODY, b""), validate=True)
    except ValueError:
        error = b""
    return Responded(invocation.request_id, error, True, kind)


def _refuse(exchange: Exchange, refusal: Refusal) -> None:
    exchange.respond(refusal.status, JSON, refusal.body)
