"""HTTP/1.1 over the standard library's asyncio: the engine's environment has no parser in C.

For clients of this machine that behave; what they send is bounded, and what cannot be understood ends its connection.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class MalformedRequest(ValueError):
    """What came is no request that is answered here."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head. `headers` are as sent; `lowered` has each one's last value by its name in lower case."""

    method: bytes
    target: bytes
    headers: Sequence[tuple[bytes, bytes]]
    lowered: dict[bytes, bytes]
    keep_alive: bool
    length: int
    chunked: bool


@dataclass(frozen=True, slots=True)
class Received:
    """A whole request."""

    head: Head
    body: bytes


def parse_head(data: bytes) -> Head:
    """The bytes before the empty line. Raises MalformedRequest."""
    first, *lines = data.split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise MalformedRequest(f"no request line: {first[:100]!r}")
    headers, lowered = [], {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name[-1:] in b" \t" or line[:1] in b" \t":
            raise MalformedRequest(f"no header: {line[:100]!r}")
        value = value.strip()
        headers.append((name, value))
        lowered[name.lower()] = value
    length = lowered.get(b"content-length", b"0")
    coding = lowered.get(b"transfer-encoding", b"").lower()
    if not length.isdigit() or int(length) > MAX_BODY or coding not in (b"", b"chunked"):
        raise MalformedRequest(f"a body of {length!r} bytes, {coding!r}")
    connection = lowered.get(b"connection", b"").lower()
    return Head(
        method=parts[0],
        target=parts[1],
        headers=headers,
        lowered=lowered,
        keep_alive=connection == b"keep-alive" if parts[2] == b"HTTP/1.0" else connection != b"close",
        length=int(length),
        chunked=bool(coding),
    )


def take_chunks(buffer: bytearray) -> bytes | None:
    """Take a chunked body off the buffer's beginning; None while it is not whole. Raises MalformedRequest."""
    parts, at = [], 0
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            return None
        try:
            size = int(bytes(buffer[at:end]).partition(b";")[0], 16)
        except ValueError as error:
            raise MalformedRequest("a chunk without a size") from error
        if size == 0:
            break
        at = end + 2 + size + 2
        if at > MAX_BODY:
            raise MalformedRequest("too long a body")
        if len(buffer) < at:
            return None
        parts.append(bytes(buffer[end + 2 : at - 2]))
    if buffer[end + 2 : end + 4] == b"\r\n":
        after = end + 4
    elif (trailers := buffer.find(b"\r\n\r\n", end)) >= 0:
        after = trailers + 4
    else:
        return None
    del buffer[:after]
    return b"".join(parts)


Answer = bytes | asyncio.Future[bytes]
"""A whole answer as render() makes it, or the promise of one."""


class Connection(asyncio.Protocol):
    """One client's: a request at a time, in order."""

    def __init__(self, application: Callable[[Received], Answer], connections: set[Connection]) -> None:
        self._application = application
        self._connections = connections
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._head: Head | None = None
        self._continued = False
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._busy:
            if len(self._buffer) > MAX_HEAD + MAX_BODY:
                self._transport.abort()
            return
        self._advance()

    def close(self) -> None:
        self._transport.close()

    def _advance(self) -> None:
        while not self._busy and not self._transport.is_closing():
            try:
                received = self._next()
            except MalformedRequest:
                self._transport.write(render(400, [(b"Connection", b"close")], b""))
                self._transport.close()
                return
            if received is None:
                return
            answer = self._application(received)
            if isinstance(answer, bytes):
                self._write(answer, received.head.keep_alive)
            else:
                self._busy = True
                answer.add_done_callback(functools.partial(self._answered, received.head.keep_alive))

    def _next(self) -> Received | None:
        """The next request that is whole."""
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0 or end > MAX_HEAD:
                if len(self._buffer) > MAX_HEAD:
                    raise MalformedRequest("too long a head")
                return None
            self._head = parse_head(bytes(self._buffer[:end]))
            self._continued = b"expect" not in self._head.lowered
            del self._buffer[: end + 4]
        head = self._head
        body: bytes | None
        if head.chunked:
            body = take_chunks(self._buffer)
        elif len(self._buffer) == head.length:
            body = bytes(self._buffer)
            self._buffer.clear()
        elif len(self._buffer) > head.length:
            body = bytes(self._buffer[: head.length])
            del self._buffer[: head.length]
        else:
            body = None
        if body is None:
            if not self._continued:
                self._continued = True
                self._transport.write(CONTINUE)
            return None
        self._head = None
        return Received(head, body)

    def _answered(self, keep_alive: bool, done: asyncio.Future[bytes]) -> None:
        self._busy = False
        if done.cancelled() or done.exception() is not None:
            self._transport.abort()
            return
        self._write(done.result(), keep_alive)
        self._advance()

    def _write(self, answer: bytes, keep_alive: bool) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)
            if not keep_alive:
                self._transport.close()


def render(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bytes:
    """A whole answer. `headers` without Date and Content-Length."""
    lines = [b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode()), b"Date: " + http_date()]
    lines += [b"%b: %b" % header for header in headers]
    lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def http_date() -> bytes:
    """Now, as HTTP writes it."""
    return formatdate(usegmt=True).encode()
