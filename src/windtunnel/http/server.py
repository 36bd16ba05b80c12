"""An HTTP/1.1 server: keep-alive, pipelining, streamed bodies both ways, and patience with nobody for ever.

An application is a callable that is given each Exchange once its head is there, in the order of the requests of a
connection, and that answers it at once or later. What a client does wrong ends its own connection and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import httptools

from windtunnel.http.messages import DateHeader, Headers, Response, has_header, status_line

LOG = logging.getLogger(__name__)
READ_AHEAD = 256 * 1024
"""Bytes of a body that are held before the client has to wait for whoever reads it."""
PIPELINED = 32
"""Requests of one connection that may wait for their turn."""
MAX_DISCARDED = 64 * 1024 * 1024
"""Bytes of a body that nobody reads any more which are still taken in, so that the client gets to see the answer."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ClientGone(ConnectionError):
    """The client broke off in the middle of its request, or while it was answered."""


class BodyTooLarge(ValueError):
    """A body is longer than its reader takes."""


@dataclass(frozen=True)
class Limits:
    """What a client may take. Bytes and seconds."""

    head: int = 64 * 1024
    head_timeout: float = 30.0
    """From a request's first byte to the end of its head."""
    idle_timeout: float = 75.0
    """Between requests, and within a body or an answer: without a single byte of progress."""


@dataclass(frozen=True)
class Tunnel:
    """What to do with bytes that are not for this server (TLS, an upgraded connection): given the transport and the
    bytes so far, returns the protocol that takes the connection over."""

    take: Callable[[asyncio.Transport, bytes], asyncio.Protocol]


