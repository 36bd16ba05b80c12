"""A server's answers, in order, and its end. Rules cited as RFC 9110 (semantics) and RFC 9112 (HTTP/1.1)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange, Limits, Server, answering

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
TEXT = ((b"Content-Type", b"text/plain"),)


async def hello(exchange: Exchange) -> Response:
    return Response(200, TEXT, b"hello")


async def echo(exchange: Exchange) -> Response:
    return Response(200, TEXT, exchange.target + b" " + await exchange.body(1 << 30))


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


# --- one request after another ---------------------------------------------------------------------------------------


def test_a_connection_is_kept_alive(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(hello) as (server, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(3):
                writer.write(GET)
                head = await reader.readuntil(b"\r\n\r\n")
                assert b"Connection" not in head
                assert b"\r\nDate: " in head
                assert await reader.readexactly(5) == b"hello"
            assert len(server.connections) == 1
            writer.close()

    run(main())


def test_answers_do_not_wait_for_acknowledgements(run: Any, serving: Any) -> None:
    async def main() -> int:
        async with serving(hello) as (server, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET)
            await reader.readuntil(b"hello")
            sock = next(iter(server.connections))._transport.get_extra_info("socket")
            option: int = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            writer.close()
            return option

    assert run(main())  # the loops set it


def test_pipelined_requests_are_answered_in_order(run: Any, serving: Any, ask: Any) -> None:
    async def handler(exchange: Exchange) -> Response:
        if exchange.target.endswith(b"0"):  # RFC 9112, 9.3.2: in the order of the requests, whoever is slow
            await asyncio.sleep(0.005)
        return Response(200, TEXT, exchange.target + await exchange.body(100))

    requests = [b"POST /%d HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (n, n % 7, b"x" * (n % 7)) for n in range(200)]

    async def main() -> bytes:
        async with serving(handler) as (_, port):
            answers: bytes = await ask(port, b"".join(requests))
            return answers

    answers = run(main())

    assert bodies(answers) == [b"/%d" % n + b"x" * (n % 7) for n in range(200)]


def test_ten_thousand_pipelined_requests_are_all_answered(run: Any, serving: Any, ask: Any) -> None:
    async def main() -> bytes:
        async with serving(hello) as (_, port):
            answers: bytes = await ask(port, b"GET / HTTP/1.1\r\n\r\n" * 10_000)
            return answers

    assert run(main()).count(b"hello") == 10_000


def test_a_request_that_comes_byte_by_byte(run: Any, serving: Any) -> None:
    request = b"POST /x?y=1 HTTP/1.1\r\nHost: a\r\nX-A: \r\nX-a: 2\r\nContent-Length: 3\r\n\r\nabc"
    seen: list[Exchange] = []

    async def handler(exchange: Exchange) -> Response:
        seen.append(exchange)
        return await echo(exchange)

    async def main() -> bytes:
        async with serving(handler) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for byte in request:
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
            writer.write_eof()
            answer = await reader.read()
            writer.close()
            return answer

    assert bodies(run(main())) == [b"/x?y=1 abc"]
    assert seen[0].headers == [(b"Host", b"a"), (b"X-A", b""), (b"X-a", b"2"), (b"Content-Length", b"3")]
    assert seen[0].lowered[b"x-a"] == b"2"
    assert seen[0].peer[0] == "127.0.0.1"


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handler", [hello, streamed(b"hel", b"lo", headers=((b"Content-Length", b"5"),))])
def test_head_is_answered_without_a_body(run: Any, serving: Any, ask: Any, handler: Any) -> None:
    async def main() -> bytes:
        async with serving(handler) as (_, port):
            answers: bytes = await ask(port, GET.replace(b"GET", b"HEAD") + GET)
            return answers

    head, get, body = run(main()).split(b"\r\n\r\n")

    # RFC 9110, 9.3.2: the fields that GET would have got
    assert b"Content-Length: 5" in head
    assert get.startswith(b"HTTP/1.1 200 OK")
    assert body == b"hello"


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(run: Any, serving: Any, ask: Any, status: int) -> None:
    async def handler(exchange: Exchange) -> Response:
        return Response(status, (), b"not sent")

    async def main() -> bytes:
        async with serving(handler) as (_, port):
            answers: bytes = await ask(port, GET)
            return answers

    answer = run(main())

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"Content-Length" not in answer  # RFC 9110, 8.6: never with 204
    assert answer.endswith(b"\r\n\r\n")


def test_a_streamed_answer_is_chunked(run: Any, serving: Any, ask: Any) -> None:
    async def main() -> bytes:
        async with serving(streamed(b"a", b"", b"b" * 16)) as (_, port):
            answers: bytes = await ask(port, GET)
            return answers

    head, _, body = run(main()).partition(b"\r\n\r\n")

    assert b"Transfer-Encoding: chunked" in head
    assert body == b"1\r\na\r\n10\r\n" + b"b" * 16 + b"\r\n0\r\n\r\n"


def test_http_1_0_gets_its_answer_until_the_connection_closes(run: Any, serving: Any, ask: Any) -> None:
    async def main() -> bytes:
        async with serving(streamed(b"ab", b"c")) as (_, port):
            answers: bytes = await ask(port, b"GET / HTTP/1.0\r\n\r\n", eof=False)
            return answers

    head, _, body = run(main()).partition(b"\r\n\r\n")

    assert b"Connection: close" in head
    assert b"Transfer-Encoding" not in head  # RFC 9112, 6.1: not to an HTTP/1.0 client
    assert body == b"abc"


def test_http_1_0_is_kept_alive_where_it_asks_for_it(run: Any, serving: Any, ask: Any) -> None:
    async def main() -> bytes:
        async with serving(hello) as (_, port):
            kept = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            answers: bytes = await ask(port, kept + b"GET / HTTP/1.0\r\n\r\n", eof=False)
            return answers

    answers = run(main())

    assert answers.count(b"Connection: keep-alive") == 1
    assert answers.count(b"Connection: close") == 1
    assert bodies(answers) == [b"hello", b"hello"]


def test_nothing_is_answered_after_connection_close(run: Any, serving: Any, ask: Any) -> None:
    async def main() -> bytes:
        async with serving(hello) as (_, port):
            answers: bytes = await ask(port, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n" + GET, eof=False)
            return answers

    assert bodies(run(main())) == [b"hello"]


def test_an_answer_that_breaks_its_promise_ends_the_connection(run: Any, serving: Any, ask: Any) -> None:
    async def main() -> bytes:
        async with serving(streamed(b"abc", headers=((b"Content-Length", b"5"),))) as (_, port):
            with pytest.raises(ConnectionResetError):
                await ask(port, GET + GET)
        return b""

    run(main())


@pytest.mark.parametrize("value", [b"a\r\nX-Injected: b", b"a\n", b"\r"])
def test_a_header_cannot_smuggle_another(run: Any, serving: Any, ask: Any, value: bytes) -> None:
    async def handler(exchange: Exchange) -> Response:
        return Response(200, ((b"X-A", value),), b"")

    async def main() -> bytes:
        async with serving(handler) as (_, port):
            answers: bytes = await ask(port, GET)
            return answers

    assert run(main(), errors=1).startswith(b"HTTP/1.1 500 ")


def test_a_handler_that_raises_answers_500_and_is_logged(run: Any, serving: Any, ask: Any) -> None:
    async def handler(exchange: Exchange) -> Response:
        raise LookupError("of the handler")

    async def main() -> bytes:
        async with serving(handler) as (_, port):
            answers: bytes = await ask(port, GET + GET)
            return answers

    assert run(main(), errors=2).count(b"HTTP/1.1 500 ") == 2


def test_a_handler_that_raises_in_the_middle_of_its_answer_breaks_it_off(run: Any, serving: Any, ask: Any) -> None:
    async def handler(exchange: Exchange) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"some"
            raise LookupError("of the handler")

        return Response(200, (), body())

    async def main() -> None:
        async with serving(handler) as (_, port):
            with pytest.raises(ConnectionResetError):
                await ask(port, GET)

    run(main(), errors=1)


# --- the end ---------------------------------------------------------------------------------------------------------


def test_close_lets_what_is_under_way_end_and_nothing_else(run: Any) -> None:
    async def main() -> None:
        arrived, answer = asyncio.Event(), asyncio.Event()

        async def handler(exchange: Exchange) -> Response:
            arrived.set()
            await answer.wait()
            return Response(200, TEXT, b"hello")

        server = Server(answering(handler, asyncio.get_running_loop()))
        port = await server.listen()
        idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        busy, busy_writer = await asyncio.open_connection("127.0.0.1", port)
        busy_writer.write(GET)
        await arrived.wait()

        closing = asyncio.create_task(server.close(grace=10))

        assert await idle.read() == b""
        with pytest.raises(OSError, match=r"."):
            await asyncio.open_connection("127.0.0.1", port)
        answer.set()
        assert b"Connection: close" in await busy.read()
        await closing
        assert not server.connections
        for writer in (idle_writer, busy_writer):
            writer.close()

    run(main())


def test_close_ends_what_takes_too_long(run: Any) -> None:
    async def main() -> None:
        arrived = asyncio.Event()
        gone: list[bool] = []

        async def handler(exchange: Exchange) -> Response:
            exchange.on_gone = lambda: gone.append(True)
            arrived.set()
            await asyncio.Event().wait()
            return Response(200)

        server = Server(answering(handler, asyncio.get_running_loop()))
        port = await server.listen()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await arrived.wait()

        await server.close(grace=0.02)

        assert not server.connections
        assert gone == [True]
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

    run(main())


def test_limits_are_the_servers_own(run: Any, serving: Any, ask: Any) -> None:
    async def main() -> bytes:
        async with serving(hello, limits=Limits(head=100)) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(20):
                writer.write(b"A" * 10)
                await asyncio.sleep(0.001)
            answer = await reader.read()
            writer.close()
            return answer

    assert run(main()).startswith(b"HTTP/1.1 4")
