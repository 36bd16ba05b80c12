"""What clients do, on real sockets. Rules cited as RFC 9110 (semantics) and RFC 9112 (HTTP/1.1)."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from windtunnel.http.messages import Response
from windtunnel.http.server import BodyTooLarge, ClientGone, Exchange, Limits, Server, answering

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


# --- one request after another --------------------------------------------------------------------------------------


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


# --- answers ------------------------------------------------------------------------------------------------------


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


# --- bodies -------------------------------------------------------------------------------------------------------


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


# --- clients that go ------------------------------------------------------------------------------------------------


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


# --- what is not HTTP -----------------------------------------------------------------------------------------------


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


# --- upgrades ---------------------------------------------------------------------------------------------------------


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


# --- patience -----------------------------------------------------------------------------------------------------


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

        async def handler(exchange: Exchange) -> Response:
            await answer.wait()
            return Response(200, TEXT, b"hello")

        async with serving(handler) as (server, port):
            idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
            stuck, stuck_writer = await asyncio.open_connection("127.0.0.1", port)
            stuck_writer.write(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
            waiting, waiting_writer = await asyncio.open_connection("127.0.0.1", port)
            waiting_writer.write(GET)
            await asyncio.sleep(0.02)

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


# --- the end ------------------------------------------------------------------------------------------------------


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
