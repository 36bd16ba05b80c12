"""The pass-through when the backplane, or the client, is not there or breaks off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from windtunnel.engines.ports import free_port
from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MB = 1_000_000


@pytest.mark.parametrize("size", [0, 10, 5 * MB])
def test_a_backplane_that_is_not_there(run: Any, edge: Any, ask: Any, nobody: int, size: int) -> None:
    async def main() -> Any:
        async with edge(nobody) as front:
            return await ask(front, b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size + GET)

    first, second = run(main()).split(b"HTTP/1.1 503 Service Unavailable\r\n")[1:]

    assert b"Retry-After: 1\r\n" in first
    assert b"Content-Type: application/json\r\n" in first
    assert json.loads(first.partition(b"\r\n\r\n")[2]) == {
        "message": "the backplane (LocalStack) is not there; it is being restarted"
    }
    assert second.partition(b"\r\n\r\n")[2] == first.partition(b"\r\n\r\n")[2]


def test_a_backplane_that_breaks_off_before_it_answers(run: Any, edge: Any, scripted: Any, ask: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async def main() -> Any:
        async with scripted(script) as port, edge(port) as front:
            return await ask(front, GET)

    assert run(main()).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")


@pytest.mark.parametrize("framing", [b"Content-Length: 9\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n1\r\n"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_backplane_that_breaks_off_in_its_answer(
    run: Any, edge: Any, scripted: Any, ask: Any, framing: bytes, version: bytes
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing + b"x")

    async def main() -> None:
        async with scripted(script) as port, edge(port) as front:
            with pytest.raises(ConnectionResetError):
                await ask(front, GET.replace(b"1.1", version))

    run(main())


def test_a_backplane_that_was_restarted_meanwhile(run: Any, edge: Any, scripted: Any, ask: Any, message: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await message(reader, writer):
            writer.write(OK)

    async def main() -> None:
        port = free_port()
        async with edge(port) as front:
            for _ in range(3):
                async with scripted(script, port):
                    answers = await asyncio.gather(*[ask(front, GET) for _ in range(5)])
                    assert all(answer.endswith(b"ok") for answer in answers)
                assert (await ask(front, GET)).startswith((b"HTTP/1.1 503 ", b"HTTP/1.1 502 "))

    run(main())


@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_client_that_breaks_off_its_upload_is_broken_off_at_the_backplane(
    run: Any, edge: Any, scripted: Any, how: str
) -> None:
    async def main() -> None:
        gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        there = asyncio.Event()

        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(100_000)
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            there.set()
            try:
                gone.set_result(len(await reader.read()))
            except ConnectionError:
                gone.set_result(0)

        async with scripted(script) as port, edge(port) as front:
            _, writer = await asyncio.open_connection("127.0.0.1", front)
            writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000)
            await there.wait()
            writer.close() if how == "end" else writer.transport.abort()
            assert await gone == 0

    run(main())


def test_a_client_that_breaks_off_its_download_is_broken_off_at_the_backplane(
    run: Any, edge: Any, upstream: Any
) -> None:
    async def main() -> None:
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def handler(exchange: Exchange) -> Response:
            async def body() -> AsyncIterator[bytes]:
                try:
                    while True:
                        yield b"x" * 50_000
                finally:
                    gone.set_result(None)

            return Response(200, (), body())

        async with upstream(handler) as port, edge(port) as front:
            reader, writer = await asyncio.open_connection("127.0.0.1", front)
            writer.write(GET)
            await reader.readexactly(100_000)
            writer.transport.abort()
            await gone

    run(main())


def test_a_body_that_is_not_http_is_answered_400(run: Any, edge: Any, scripted: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main() -> bytes:
        async with scripted(script) as port, edge(port) as front:
            reader, writer = await asyncio.open_connection("127.0.0.1", front)
            writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
            await asyncio.sleep(0.02)
            writer.write(b"zz")
            answer = await reader.read()
            writer.close()
            return answer

    assert run(main()).startswith(b"HTTP/1.1 400 ")
