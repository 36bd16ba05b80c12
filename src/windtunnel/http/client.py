"""An HTTP/1.1 client of one upstream: connections are kept, bodies stream both ways."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import httptools

from windtunnel.http.messages import Headers

READ_AHEAD = 256 * 1024
IDLE_SECONDS = 20.0
"""A kept connection that was unused for longer is not used again."""


class UpstreamError(ConnectionError):
    """The upstream cannot be reached, or broke off."""


class UpstreamUnreachable(UpstreamError):
    """Nobody listens there."""


class UpstreamBroken(UpstreamError):
    """The connection ended in the middle."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whole."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class UpstreamConnection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._parser: httptools.HttpResponseParser | None = None
        self._head: asyncio.Future[None] | None = None
        self._more: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._paused = False
        self._bodiless = False
        self._in_head = False
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = True
        self.closed = False
        self.reusable = True
        self.began = False
        """Whether anything of the answer has come."""
        self.idle_since = 0.0

    # --- a request ------------------------------------------------------------------------------------------------

    def begin(self, method: str, head: bytes) -> None:
        """Send a request's head; its body follows with send()."""
        self._parser = httptools.HttpResponseParser(self)
        self._bodiless = method == "HEAD"
        self._head = self._loop.create_future()
        self._chunks.clear()
        self._size = 0
        self.headers = []
        self.status = 0
        self.complete = self.began = False
        self._transport.write(head)

    async def send(self, data: bytes) -> None:
        """Send a part of the body as it is to be on the wire; waits while the upstream does not take it."""
        if self.closed:
            raise UpstreamBroken("the upstream broke off while it was sent a request")
        self._transport.write(data)
        if self._writable is not None:
            await self._writable

    async def head(self) -> None:
        """Wait for the answer's head: status and headers are there then."""
        assert self._head
        await self._head

    async def chunk(self) -> bytes:
        """The next bytes of the answer's body; b"" at its end. Raises UpstreamBroken."""
        while not self._chunks:
            if self.complete:
                return b""
            if self.closed:
                raise UpstreamBroken("the upstream broke off in the middle of its answer")
            self._more = self._loop.create_future()
            await self._more
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return data

    def close(self) -> None:
        """End it; what was under way is lost."""
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio --------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self.began = True
        if self._parser is None or self.complete:
            self.close()  # it says what nobody asked for
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(UpstreamBroken(f"the upstream's answer is not HTTP: {error}"))
            self.close()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.reusable = False
        if not self.complete and self._head is not None and self._head.done() and self._until_close():
            self.on_message_complete()
        self._fail(UpstreamBroken("the upstream broke off"))
        if self._writable is not None and not self._writable.done():
            self._writable.set_exception(UpstreamBroken("the upstream broke off"))

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    def _until_close(self) -> bool:
        """Whether the answer's body has no other end than the connection's."""
        names = {name.lower() for name, _ in self.headers}
        return b"content-length" not in names and b"transfer-encoding" not in names

    def _fail(self, error: Exception) -> None:
        if self._head is not None and not self._head.done():
            self._head.set_exception(error)
            self._head.exception()  # nobody may be waiting any more
        self._wake()

    def _wake(self) -> None:
        more, self._more = self._more, None
        if more is not None and not more.done():
            more.set_result(None)

    # --- httptools ------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.headers = []
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        assert self._parser
        self._in_head = False
        self.status = self._parser.get_status_code()
        if self.status < 200:
            return  # 100 Continue: the answer is yet to come
        self.reusable = self._parser.should_keep_alive()
        if self._head is not None and not self._head.done():
            self._head.set_result(None)
        if self._bodiless:
            self.on_message_complete()

    def on_body(self, data: bytes) -> None:
        if self.complete:
            return
        self._chunks.append(data)
        self._size += len(data)
        if self._size > READ_AHEAD and not self._paused and not self.closed:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        if self.status < 200:
            return
        self.complete = True
        self._wake()


class Client:
    """Keeps connections to one host and port."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._idle: list[UpstreamConnection] = []
        self._loop = asyncio.get_running_loop()

    async def connection(self) -> tuple[UpstreamConnection, bool]:
        """A connection to use, and whether it was used before. Raises UpstreamUnreachable."""
        now = self._loop.time()
        while self._idle:
            kept = self._idle.pop()
            if not kept.closed and kept.reusable and now - kept.idle_since < IDLE_SECONDS:
                return kept, True
            kept.close()
        try:
            _, made = await self._loop.create_connection(UpstreamConnection, self.host, self.port)
        except OSError as error:
            raise UpstreamUnreachable(f"nobody answers on {self.host}:{self.port}: {error}") from error
        return made, False

    def give_back(self, connection: UpstreamConnection) -> None:
        """Keep a connection whose answer was read to its end; close any other."""
        if connection.complete and connection.reusable and not connection.closed:
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
        else:
            connection.close()

    async def request(self, method: str, target: bytes, headers: Headers, body: bytes, *, timeout: float) -> Reply:
        """Ask, and read the whole answer. The length is added. Raises UpstreamError, TimeoutError after `timeout` s."""
        head = request_head(method, target, [*headers, (b"Content-Length", b"%d" % len(body))])
        async with asyncio.timeout(timeout):
            while True:
                connection, used = await self.connection()
                try:
                    connection.begin(method, head + body)
                    await connection.head()
                    parts = []
                    while data := await connection.chunk():
                        parts.append(data)
                    return Reply(connection.status, connection.headers, b"".join(parts))
                except UpstreamBroken:
                    # a kept connection may have ended before it was used: nothing was done with the request then
                    if not used or connection.began:
                        raise
                finally:
                    self.give_back(connection)

    def close(self) -> None:
        """Close what is kept."""
        for kept in self._idle:
            kept.close()
        self._idle.clear()


def request_head(method: str, target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A request's head as it is on the wire."""
    lines = [method.encode("ascii") + b" " + target + b" HTTP/1.1\r\n"]
    lines += [b"%b: %b\r\n" % header for header in headers]
    lines.append(b"\r\n")
    return b"".join(lines)
