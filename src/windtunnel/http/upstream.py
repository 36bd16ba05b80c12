"""One connection to a server that we are the client of: a request at a time, its body and its answer as they come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

import httptools

from windtunnel.http.messages import Headers, has_header

READ_AHEAD = 256 * 1024
"""Bytes of an answer that are held before the server has to wait for whoever reads it."""


class UpstreamUnreachable(ConnectionError):
    """No connection to the server could be made: it has seen nothing."""


class UpstreamBroken(ConnectionError):
    """The server ended the connection before its answer was complete, or what it sent is not HTTP."""


class Upstream(asyncio.Protocol):
    """A connection, and the one call that it carries. Made by a Client, which gets it back by `released`."""

    def __init__(self, released: Callable[[Upstream], None], lost: Callable[[Upstream], None]) -> None:
        self._released = released
        self._lost = lost
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._writable: asyncio.Future[None] | None = None
        self._paused = False
        self.usable = True
        """Whether a request can be sent on it."""
        self.calls = 0
        """Requests that were sent on it."""
        self._method = ""
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.received = False
        """Whether anything of an answer came."""
        self.complete = False
        """Whether the whole answer is here."""
        self.sent = False
        """Whether the whole request was sent."""
        self.continued = False
        """Whether the server asked for the body."""
        self._head_here = False
        self._interim = False
        self._until_close = False
        self._keep_alive = False
        self._chunked_request = False
        self._busy = False
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._error: UpstreamBroken | None = None
        self._waiter: asyncio.Future[None] | None = None

    # --- asyncio ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self._busy:  # nobody asked
            self.abort()
            return
        self.received = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:  # an upgrade that nobody asked for
            if not self.complete:
                self._fail(f"its answer is not HTTP: {error}")
            self.abort()
        if self._size > READ_AHEAD and not self._paused and self.usable:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        if self._until_close and self._error is None:
            self.complete = True
            self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        if self._busy and not self.complete:
            self._fail("it ended the connection" + (f": {exc}" if exc else ""))
        if self._writable and not self._writable.done():
            self._writable.set_exception(UpstreamBroken("it ended the connection"))
            self._writable.exception()  # nobody may be waiting
        self._wake()
        self._lost(self)

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable and not writable.done():
            writable.set_result(None)

    # --- httptools ----------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.complete:  # an answer that nobody asked for
            self._keep_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_here:  # trailers come here as well
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self._interim = True
            self.headers = []
            self.continued = self.continued or status == 100
            self._wake()
            return
        self.status = status
        self._head_here = True
        self._keep_alive = self._parser.should_keep_alive()
        if self._method == "HEAD":
            # the parser cannot be told that no body follows: it is not used again
            self._parser = httptools.HttpResponseParser(self)
            self.complete = True
        elif status not in (204, 304) and not has_header(self.headers, b"content-length"):
            encodings = [value for name, value in self.headers if name.lower() == b"transfer-encoding"]
            self._until_close = not (encodings and encodings[-1].lower().endswith(b"chunked"))
        self._wake()

    def on_body(self, data: bytes) -> None:
        if self.complete:  # a body in answer to HEAD, or one that nobody asked for
            self._keep_alive = False
            return
        self._chunks.append(data)
        self._size += len(data)
        self._wake()

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
            return
        self.complete = True
        self._wake()

    # --- the request --------------------------------------------------------------------------------------------

    def begin(self, method: str, target: bytes, headers: Headers, body: bytes | None = None) -> None:
        """Send a request's head, and its body where that is at hand (b"" is none). Without it, it follows with send().

        The headers say how the body is delimited: they are sent as they are.
        """
        self._reset()
        self._busy = True
        self._method = method
        self.calls += 1
        lines = [b"%b %b HTTP/1.1\r\n" % (method.encode(), target)]
        lines += [b"%b: %b\r\n" % header for header in headers]
        lines.append(b"\r\n")
        self._chunked_request = has_header(headers, b"transfer-encoding")
        self._write(b"".join(lines))
        if body is not None:
            if body:
                self._write_body(body)
            self.end()

    async def send(self, data: bytes) -> None:
        """Send a part of the body; waits while the server does not take it. Raises UpstreamBroken."""
        if not self.usable or self._transport.is_closing():
            raise UpstreamBroken("it ended the connection")
        if data:
            self._write_body(data)
            if self._writable:
                await asyncio.shield(self._writable)

    def end(self) -> None:
        """The request is complete."""
        if self._chunked_request:
            self._write(b"0\r\n\r\n")
        self.sent = True

    def _write_body(self, data: bytes) -> None:
        if self._chunked_request:
            self._write(b"%x\r\n" % len(data))
            self._write(data)
            self._write(b"\r\n")
        else:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if self.usable:
            self._transport.write(data)

    # --- the answer ---------------------------------------------------------------------------------------------

    async def head(self) -> int:
        """Wait for the answer's head; returns its status, and `headers` are there. Raises UpstreamBroken."""
        while not self._head_here:
            await self._something()
        return self.status

    async def asked(self) -> None:
        """Wait until the server asks for the body, or answers without it. Raises UpstreamBroken."""
        while not self.continued and not self._head_here:
            await self._something()

    async def chunk(self) -> bytes:
        """The next bytes of the answer's body; b"" at its end. Raises UpstreamBroken."""
        while not self._chunks:
            if self.complete:
                return b""
            await self._something()
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        if self._paused and self.usable:
            self._paused = False
            self._transport.resume_reading()
        return data

    def release(self) -> None:
        """The call is over. The connection is kept for another where it can be."""
        reusable = self.usable and self.complete and self.sent and self._keep_alive and not self._chunks
        if not reusable or self._transport.is_closing():
            self.abort()
            return
        self._busy = False
        self._released(self)

    def abort(self) -> None:
        """End the connection, whatever is under way."""
        self.usable = False
        self._transport.abort()

    async def _something(self) -> None:
        """Wait for the next thing to happen; several may."""
        if self._error:
            raise self._error
        if self._waiter is None:
            self._waiter = self._loop.create_future()
        await asyncio.shield(self._waiter)

    def _fail(self, reason: str) -> None:
        self._error = self._error or UpstreamBroken(reason)
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter and not waiter.done():
            waiter.set_result(None)
