"""A connection without a socket: its bytes are fed, and what it writes is kept."""

from __future__ import annotations

import asyncio
import itertools
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.http.connection import Connection
from windtunnel.http.server import Exchange, Limits, Server


class Transport(asyncio.Transport):
    """Keeps what is written, and says what happened to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = self.closed = self.aborted = self.paused = False

    def write(self, data: Any) -> None:
        assert not self.ended
        self.written += data

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def get_write_buffer_size(self) -> int:
        return 0


def fed(parts: list[bytes], *, limits: Limits | None = None, eof: bool = False) -> tuple[Transport, list[Exchange]]:
    """What came of bytes that came in these parts. Every request is answered at once, and says what it was."""
    seen: list[Exchange] = []

    def application(exchange: Exchange) -> None:
        seen.append(exchange)
        exchange.respond(200, ((b"X-Target", exchange.target),), exchange.method.encode())

    async def main() -> Transport:
        server = Server(application, limits=limits)
        connection, transport = Connection(server), Transport()
        connection.connection_made(transport)
        for part in parts:
            if part and not transport.closed:
                connection.data_received(part)
        if eof and not transport.closed and not connection.eof_received():
            transport.close()
        connection.connection_lost(None)
        assert not server.connections
        return transport

    return asyncio.run(main()), seen


STREAM = (
    b"GET /1 HTTP/1.1\r\nHost: a\r\nEmpty:\r\nX-Two: 1\r\nx-two: 2\r\n\r\n"
    b"POST /2 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
    b"\r\nHEAD /3 HTTP/1.1\r\n\r\n"
    b"PUT /4 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"
    b"POST /5 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab"
)
CLOSE = b"GET /6 HTTP/1.1\r\nConnection: close\r\n\r\n"
ENDINGS = [b"", b"GARBAGE\r\n\r\n", CLOSE + b"GET /7", b"CONNECT a:1 HTTP/1.1\r\n\r\nx"]


def undated(answers: bytes) -> bytes:
    return re.sub(rb"Date: .*\r\n", b"", answers)


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(STREAM) + 60), max_size=12), ending=st.sampled_from(ENDINGS))
def test_it_does_not_matter_how_bytes_are_cut(cuts: list[int], ending: bytes) -> None:
    stream = STREAM + ending
    whole, requests = fed([stream])
    bounds = [0, *sorted(cuts), len(stream)]

    cut, requests_again = fed([stream[a:b] for a, b in itertools.pairwise(bounds)])

    assert undated(cut.written) == undated(whole.written)
    assert (cut.closed, cut.ended) == (whole.closed, whole.ended)
    assert [request.headers for request in requests_again] == [request.headers for request in requests]
    assert requests[0].headers == [(b"Host", b"a"), (b"Empty", b""), (b"X-Two", b"1"), (b"x-two", b"2")]


@pytest.mark.parametrize(
    ("ending", "last", "ended", "closed"),
    [
        (b"", b"POST", False, False),
        (b"GARBAGE\r\n\r\n", b"400 Bad Request", True, False),  # what it still sends is waited for
        (CLOSE, b"GET", False, True),
        (b"CONNECT a:1 HTTP/1.1\r\n\r\n", b"405 Method Not Allowed", True, False),
        (b"POST /6 HTTP/1.1\r\nConnection: close\r\nContent-Length: 5\r\n\r\na", b"POST", True, False),
    ],
)
def test_how_a_connection_ends(ending: bytes, last: bytes, ended: bool, closed: bool) -> None:
    transport, _ = fed([STREAM + ending])

    assert last in transport.written[-150:]
    assert (transport.ended, transport.closed) == (ended, closed)


@pytest.mark.parametrize("ending", [b"", b"GET /", b"GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\n1", b"GARBAGE"])
def test_a_client_that_ends_is_closed(ending: bytes) -> None:
    transport, _ = fed([STREAM + ending], eof=True)

    assert transport.closed


@settings(deadline=None, max_examples=50)
@given(size=st.integers(1, 500), requests=st.integers(1, 200))
def test_reads_of_any_size_never_make_small_heads_too_large(size: int, requests: int) -> None:
    stream = b"GET /%b HTTP/1.1\r\n\r\n" % (b"x" * 60) * requests

    _, seen = fed([stream[at : at + size] for at in range(0, len(stream), size)], limits=Limits(head=100))

    assert len(seen) == requests
