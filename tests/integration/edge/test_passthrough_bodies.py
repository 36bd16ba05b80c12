"""Large bodies pass as they come, and those that are asked for are asked for. RFC 9110 is HTTP's semantics."""

from __future__ import annotations

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from windtunnel.edge import passthrough
from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MB = 1_000_000


# --- large bodies ----------------------------------------------------------------------------------------------------


def upload(port: int, head: bytes, chunked: bool) -> bytes:
    """Sends 50 MB, as fast as they are taken."""
    part = b"x" * MB
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(head)
        for _ in range(50):
            sock.sendall(b"%x\r\n%b\r\n" % (MB, part) if chunked else part)
        if chunked:
            sock.sendall(b"0\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def download(port: int, request: bytes) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(request)
        return sum(len(data) for data in iter(lambda: sock.recv(65536), b""))


@pytest.fixture
def bounded() -> Iterator[None]:
    """What runs meanwhile has no more than 12 MB at any time."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    yield
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 12 * MB, peak


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("framing", [b"Content-Length: 50000000", b"Transfer-Encoding: chunked"])
def test_fifty_megabytes_up(run: Any, edge: Any, upstream: Any, framing: bytes) -> None:
    async def handler(exchange: Exchange) -> Response:
        size = 0
        while data := await exchange.chunk():
            size += len(data)
        return Response(200, (), b"%d" % size)

    async def main() -> bytes:
        async with upstream(handler) as port, edge(port) as front:
            head = b"PUT / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n"
            return await asyncio.to_thread(upload, front, head, b"chunked" in framing)

    assert run(main()).endswith(b"\r\n\r\n50000000")


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("headers", [((b"Content-Length", b"50000000"),), ()])
def test_fifty_megabytes_down(run: Any, edge: Any, upstream: Any, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    async def handler(exchange: Exchange) -> Response:
        async def body() -> AsyncIterator[bytes]:
            for _ in range(500):
                yield b"x" * 100_000

        return Response(200, headers, body())

    async def main() -> int:
        async with upstream(handler) as port, edge(port) as front:
            return await asyncio.to_thread(download, front, GET.replace(b"Host: a", b"Host: a\r\nConnection: close"))

    assert run(main()) >= 50_000_000


@pytest.mark.usefixtures("bounded")
def test_a_server_that_does_not_read_makes_the_client_wait(run: Any, edge: Any, upstream: Any) -> None:
    async def main() -> None:
        read = asyncio.Event()

        async def handler(exchange: Exchange) -> Response:
            await read.wait()
            size = 0
            while data := await exchange.chunk():
                size += len(data)
            return Response(200, (), b"%d" % size)

        async with upstream(handler) as port, edge(port) as front:
            head = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n"
            sending = asyncio.create_task(asyncio.to_thread(upload, front, head, False))
            await asyncio.sleep(0.3)
            assert not sending.done()
            read.set()
            assert (await sending).endswith(b"50000000")

    run(main())


def test_an_answer_before_the_end_of_a_large_upload_reaches_the_client(run: Any, edge: Any, upstream: Any) -> None:
    async def handler(exchange: Exchange) -> Response:
        await exchange.chunk()
        return Response(413, (), b"too large")

    async def main() -> bytes:
        async with upstream(handler) as port, edge(port) as front:
            head = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n"
            return await asyncio.to_thread(upload, front, head, False)

    answer = run(main())

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"too large")


# --- 100 Continue ----------------------------------------------------------------------------------------------------


EXPECTING = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"


def test_a_body_is_asked_for_when_the_backplane_asks(run: Any, edge: Any, scripted: Any, message: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await message(reader, writer) == EXPECTING + b"abc"
        writer.write(OK)
        await reader.read()

    async def main() -> bytes:
        async with scripted(script) as port, edge(port) as front:
            reader, writer = await asyncio.open_connection("127.0.0.1", front)
            writer.write(EXPECTING)
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"abc")
            writer.write_eof()
            answer = await reader.read()
            writer.close()
            return answer

    assert run(main()).endswith(b"\r\n\r\nok")


def test_a_body_that_the_backplane_does_not_want_is_not_sent(run: Any, edge: Any, scripted: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK.replace(b"200 OK", b"403 Forbidden"))
        assert await reader.read() == b""

    async def main() -> bytes:
        async with scripted(script) as port, edge(port) as front:
            reader, writer = await asyncio.open_connection("127.0.0.1", front)
            writer.write(EXPECTING)
            answer = await reader.read()
            writer.close()
            return answer

    answer = run(main())

    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"Connection: close\r\n" in answer


def test_a_backplane_that_knows_nothing_of_expect_gets_the_body_all_the_same(
    run: Any, edge: Any, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passthrough, "CONTINUE_WAIT", 0.01)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\nabc")
        writer.write(OK)
        await reader.read()

    async def main() -> bytes:
        async with scripted(script) as port, edge(port) as front:
            reader, writer = await asyncio.open_connection("127.0.0.1", front)
            writer.write(EXPECTING)
            await reader.readuntil(b"HTTP/1.1 100 Continue\r\n\r\n")
            writer.write(b"abc")
            answer = await reader.readuntil(b"ok")
            writer.close()
            return answer

    assert run(main()).startswith(b"HTTP/1.1 200 OK\r\n")
