"""Bodies of requests and answers, on real sockets. Rules cited as RFC 9110 and RFC 9112."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from windtunnel.http.messages import Response
from windtunnel.http.server import BodyTooLarge, Exchange

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
TEXT = ((b"Content-Type", b"text/plain"),)


async def hello(exchange: Exchange) -> Response:
    return Response(200, TEXT, b"hello")


async def echo(exchange: Exchange) -> Response:
    return Response(200, TEXT, exchange.target + b" " + await exchange.body(1 << 30))


async def limited(exchange: Exchange) -> Response:
    try:
        return Response(200, TEXT, b"%d" % len(await exchange.body(10_000_000)))
    except BodyTooLarge:
        return Response(413, TEXT, b"too large")


def bodies(answers: bytes) -> list[bytes]:
    """The bodies of answers with a Content-Length."""
    found = []
    while answers:
        head, _, rest = answers.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        found.append(rest[:length])
        answers = rest[length:]
    return found


def test_a_chunked_body_without_its_trailers(run: Any, serving: Any, ask: Any) -> None:
    request = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nHost: evil\r\n\r\n"

    async def main() -> bytes:
        async with serving(echo) as (_, port):
            answers: bytes = await ask(port, request + GET)
            return answers

    assert bodies(run(main())) == [b"/ abcd", b"/ "]


def test_a_body_is_asked_for_when_it_is_read(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(echo) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"PUT / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"abc" + GET)
            writer.write_eof()
            answers = await reader.read()
            assert bodies(answers) == [b"/ abc", b"/ "]
            writer.close()

    run(main())


def test_a_body_that_is_not_asked_for_is_not_waited_for(run: Any, serving: Any, ask: Any) -> None:
    async def main() -> bytes:
        async with serving(limited) as (_, port):
            request = b"PUT / HTTP/1.1\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
            answers: bytes = await ask(port, request, eof=False)
            return answers

    answer = run(main())

    # RFC 9110, 10.1.1: a final status, and the connection is closed or the body read
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in answer


@pytest.mark.parametrize("connection", [b"", b"Connection: close\r\n"])
@pytest.mark.parametrize("framing", [b"Content-Length: 11000000\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_the_answer_to_a_body_too_large_reaches_a_client_that_sends_it_all(
    run: Any, serving: Any, connection: bytes, framing: bytes
) -> None:
    body = b"x" * 11_000_000 if b"Length" in framing else b"a7d8c0\r\n" + b"x" * 11_000_000 + b"\r\n0\r\n\r\n"

    def client(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
            sock.sendall(b"POST / HTTP/1.1\r\n" + connection + framing + b"\r\n")
            sock.sendall(body)  # before anything is read: as http.client and botocore do
            if not connection:
                sock.sendall(GET)
            sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b""))

    async def main() -> bytes:
        async with serving(limited) as (_, port):
            return await asyncio.to_thread(client, port)

    assert bodies(run(main())) == ([b"too large"] if connection else [b"too large", b"0"])


def test_http_client_goes_on_after_a_body_too_large(run: Any, serving: Any) -> None:
    def client(port: int) -> list[int]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        statuses = []
        for size in (11_000_000, 10, 12_000_000, 20):
            connection.request("POST", "/", b"x" * size)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        return statuses

    async def main() -> list[int]:
        async with serving(limited) as (_, port):
            return await asyncio.to_thread(client, port)

    assert run(main()) == [413, 200, 413, 200]


def test_a_client_waits_while_its_body_is_not_read(run: Any, serving: Any) -> None:
    async def main() -> None:
        read = asyncio.Event()
        held = []

        async def handler(exchange: Exchange) -> Response:
            await read.wait()
            held.append(len(exchange.buffered()))
            return Response(200, TEXT, b"%d" % (held[0] + len(await exchange.body(1 << 30))))

        async with serving(handler) as (server, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nContent-Length: 50000000\r\nConnection: close\r\n\r\n")
            writer.write(b"x" * 50_000_000)
            while not server.connections or next(iter(server.connections))._transport.is_reading():
                await asyncio.sleep(0.001)
            read.set()
            assert bodies(await reader.read()) == [b"50000000"]
            assert held[0] < 1_000_000
            writer.close()

    run(main())


def test_an_answer_waits_while_its_client_does_not_read(run: Any, serving: Any) -> None:
    async def main() -> None:
        sent = 0

        async def handler(exchange: Exchange) -> Response:
            async def body() -> AsyncIterator[bytes]:
                nonlocal sent
                for _ in range(1000):
                    sent += 1
                    yield b"x" * 50_000

            return Response(200, ((b"Content-Length", b"50000000"),), body())

        async with serving(handler) as (server, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
            writer.write(GET.replace(b"Host: a", b"Connection: close"))
            while not server.connections or next(iter(server.connections))._writable is None:
                await asyncio.sleep(0.001)
            assert sent < 500  # the rest is in the kernel's buffers
            size = 0
            while data := await reader.read(1 << 20):
                size += len(data)
            assert size > 50_000_000
            writer.close()

    run(main())
