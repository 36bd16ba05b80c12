"""HTTP/1.1 as windtunnel's DynamoDB port takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from windtunnel.plugin.dynamodb_http import (
    MAX_HEAD,
    Answer,
    Connection,
    MalformedRequest,
    Received,
    parse_head,
    render,
    take_chunks,
)

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"


class Wire(asyncio.Transport):
    """What a connection writes to; nothing goes anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


def connection(application: Callable[[Received], Answer]) -> tuple[Connection, Wire]:
    wire = Wire()
    made = Connection(application, set())
    made.connection_made(wire)
    return made, wire


def echo(received: Received) -> bytes:
    return b"<%b>" % received.body


def test_a_head_is_read_as_it_was_sent() -> None:
    head = parse_head(b"POST /a?b=1 HTTP/1.1\r\nHost: here\r\nX-Amz-Target:  T.Op \r\ncontent-length: 3")

    assert (head.method, head.target, head.length, head.keep_alive) == (b"POST", b"/a?b=1", 3, True)
    assert head.headers[1] == (b"X-Amz-Target", b"T.Op")
    assert head.lowered[b"x-amz-target"] == b"T.Op"


@pytest.mark.parametrize(
    ("line", "header", "keep_alive"),
    [
        (b"HTTP/1.1", b"", True),
        (b"HTTP/1.1", b"\r\nConnection: Close", False),
        (b"HTTP/1.0", b"", False),
        (b"HTTP/1.0", b"\r\nConnection: keep-alive", True),
    ],
)
def test_a_connection_is_kept_as_http_says(line: bytes, header: bytes, keep_alive: bool) -> None:
    assert parse_head(b"GET / " + line + header).keep_alive is keep_alive


@pytest.mark.parametrize(
    "head",
    [
        b"POST /",
        b"POST / HTTP/2",
        b"POST / HTTP/1.1\r\nno colon",
        b"POST / HTTP/1.1\r\nName : value",
        b"POST / HTTP/1.1\r\nA: b\r\n folded: c",
        b"POST / HTTP/1.1\r\nContent-Length: -1",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip",
    ],
)
def test_what_is_no_head_is_said(head: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse_head(head)


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_chunked_body_comes_in_any_pieces(cut: int) -> None:
    whole = b"4;x=y\r\nwind\r\n6\r\ntunnel\r\n0\r\nTrailer: z\r\n\r\nNEXT"
    buffer = bytearray(whole[:cut])

    early = take_chunks(buffer)
    if early is None:
        buffer += whole[cut:]

    assert (early or take_chunks(buffer)) == b"windtunnel"
    assert bytes(buffer) in (b"NEXT", whole[40:cut])


def test_chunks_without_a_size_are_refused() -> None:
    with pytest.raises(MalformedRequest):
        take_chunks(bytearray(b"zz\r\n"))


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_requests_are_answered_in_order_however_they_arrive(size: int) -> None:
    made, wire = connection(echo)
    stream = b"".join(POST % (len(body), body) for body in (b"one", b"", b"three"))

    for at in range(0, len(stream), size):
        made.data_received(stream[at : at + size])

    assert wire.written == b"<one><><three>"
    assert not wire.closed


def test_a_request_waits_for_the_answer_before_it() -> None:
    async def check() -> None:
        promise = asyncio.get_running_loop().create_future()
        answers: list[Answer] = [promise, b"second"]
        made, wire = connection(lambda _received: answers.pop(0))

        made.data_received(POST % (0, b"") * 2)
        before = wire.written
        promise.set_result(b"first ")
        await asyncio.sleep(0)

        assert (before, wire.written) == (b"", b"first second")

    asyncio.run(check())


def test_an_answer_that_fails_ends_its_connection() -> None:
    async def check() -> None:
        promise: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        made, wire = connection(lambda _received: promise)

        made.data_received(POST % (0, b""))
        promise.set_exception(RuntimeError("no"))
        await asyncio.sleep(0)

        assert wire.closed

    asyncio.run(check())


def test_a_client_that_waits_for_it_is_told_to_go_on_once() -> None:
    made, wire = connection(echo)

    made.data_received(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    made.data_received(b"o")
    made.data_received(b"k")

    assert wire.written == b"HTTP/1.1 100 Continue\r\n\r\n<ok>"


def test_a_connection_ends_after_the_answer_where_the_client_asks_for_that() -> None:
    made, wire = connection(echo)

    made.data_received(b"POST / HTTP/1.1\r\nConnection: close\r\n\r\n" + POST % (0, b""))

    assert (wire.written, wire.closed) == (b"<>", True)


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"x" * (MAX_HEAD + 1)])
def test_what_is_no_request_is_refused(sent: bytes) -> None:
    made, wire = connection(echo)

    made.data_received(sent)

    assert wire.written.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert wire.closed


def test_an_answer_has_its_length() -> None:
    answer = render(404, [(b"A", b"b")], b"gone")

    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\nDate: ")
    assert answer.endswith(b"\r\nA: b\r\nContent-Length: 4\r\n\r\ngone")
