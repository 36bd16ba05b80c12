"""A client's connection: its bytes are taken apart into exchanges, which are answered one after another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import httptools

from windtunnel.http.exchange import BrokenBody, ClientGone, Exchange
from windtunnel.http.messages import status_line

if TYPE_CHECKING:
    from windtunnel.http.server import Server

LOG = logging.getLogger(__name__)
PIPELINED = 32
"""Requests of one connection that may wait for their turn before no more is read of it."""
SLICE = 16 * 1024
"""Bytes of heads that are parsed at once: what a head may have beyond Limits.head before it is noticed."""
LINGER = 30.0
"""Seconds for which a client whose connection is over may go on sending, so that it gets to see its answer."""
LINGER_IDLE = 5.0
"""Seconds without a byte after which it has had its chance."""
TLS_HANDSHAKE = 0x16
"""A TLS record's first byte (RFC 8446, 5.1: ContentType handshake is 22); no HTTP method starts with it."""


RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: socket(7)."""


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


class Connection(asyncio.Protocol):
    """One client. Requests are handed to the application one after another, each when the one before is answered.

    It ends when an answer says so, when the client says that it sends no more, or when what it sends is not HTTP; in
    every case what was asked before is answered first.
    """

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
        self._unsent = 0
        self._fresh = True
        self._deaf = False
        """No further request is taken: what still comes in is dropped."""
        self._sends = False
        """What comes in was given up on, and there may be more of it."""
        self._refusal = 0
        """The status to end with, once what was asked before is answered."""
        self._lingering = 0.0
        """Until when a client that is done with may go on sending; 0: it is not done with."""
        self.closed = False
        """Nothing can be written any more."""
        self._dispatching = False
        self.progress = self.loop.time()

    # --- asyncio ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.peer = (transport.get_extra_info("peername") or ("", 0))[:2]
        self.local_port = (transport.get_extra_info("sockname") or ("", 0))[1]
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self.progress = self.loop.time()
        if self._deaf:
            return
        if self._fresh:
            self._fresh = False
            if self._server.tunnel and data[0] == TLS_HANDSHAKE:
                self._hand_over(data)
                return
        if len(data) > SLICE and (self._reading is None or self._in_head):
            for offset in range(0, len(data), SLICE):
                self._feed(data[offset : offset + SLICE])
                if self._deaf or self.closed:
                    break
        else:
            self._feed(data)
        self._dispatch()

    def _feed(self, data: bytes) -> None:
        started = self._reading if self._in_head else None
        while data:
            try:
                self._parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                data = self._upgrade(data[upgrade.args[0] :])
            except httptools.HttpParserError as error:
                if not self._deaf:  # what follows the last request is nobody's business
                    self._refuse(400, f"not HTTP: {error}")
                break
        if self._in_head and self._reading is started:
            self._head_size += len(data)
            if self._head_size > self._server.limits.head:
                self._refuse(431, "the request's head is too large")

    def eof_received(self) -> bool:
        """A client that says it sends no more may still wait for its answers."""
        if self._lingering:
            return False
        reading, self._reading = self._reading, None
        self._deaf = True
        self._in_head = self._sends = False
        if reading is not None:
            if reading in self._waiting:
                self._waiting.remove(reading)
            reading.fail(ClientGone("the client broke off in the middle of its request"))
        if self._current is not None and self._current.on_end is not None:
            self._current.on_end()
        return self._current is not None or bool(self._waiting)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = self._deaf = True
        self._server.connections.discard(self)
        gone = ClientGone("the client has gone")
        if self._writable and not self._writable.done():
            self._writable.set_exception(gone)
            self._writable.exception()  # nobody may be waiting
        self._waiting.clear()
        reading, self._reading = self._reading, None
        for exchange in {reading, self._current} - {None}:
            assert exchange
            exchange.fail(gone)

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
        reading = self._reading
        assert reading
        if self._in_head:
            reading.headers.append((name, value))
            reading.lowered[name.lower()] = value
        else:
            reading.add_trailer(name, value)

    def on_headers_complete(self) -> None:
        exchange, parser = self._reading, self._parser
        assert exchange
        self._in_head = False
        self._head_size = 0
        exchange.method = parser.get_method().decode("ascii")
        exchange.keep_alive = parser.should_keep_alive()
        exchange.http10 = parser.get_http_version() != "1.1"
        expect = exchange.lowered.get(b"expect")
        exchange.expects_continue = expect is not None and expect.lower() == b"100-continue" and not exchange.http10
        self._waiting.append(exchange)

    def on_body(self, data: bytes) -> None:
        assert self._reading
        self._reading.add(data)

    def on_message_complete(self) -> None:
        exchange, self._reading = self._reading, None
        assert exchange
        exchange.expects_continue = False
        exchange.finish()
        if not exchange.keep_alive:
            self._deaf = True

    # --- one request after another ------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        if self._dispatching:
            return  # the application answered at once: the loop below goes on
        self._dispatching = True
        while self._waiting and self._current is None and not self.closed:
            exchange = self._waiting.popleft()
            self._current = exchange
            try:
                self._server.application(exchange)
            except Exception:
                LOG.exception("%s %r", exchange.method, exchange.target)
                if exchange.started:
                    exchange.abort()
                else:
                    exchange.respond(500, (), b"")
        self._dispatching = False
        if self._deaf and self._current is None and not self._waiting:
            self._finish()
        if self._paused or self._waiting or self._reading is not None:
            self.pace()

    def finished(self, exchange: Exchange) -> None:
        """An exchange was answered."""
        if exchange is not self._current:
            return
        self._current = None
        if not exchange.complete:
            exchange.discard()
        if not exchange.keep_alive:
            self._deaf = True
            self._waiting.clear()
        if not self._dispatching:
            self.progress = self.loop.time()
            self._dispatch()

    def _refuse(self, status: int, reason: str) -> None:
        """What comes in is no request: answer that, once those before it are answered, and close."""
        LOG.debug("%s: %s", self.peer, reason)
        self._deaf = self._sends = True
        self._in_head = False
        broken, self._reading = self._reading, None
        if broken is not None and broken is self._current:
            # its head was fine and its body is not: it is for the application to give up on it
            broken.keep_alive = False
            broken.fail(BrokenBody(reason))
            return
        if broken is not None and broken in self._waiting:
            self._waiting.remove(broken)
        self._refusal = status

    def _finish(self) -> None:
        """Everything was answered, and no more requests are taken: send what is left to send, and close.

        While the client sends, closing would take the answer from it: the kernel answers bytes that nobody reads
        with a reset, and a reset discards what was not yet received.
        """
        if self.closed:
            return
        if self._refusal:
            self.write(status_line(self._refusal) + b"Connection: close\r\nContent-Length: 0\r\n\r\n")
        self.closed = True
        if (self._sends or self._reading is not None) and self._transport.can_write_eof():
            self._lingering = self.loop.time() + LINGER
            self._transport.write_eof()
        else:
            self._transport.close()

    # --- other protocols ----------------------------------------------------------------------------------------

    def _upgrade(self, rest: bytes) -> bytes:
        """A websocket's handshake is for the tunnel, where there is one. Every other Upgrade is ignored, as HTTP has
        it (Java's client asks for h2c with its first request): then its body is still to be parsed.

        Returns what to parse now.
        """
        exchange = self._waiting.pop()
        if exchange.method == "CONNECT":
            self._refuse(405, "no proxy")
            return b""
        websocket = exchange.lowered.get(b"upgrade", b"").lower() == b"websocket"
        if websocket and self._server.tunnel and self._current is None and not self._waiting:
            self._hand_over(request_head(exchange, exchange.headers) + rest)
            return b""
        if len(self._waiting) > PIPELINED:
            self._refuse(400, "too many upgrades at once")
            return b""
        self._deaf = False
        self._parser = httptools.HttpRequestParser(self)
        headers = [header for header in exchange.headers if header[0].lower() != b"upgrade"]
        return request_head(exchange, headers) + rest

    def _hand_over(self, data: bytes) -> None:
        """Give the connection to the tunnel, with the bytes that it should have seen."""
        assert self._server.tunnel
        self._server.connections.discard(self)
        self.closed = self._deaf = True
        self._transport.set_protocol(self._server.tunnel.take(self._transport, data))

    # --- bytes --------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if not self.closed:
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the client takes more. Raises ClientGone."""
        if self.closed or self._transport.is_closing():
            raise ClientGone("the client has gone")
        if self._writable:
            await asyncio.shield(self._writable)

    def pace(self) -> None:
        """Read on, or let the client wait until what it has sent is dealt with."""
        reading = self._reading
        pause = len(self._waiting) > PIPELINED or (reading is not None and reading.full)
        if pause == self._paused or self._transport.is_closing():
            return
        self._paused = pause
        if pause:
            self._transport.pause_reading()
        else:
            self.progress = self.loop.time()
            self._transport.resume_reading()

    def abort(self) -> None:
        """End it with a reset, so that nobody takes what was sent for the whole of it."""
        self.closed = self._deaf = True
        sock = self._transport.get_extra_info("socket")
        if sock is not None and not self._transport.is_closing():
            with contextlib.suppress(OSError):  # it is gone already
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.abort()

    def close_if_idle(self) -> None:
        """Close, once what is being answered is."""
        if self._current is not None:
            self._current.keep_alive = False
        elif not self.closed:
            self._deaf = True
            self._waiting.clear()
            self._finish()

    def check(self, now: float) -> None:
        """End a connection whose client does nothing for too long."""
        limits, idle = self._server.limits, now - self.progress
        if self._lingering:
            if now > self._lingering or idle > LINGER_IDLE:
                self.abort()
            return
        if self._in_head and self._reading and now - self._reading.received > limits.head_timeout:
            self._refuse(408, "the request's head did not come in time")
            self._dispatch()
            return
        if idle <= limits.idle_timeout:
            return
        unsent, before = self._transport.get_write_buffer_size(), self._unsent
        self._unsent = unsent
        if unsent:
            if unsent >= before > 0:
                self.abort()
            else:  # it took some, or this is the first look
                self.progress = now
        elif self._current is None:
            self.closed = self._deaf = True
            self._transport.close()
        elif not (self._current.complete or self._current.expects_continue or self._paused):
            self.abort()
        # else it is the application's turn


def request_head(exchange: Exchange, headers: list[tuple[bytes, bytes]]) -> bytes:
    """The bytes of a request's head, with other headers."""
    version = b"1.0" if exchange.http10 else b"1.1"
    lines = [b"%b %b HTTP/%b\r\n" % (exchange.method.encode(), exchange.target, version)]
    lines += [b"%b: %b\r\n" % header for header in headers]
    return b"".join([*lines, b"\r\n"])
