"""One request and its answer, as an application sees them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from windtunnel.http.messages import Headers, get_header, has_header, status_line

if TYPE_CHECKING:
    from windtunnel.http.connection import Connection

READ_AHEAD = 256 * 1024
"""Bytes of a body that are held before the client has to wait for whoever reads it."""
TRAILERS = 64
"""Trailers of a request that are kept."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
COPIED = 64 * 1024
"""Bytes of a body up to which head and body are joined: one write of both is cheaper than two."""

# how the answer's body is told from what follows it
UNSTARTED, CHUNKED, COUNTED, UNTIL_CLOSE, NO_BODY = range(5)


class ClientGone(ConnectionError):
    """The client broke off in the middle of its request, or while it was answered."""


class BrokenBody(ClientGone):
    """The request's body is not HTTP: there is no end to be found. The client may still be there for an answer."""


class BodyTooLarge(ValueError):
    """A body is longer than its reader takes."""


class Exchange:
    """One request, and the way to answer it. Its body may still be on its way."""

    __slots__ = (
        "_chunks", "_connection", "_discarding", "_error", "_framing", "_left", "_size", "_waiter", "answered",
        "complete", "expects_continue", "headers", "http10", "keep_alive", "lowered", "method", "on_end", "on_gone",
        "received", "target", "trailers",
    )  # fmt: skip

    _left: int

    def __init__(self, connection: Connection, received: float) -> None:
        self._connection = connection
        self.received = received
        """The loop's time when the request's first byte was there."""
        self.method = ""
        self.target = b""
        """As sent: path and query, nothing decoded."""
        self.headers: list[tuple[bytes, bytes]] = []
        """As sent: order, case, repetitions."""
        self.lowered: dict[bytes, bytes] = {}
        """Each header's last value by its name in lower case."""
        self.trailers: dict[bytes, bytes] | None = None
        """What followed a body in chunks, by its name in lower case; None where nothing did."""
        self.keep_alive = True
        self.http10 = False
        self.complete = False
        """Whether the whole body is here."""
        self.expects_continue = False
        """Whether the client holds its body back until it is asked for it: what chunk() and body() do."""
        self.answered = False
        self.on_gone: Callable[[], None] | None = None
        """Called when the client goes before it is answered."""
        self.on_end: Callable[[], None] | None = None
        """Called when the client says, before it is answered, that it sends no more: it may have gone."""
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._error: ClientGone | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._discarding = False
        self._framing = UNSTARTED

    # --- what the client is -------------------------------------------------------------------------------------

    @property
    def peer(self) -> tuple[str, int]:
        """The client's address and port."""
        return self._connection.peer

    @property
    def local_port(self) -> int:
        """The port that the client connected to."""
        return self._connection.local_port

    @property
    def gone(self) -> bool:
        """Whether nothing can be sent to the client any more."""
        return self._connection.closed

    # --- reading ------------------------------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Whether the client has to wait until more of the body is read."""
        return self._size > READ_AHEAD

    def buffered(self) -> bytes:
        """The bytes of the body that are here and were not read yet; reads them."""
        if not self._chunks:
            return b""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        self._connection.pace()
        return data

    async def chunk(self) -> bytes:
        """The next bytes of the body; b"" at its end. Raises ClientGone."""
        while not self._chunks:
            if self._error:
                raise self._error
            if self.complete:
                return b""
            if self.answered:
                raise ClientGone("the request was answered before its body was here")
            if self.expects_continue and not self._framing:
                self.expects_continue = False
                self._connection.write(CONTINUE)
            self._waiter = self._connection.loop.create_future()
            await self._waiter
        return self.buffered()

    async def body(self, limit: int) -> bytes:
        """The whole body. Raises BodyTooLarge as soon as it is known to have more than `limit` bytes; ClientGone."""
        declared = self.lowered.get(b"content-length")
        if declared is not None and declared.isdigit() and int(declared) > limit:
            raise BodyTooLarge(f"{int(declared)} bytes, and {limit} at most")
        if self.complete and self._size <= limit:
            return self.buffered()
        parts, size = [], 0
        while data := await self.chunk():
            size += len(data)
            if size > limit:
                raise BodyTooLarge(f"more than {limit} bytes")
            parts.append(data)
        return b"".join(parts)

    # --- answering ----------------------------------------------------------------------------------------------

    @property
    def started(self) -> bool:
        """Whether something of the answer was sent."""
        return self.answered or self._framing != UNSTARTED

    def respond(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer, whole. The server adds Date, Content-Length and Connection.

        Raises ValueError where a header would break the head: nothing was sent then.
        """
        if self.answered or self._framing:
            raise RuntimeError("answered twice")
        connection = self._connection
        lines = [status_line(status), connection.date.line()]
        lines += [b"%b: %b\r\n" % header for header in headers]
        if status >= 200 and status not in (204, 304):
            lines.append(b"Content-Length: %d\r\n" % len(body))
        else:
            body = b""
        head = self._head(lines)
        if body and self.method != "HEAD":
            if len(body) > COPIED:
                connection.write(head)
                connection.write(body)
            else:
                connection.write(head + body)
        else:
            connection.write(head)
        self.answered = True
        self.on_gone = None
        connection.finished(self)

    def start(self, status: int, headers: Headers) -> bool:
        """Send the head of an answer whose body follows with send(), then end(). True if it is to be sent in chunks.

        Date is added where it is missing; Content-Length, where it is there, is kept to.
        """
        if self.answered or self._framing:
            raise RuntimeError("answered twice")
        framing, left = CHUNKED, 0
        length = get_header(headers, b"content-length")
        if self.method == "HEAD" or status < 200 or status in (204, 304):
            framing = NO_BODY
        elif length is not None:
            framing, left = COUNTED, int(length)
        elif self.http10:
            framing = UNTIL_CLOSE
            self.keep_alive = False
        lines = [status_line(status), *(b"%b: %b\r\n" % header for header in headers)]
        if not has_header(headers, b"date"):
            lines.append(self._connection.date.line())
        if framing == CHUNKED:
            lines.append(b"Transfer-Encoding: chunked\r\n")
        head = self._head(lines)
        self._framing, self._left = framing, left
        self._connection.write(head)
        return framing == CHUNKED

    async def send(self, data: bytes) -> None:
        """Send a part of the body; waits while the client does not take it. Raises ClientGone.

        What is sent in answer to HEAD goes nowhere.
        """
        connection, framing = self._connection, self._framing
        if self.answered or framing == UNSTARTED:
            raise RuntimeError("there is no answer under way")
        if not data or framing == NO_BODY:
            return
        if framing == CHUNKED:
            connection.write(b"%x\r\n" % len(data))
            connection.write(data)
            connection.write(b"\r\n")
        else:
            if framing == COUNTED:
                self._left -= len(data)
                if self._left < 0:
                    raise ValueError("a body longer than its Content-Length")
            connection.write(data)
        await connection.drained()

    def end(self) -> None:
        """The answer is complete. Where the body is shorter than its Content-Length, the connection is broken off."""
        if self.answered:
            return
        if self._framing == CHUNKED:
            self._connection.write(b"0\r\n\r\n")
        elif self._framing == COUNTED and self._left:
            self.abort()
            return
        self.answered = True
        self.on_gone = None
        self._connection.finished(self)

    def abort(self) -> None:
        """Break off: an answer that has begun cannot be made good. (To a body that is not HTTP: 400.)"""
        if self.answered:
            return
        if self._framing == UNSTARTED and isinstance(self._error, BrokenBody):
            self.respond(400, (), b"")
            return
        self.answered = True
        self.on_gone = None
        self._connection.abort()

    def _head(self, lines: list[bytes]) -> bytes:
        if self.expects_continue:
            # it never was asked for its body, and may or may not send it: nobody could tell where the next request is
            self.keep_alive = False
        if not self.keep_alive:
            lines.append(b"Connection: close\r\n")
        elif self.http10:
            lines.append(b"Connection: keep-alive\r\n")
        lines.append(b"\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            raise ValueError("a header's name or value has a line break")
        return head

    # --- from the connection ------------------------------------------------------------------------------------

    def add(self, data: bytes) -> None:
        if self._discarding:
            return
        self.expects_continue = False
        self._size += len(data)
        self._chunks.append(data)
        self._wake()

    def add_trailer(self, name: bytes, value: bytes) -> None:
        trailers = self.trailers = self.trailers or {}
        if len(trailers) < TRAILERS:
            trailers[name.lower()] = value

    def finish(self) -> None:
        self.complete = True
        if self._waiter:
            self._wake()

    def fail(self, error: ClientGone) -> None:
        """The rest of the body never comes, or (the body is complete) there is nobody left to answer."""
        if not self.complete:
            self._error = error
            self._wake()
        if self.on_gone and not self.answered and not isinstance(error, BrokenBody):
            on_gone, self.on_gone = self.on_gone, None
            on_gone()

    def discard(self) -> None:
        """Nobody reads the body any more."""
        self._discarding = True
        self._chunks.clear()
        self._size = 0
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter and not waiter.done():
            waiter.set_result(None)
