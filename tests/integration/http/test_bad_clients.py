"""Clients that go, that speak something else, or that take their time: they harm themselves at most."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from windtunnel.http.messages import Response
from windtunnel.http.server import BodyTooLarge, ClientGone, Exchange

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


def streamed(*parts: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Any:
    async def handler(exchange: Exchange) -> Response:
        async def body() -> AsyncIterator[bytes]:
            for part in parts:
                await asyncio.sleep(0)
                yield part

        return Response(200, headers, body())

    return handler


def bodies(answers: bytes) -> list[bytes]:
    """The bodies of answers with a Content-Length."""
    found = []
    while answers:
        head, _, rest = answers.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        found.append(rest[:length])
        answers = rest[length:]
    return found


# --- clients that go -------------------------------------------------------------------------------------------------


def test_a_client_that_sends_no_more_still_gets_its_answers(run: Any, serving: Any, ask: Any) -> None:
    async def handler(exchange: Exchange) -> Response:
        await asyncio.sleep(0.01)
        return Response(200, TEXT, b"late")

    async def main() -> bytes:
        async with serving(handler) as (_, port):
            answers: bytes = await ask(port, GET * 3 + b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na")
            return answers

    assert bodies(run(main())) == [b"late"] * 3


@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_client_that_breaks_off_in_its_body(run: Any, serving: Any, how: str) -> None:
    async def main() -> None:
        gone: asyncio.Future[type[Exception]] = asyncio.get_running_loop().create_future()
        reading = asyncio.Event()

        async def handler(exchange: Exchange) -> Response:
            exchange.on_gone = reading.clear
            assert await exchange.chunk() == b"ab"
            reading.set()
            try:
                await exchange.chunk()
            except ClientGone as error:
                gone.set_result(type(error))
                raise
            return Response(200)

        async with serving(handler) as (_, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab")
            await reading.wait()
            writer.close() if how == "end" else writer.transport.abort()
            assert await gone is ClientGone
            assert not reading.is_set()

    run(main())


def test_a_client_that_goes_while_it_is_answered(run: Any, serving: Any) -> None:
    async def main() -> None:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def handler(exchange: Exchange) -> Response:
            async def body() -> AsyncIterator[bytes]:
                try:
                    while True:
                        yield b"x" * 10_000
                finally:
                    ended.set_result(None)

            return Response(200, (), body())

        async with serving(handler) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET)
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.abort()
            await ended

    run(main())


# --- what is not HTTP ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",  # RFC 9112, 6.1
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nab",  # RFC 9112, 6.3
        b"GET / HTTP/1.1\r\nA : b\r\n\r\n",  # RFC 9112, 5.1
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_garbage_is_answered_400_after_what_was_asked_before(run: Any, serving: Any, ask: Any, garbage: bytes) -> None:
    async def handler(exchange: Exchange) -> Response:
        await asyncio.sleep(0.005)
        return await echo(exchange)

    async def main() -> bytes:
        async with serving(handler) as (_, port):
            answers: bytes = await ask(port, GET * 2 + garbage + b"x" * 1_000_000)
            return answers

    *answers, last, empty = run(main()).split(b"\r\n\r\n")

    assert len(answers) == 2
    assert last.startswith(b"/ HTTP/1.1 400 Bad Request\r\n")
    assert b"Connection: close" in last
    assert empty == b""


def test_a_body_that_turns_out_to_be_garbage_while_it_is_read(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(echo) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
            await asyncio.sleep(0.01)
            writer.write(b"garbage")
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert b"Connection: close" in answer
            writer.close()

    run(main())


@pytest.mark.parametrize("head", [b"GET /" + b"x" * 200_000, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 40_000])
@pytest.mark.parametrize("complete", [b"", b" HTTP/1.1\r\n\r\n"])
def test_a_head_too_large_is_refused(run: Any, serving: Any, ask: Any, head: bytes, complete: bytes) -> None:
    async def main() -> bytes:
        async with serving(hello) as (_, port):
            answers: bytes = await ask(port, GET + head + complete, eof=False)
            return answers

    _, answer = run(main()).split(b"hello")

    assert answer.startswith(b"HTTP/1.1 431 ")  # RFC 6585, 5


def test_a_large_head_is_taken(run: Any, serving: Any, ask: Any) -> None:
    async def main() -> bytes:
        async with serving(hello) as (_, port):
            answers: bytes = await ask(port, b"GET /%b HTTP/1.1\r\n\r\n" % (b"x" * 60_000) * 5)
            return answers

    assert bodies(run(main())) == [b"hello"] * 5


def test_heads_after_large_bodies_are_not_taken_for_large(run: Any, serving: Any, ask: Any) -> None:
    request = b"POST / HTTP/1.1\r\nX-A: %b\r\nContent-Length: 200000\r\n\r\n" % (b"a" * 3000) + b"x" * 200_000

    async def main() -> bytes:
        async with serving(limited) as (_, port):
            answers: bytes = await ask(port, request * 30)
            return answers

    assert bodies(run(main())) == [b"200000"] * 30


# --- upgrades --------------------------------------------------------------------------------------------------------


def test_an_upgrade_that_nobody_takes_is_ignored_and_its_body_read(run: Any, serving: Any, ask: Any) -> None:
    # as Java's HttpClient does with its first request; RFC 9110, 7.8: a server may ignore it
    h2c = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
    request = b"POST /a HTTP/1.1\r\n" + h2c + b"Content-Length: 5\r\n\r\nhello"

    async def main() -> bytes:
        async with serving(echo) as (_, port):
            answers: bytes = await ask(port, request * 20 + GET)
            return answers

    assert bodies(run(main())) == [b"/a hello"] * 20 + [b"/ "]


def test_thousands_of_upgrades_at_once_are_refused(run: Any, serving: Any, ask: Any) -> None:
    async def main() -> bytes:
        async with serving(hello) as (_, port):
            answers: bytes = await ask(port, b"GET / HTTP/1.1\r\nUpgrade:a\r\nConnection:upgrade\r\n\r\n" * 5000)
            return answers

    assert run(main()).count(b"HTTP/1.1 400 ") == 1


def test_a_proxy_is_what_this_is_not(run: Any, serving: Any, ask: Any) -> None:
    async def main() -> bytes:
        async with serving(hello) as (_, port):
            answers: bytes = await ask(port, GET + b"CONNECT a:443 HTTP/1.1\r\n\r\nxyz" + GET)
            return answers

    assert run(main()).count(b"HTTP/1.1 405 ") == 1


# --- patience --------------------------------------------------------------------------------------------------------


def test_a_head_that_does_not_come_is_answered_408(run: Any, serving: Any) -> None:
    async def main() -> bytes:
        async with serving(hello) as (server, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET + b"GET /")
            await reader.readuntil(b"hello")
            (connection,) = server.connections
            connection.check(server.loop.time() + 29)
            assert len(server.connections) == 1
            connection.check(server.loop.time() + 31)
            answer = await reader.read()
            writer.close()
            return answer

    assert run(main()).startswith(b"HTTP/1.1 408 ")


def test_an_idle_connection_is_closed_and_one_that_waits_for_its_answer_is_not(run: Any, serving: Any) -> None:
    async def main() -> None:
        answer = asyncio.Event()
        asked: list[Exchange] = []

        async def handler(exchange: Exchange) -> Response:
            asked.append(exchange)
            await answer.wait()
            return Response(200, TEXT, b"hello")

        async with serving(handler) as (server, port):
            idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
            stuck, stuck_writer = await asyncio.open_connection("127.0.0.1", port)
            stuck_writer.write(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
            waiting, waiting_writer = await asyncio.open_connection("127.0.0.1", port)
            waiting_writer.write(GET)
            while len(server.connections) < 3 or len(asked) < 2:
                await asyncio.sleep(0.001)

            for connection in list(server.connections):
                connection.check(server.loop.time() + 76)

            assert await idle.read() == b""
            with pytest.raises(ConnectionResetError):
                await stuck.read()
            answer.set()
            await waiting.readuntil(b"hello")
            for writer in (idle_writer, stuck_writer, waiting_writer):
                writer.close()

    run(main())


def test_a_client_that_does_not_read_is_given_up_on(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(streamed(*[b"x" * 1_000_000] * 50)) as (server, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
            writer.write(GET)
            while not server.connections or next(iter(server.connections))._writable is None:
                await asyncio.sleep(0.001)
            (connection,) = server.connections
            connection.check(server.loop.time() + 76)
            connection.check(server.loop.time() + 200)
            while server.connections:
                await asyncio.sleep(0.001)
            writer.close()

    run(main())


def test_a_client_that_lingers_is_given_up_on(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(limited) as (server, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 99999999\r\n\r\nabc")
            assert bodies(await reader.read()) == [b"too large"]
            (connection,) = server.connections
            connection.check(server.loop.time() + 6)
            while server.connections:
                await asyncio.sleep(0.001)
            writer.close()

    run(main())


def test_a_client_that_sends_a_byte_at_a_time_slows_nobody(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(hello) as (_, port):
            dripped = asyncio.Event()

            async def drip() -> None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                for byte in GET:
                    writer.write(bytes([byte]))
                    dripped.set()
                    await asyncio.sleep(0.02)
                await reader.readuntil(b"hello")
                writer.close()

            async def quick() -> None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                for _ in range(100):
                    writer.write(GET)
                    await reader.readuntil(b"hello")
                writer.close()

            drips = [asyncio.create_task(drip()) for _ in range(20)]
            await dripped.wait()
            await asyncio.gather(*[quick() for _ in range(5)])
            assert not any(task.done() for task in drips)
            await asyncio.gather(*drips)

    run(main())