class Exchange:
    """One request, and the way to answer it. Its body may still be on its way."""

    __slots__ = (
        "_chunks", "_connection", "_discarding", "_error", "_expects_continue", "_size", "_streaming", "_waiter",
        "answered", "complete", "headers", "http10", "keep_alive", "lowered", "method", "on_gone", "received", "target",
    )  # fmt: skip

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
        self.keep_alive = True
        self.http10 = False
        self.complete = False
        """Whether the whole body is here."""
        self.answered = False
        self.on_gone: Callable[[], None] | None = None
        """Called when the client goes before it is answered."""
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._expects_continue = False
        self._discarding = False
        self._streaming = False

    # --- what the client is -------------------------------------------------------------------------------------

    @property
    def peer(self) -> tuple[str, int]:
        """The client's address and port."""
        return self._connection.peer

    @property
    def local_port(self) -> int:
        """The port that the client connected to."""
        return self._connection.local_port

    # --- reading ------------------------------------------------------------------------------------------------

    def buffered(self) -> bytes:
        """The bytes of the body that are here and were not read yet; reads them."""
        if not self._chunks:
            return b""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        return data

    async def chunk(self) -> bytes:
        """The next bytes of the body; b"" at its end. Raises ClientGone."""
        while not self._chunks:
            if self._error:
                raise self._error
            if self.complete:
                return b""
            self._ask_for_body()
            self._waiter = self._connection.loop.create_future()
            await self._waiter
        data = self.buffered()
        self._connection.resume_reading()
        return data

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

    def _ask_for_body(self) -> None:
        if self._expects_continue:
            self._expects_continue = False
            self._connection.write(CONTINUE)

    # --- answering ----------------------------------------------------------------------------------------------

    def respond(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer, whole. The server adds Date, Content-Length and Connection."""
        if self.answered:
            raise RuntimeError("answered twice")
        connection = self._connection
        head = [status_line(status), connection.date.line()]
        head += [b"%b: %b\r\n" % header for header in headers]
        if status >= 200 and status not in (204, 304):
            head.append(b"Content-Length: %d\r\n" % len(body))
        else:
            body = b""
        self._finish_head(head)
        if body and self.method != "HEAD":
            head.append(body)
        connection.write(b"".join(head))
        self.end()

    def start(self, status: int, headers: Headers) -> bool:
        """Send the head of an answer whose body follows with send(), then end(). True if it is to be sent in chunks."""
        chunked = (
            not has_header(headers, b"content-length")
            and status not in (204, 304)
            and self.method != "HEAD"
            and not self.http10
        )
        if self.http10 and not has_header(headers, b"content-length"):
            self.keep_alive = False
        head = [status_line(status), *(b"%b: %b\r\n" % header for header in headers)]
        if not has_header(headers, b"date"):
            head.append(self._connection.date.line())
        if chunked:
            head.append(b"Transfer-Encoding: chunked\r\n")
        self._finish_head(head)
        self._connection.write(b"".join(head))
        self._streaming = chunked
        return chunked

    async def send(self, data: bytes) -> None:
        """Send a part of the body; waits while the client does not take it. Raises ClientGone."""
        if not data:
            return
        self._connection.write(b"%x\r\n%b\r\n" % (len(data), data) if self._streaming else data)
        await self._connection.drained()

    def end(self) -> None:
        """The answer is complete."""
        if self._streaming:
            self._streaming = False
            self._connection.write(b"0\r\n\r\n")
        self.answered = True
        self.on_gone = None
        self._connection.finished(self)

    def abort(self) -> None:
        """Break off: an answer that has begun cannot be made good."""
        self.answered = True
        self._connection.abort()

    def _finish_head(self, head: list[bytes]) -> None:
        if self._expects_continue:
            # it never was asked for its body, and may or may not send it: nobody could tell where the next request is
            self.keep_alive = False
        if not self.keep_alive:
            head.append(b"Connection: close\r\n")
        elif self.http10:
            head.append(b"Connection: keep-alive\r\n")
        head.append(b"\r\n")

    # --- from the connection ------------------------------------------------------------------------------------

    def add(self, data: bytes) -> None:
        self._size += len(data)
        if self._discarding:
            if self._size > MAX_DISCARDED:
                self._connection.abort()
            return
        self._chunks.append(data)
        if self._size > READ_AHEAD:
            self._connection.pause_reading()
        self._wake()

    def finish(self) -> None:
        self.complete = True
        self._wake()

    def fail(self, error: Exception) -> None:
        if not self.complete:
            self._error = error
            self._wake()
        if self.on_gone and not self.answered:
            on_gone, self.on_gone = self.on_gone, None
            on_gone()

    def discard(self) -> None:
        self._discarding = True
        self._chunks.clear()
        self._size = 0
        self._connection.resume_reading()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter and not waiter.done():
            waiter.set_result(None)


Application = Callable[[Exchange], None]


class Connection(asyncio.Protocol):
    """One client. Requests are handed to the application one after another, each when the one before is answered."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.loop = server.loop
        self.date = server.date
        self.peer = ("", 0)
        self.local_port = 0
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._parser = httptools.HttpRequestParser(self)
        self._reading: Exchange | None = None
        """The request that is coming in."""
        self._current: Exchange | None = None
        """The request that is being answered."""
        self._waiting: deque[Exchange] = deque()
        self._head_size = 0
        self._in_head = False
        self._paused = False
        self._writable: asyncio.Future[None] | None = None
        self._closed = False
        self._broken = False
        self._dispatching = False
        self._fresh = True
        self.progress = self.loop.time()

    # --- asyncio ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.peer = (transport.get_extra_info("peername") or ("", 0))[:2]
        self.local_port = (transport.get_extra_info("sockname") or ("", 0))[1]
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self.progress = self.loop.time()
        if self._broken:
            return
        if self._fresh:
            self._fresh = False
            if self._server.tunnel and data[0] == 0x16:  # a TLS handshake
                self.hand_over(data)
                return
        if self._reading is None or self._in_head:
            # an upper bound: a body's first bytes may be among them, and are taken off in on_headers_complete
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(400, f"not HTTP: {error}")
        if self._in_head and self._head_size > self._server.limits.head and not self._broken:
            self._refuse(431, "the request's head is too large")
        self._dispatch()

    def eof_received(self) -> bool:
        """A client that says it sends no more may still wait for its answer."""
        if self._reading and not self._reading.complete:
            self._reading.fail(ClientGone("the client broke off in the middle of its request"))
            return False
        if self._current:
            self._current.keep_alive = False
            return True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._server.connections.discard(self)
        gone = ClientGone("the client has gone")
        if self._writable and not self._writable.done():
            self._writable.set_exception(gone)
            self._writable.exception()  # nobody may be waiting
        for exchange in filter(None, (self._reading, self._current)):
            exchange.fail(gone)
        self._waiting.clear()

    def pause_writing(self) -> None:
        self._writable = self.loop.create_future()

    def resume_writing(self) -> None:
        self.progress = self.loop.time()
        writable, self._writable = self._writable, None
        if writable and not writable.done():
            writable.set_result(None)

    # --- httptools ----------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._reading = Exchange(self, self.progress)
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        assert self._reading
        self._reading.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # trailers come here as well
            assert self._reading
            self._reading.headers.append((name, value))
            self._reading.lowered[name.lower()] = value

    def on_headers_complete(self) -> None:
        exchange, parser = self._reading, self._parser
        assert exchange
        self._in_head = False
        self._head_size = 0
        exchange.method = parser.get_method().decode("ascii")
        exchange.keep_alive = parser.should_keep_alive()
        exchange.http10 = parser.get_http_version() == "1.0"
        expect = exchange.lowered.get(b"expect")
        exchange._expects_continue = expect is not None and expect.lower() == b"100-continue" and not exchange.http10
        self._waiting.append(exchange)

    def on_body(self, data: bytes) -> None:
        assert self._reading
        self._reading.add(data)

    def on_message_complete(self) -> None:
        exchange, self._reading = self._reading, None
        assert exchange
        exchange._expects_continue = False
        exchange.finish()

    # --- one request after another ------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        if self._dispatching:
            return  # the application answered at once: the loop below goes on
        self._dispatching = True
        while self._waiting and self._current is None and not self._closed:
            exchange = self._waiting.popleft()
            self._current = exchange
            try:
                self._server.application(exchange)
            except Exception:
                LOG.exception("%s %r", exchange.method, exchange.target)
                if not exchange.answered:
                    exchange.respond(500, (), b"")
        self._dispatching = False
        if len(self._waiting) > PIPELINED:
            self.pause_reading()
        elif not self._waiting:
            self.resume_reading()
        if self._broken and self._current is None and not self._waiting:
            self._transport.close()

    def finished(self, exchange: Exchange) -> None:
        """An exchange was answered."""
        self.progress = self.loop.time()
        self._current = None
        if not exchange.keep_alive:
            self._waiting.clear()
            self._broken = True
            if exchange.complete or exchange._expects_continue or self._reading is not exchange:
                self._transport.close()
            else:
                # its answer would be lost if the connection ended under what it still sends
                exchange.discard()
                self._broken = False
                exchange.on_gone = None
                self.loop.call_later(2.0, self._transport.close)
            return
        if not exchange.complete:
            exchange.discard()
        self._dispatch()

    def _refuse(self, status: int, reason: str) -> None:
        """Answer what is no request, once those before it are answered, and close."""
        LOG.debug("%s: %s", self.peer, reason)
        self._broken = True
        broken, self._reading = self._reading, None
        if broken is not None and (broken is self._current or broken in self._waiting):
            # its head was fine and its body is not
            broken.fail(ClientGone(reason))
            broken.keep_alive = False
            return
        if self._current is None and not self._waiting:
            self.write(status_line(status) + b"Connection: close\r\nContent-Length: 0\r\n\r\n")
            self._transport.close()

    def _upgrade(self, rest: bytes) -> None:
        """An Upgrade that nobody takes is ignored, as HTTP has it; whoever does, calls hand_over()."""
        current = self._waiting[-1] if self._waiting else self._current
        if current is not None and current.lowered.get(b"upgrade", b"").lower() == b"websocket" and self._server.tunnel:
            head = [current.method.encode() + b" " + current.target + b" HTTP/1.1\r\n"]
            head += [b"%b: %b\r\n" % header for header in current.headers]
            self._waiting.clear()
            self.hand_over(b"".join([*head, b"\r\n", rest]))
            return
        self._parser = httptools.HttpRequestParser(self)
        if rest:
            self.data_received(rest)

    def hand_over(self, data: bytes) -> None:
        """Give the connection to the tunnel, with the bytes that it should have seen."""
        assert self._server.tunnel
        self._server.connections.discard(self)
        self._transport.set_protocol(self._server.tunnel.take(self._transport, data))

    # --- bytes --------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if not self._closed:
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the client takes more. Raises ClientGone."""
        if self._closed:
            raise ClientGone("the client has gone")
        if self._writable:
            await asyncio.shield(self._writable)

    def pause_reading(self) -> None:
        if not self._paused and not self._closed and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._paused and not self._closed and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def abort(self) -> None:
        self._transport.abort()

    def close_if_idle(self) -> bool:
        """Close, unless a request is being answered. True if it was closed."""
        if self._current is None:
            self._transport.close()
            return True
        self._current.keep_alive = False
        return False

    def check(self, now: float) -> None:
        """End a connection whose client does nothing for too long."""
        limits = self._server.limits
        if self._in_head and self._reading and now - self._reading.received > limits.head_timeout:
            self._refuse(408, "the request's head did not come in time")
            self._transport.close()
        elif now - self.progress > limits.idle_timeout:
            waits_for_application = self._current is not None and self._current.complete and self._writable is None
            if not waits_for_application:
                self._transport.abort()


class Server:
    """Listening sockets and their connections. Make it inside a running loop."""

    def __init__(self, application: Application, *, limits: Limits | None = None, tunnel: Tunnel | None = None) -> None:
        self.application = application
        self.limits = limits or Limits()
        self.tunnel = tunnel
        self.loop = asyncio.get_running_loop()
        self.date = DateHeader()
        self.connections: set[Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._sweeper: asyncio.TimerHandle | None = None

    async def listen(self, sock: socket.socket | None = None, *, host: str = "127.0.0.1", port: int = 0) -> int:
        """Accept connections on a bound socket, or on host and port (0: any). Returns the port."""
        factory: Callable[[], Any] = lambda: Connection(self)  # noqa: E731
        if sock is not None:
            server = await self.loop.create_server(factory, sock=sock, backlog=1024)
        else:
            server = await self.loop.create_server(factory, host, port, backlog=1024)
        self._servers.append(server)
        if self._sweeper is None:
            self._sweep()
        return int(server.sockets[0].getsockname()[1])

    def _sweep(self) -> None:
        now = self.loop.time()
        for connection in list(self.connections):
            connection.check(now)
        self._sweeper = self.loop.call_later(1.0, self._sweep)

    async def close(self, grace: float = 0.0) -> None:
        """Accept no more; connections end at once when idle, the others when answered or after `grace` seconds."""
        for server in self._servers:
            server.close()
        if self._sweeper:
            self._sweeper.cancel()
        deadline = self.loop.time() + grace
        for connection in list(self.connections):
            connection.close_if_idle()
        while self.connections and self.loop.time() < deadline:
            await asyncio.sleep(0.01)
        for connection in list(self.connections):
            connection.abort()


def answering(handler: Callable[[Exchange], Any], loop: asyncio.AbstractEventLoop) -> Application:
    """An application out of a coroutine function that takes an Exchange and returns a Response.

    What it raises is logged and answered with 500; a client that has gone is no error.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def answer(exchange: Exchange) -> None:
        try:
            response: Response = await handler(exchange)
            if exchange.answered:
                return
            if isinstance(response.body, bytes):
                exchange.respond(response.status, response.headers, response.body)
                return
            exchange.start(response.status, response.headers)
            async for data in response.body:
                await exchange.send(data)
            exchange.end()
        except ClientGone:
            exchange.abort()
        except Exception:
            LOG.exception("%s %r", exchange.method, exchange.target)
            if exchange.answered:
                return
            if exchange._streaming:
                exchange.abort()
            else:
                exchange.respond(500, (), b"")

    def application(exchange: Exchange) -> None:
        task = asyncio.Task(answer(exchange), loop=loop, eager_start=True)
        if not task.done():
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    return application
