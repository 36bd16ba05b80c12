"""The client against a server that says exactly what the test has it say. Rules cited as RFC 9110 and RFC 9112."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from windtunnel.http.client import Client, Reply, UpstreamBroken, UpstreamUnreachable
from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[Client]:
    """A client of a server that runs `script` for each connection, numbered from 0; nothing is left at the end."""
    tasks: set[asyncio.Task[Any]] = set()
    count = 0

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        number, count = count, count + 1
        try:
            await script(reader, writer, number)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    client = Client("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield client
    finally:
        await client.close()
        assert client.connections == 0
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)


def saying(*answers: bytes, then: bytes = b"", close: bool = False) -> Script:
    """Reads a request's head and says an answer, for each answer."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        if close:
            return
        await reader.read()

    return script


def test_a_request_arrives_as_it_was_made_and_its_answer_as_it_was_given(run: Any) -> None:
    seen = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        seen.append(await reader.readuntil(b"body"))
        writer.write(b"HTTP/1.1 201 Created\r\nX-B: 1\r\nx-a: \r\nX-B: 2\r\nContent-Length: 2\r\n\r\nok")
        await reader.read()

    async def main() -> Reply:
        async with scripted(script) as client:
            headers = [(b"Host", b"a.b"), (b"X-Two", b"2"), (b"x-one", b""), (b"Content-Length", b"4")]
            return await client.request("POST", b"/a%2Fb?c=%20", headers, b"body")

    reply = run(main())

    assert seen == [b"POST /a%2Fb?c=%20 HTTP/1.1\r\nHost: a.b\r\nX-Two: 2\r\nx-one: \r\nContent-Length: 4\r\n\r\nbody"]
    assert (reply.status, reply.body) == (201, b"ok")
    assert reply.headers == [(b"X-B", b"1"), (b"x-a", b""), (b"X-B", b"2"), (b"Content-Length", b"2")]


def test_host_and_length_are_added(run: Any) -> None:
    seen = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        for _ in range(2):
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK)
        await reader.read()

    async def main() -> int:
        async with scripted(script) as client:
            await client.request("GET", b"/")
            await client.request("POST", b"/")
            return client.port

    port = run(main())

    assert seen[0] == b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port
    assert b"Content-Length: 0\r\n" in seen[1]


@pytest.mark.parametrize(
    ("answer", "method", "body", "kept"),
    [
        (OK, "GET", b"ok", True),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\nX: y\r\n\r\n",
            "GET",
            b"abc",
            True,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "HEAD", b"", True),  # RFC 9112, 6.3, rule 1
        (b"HTTP/1.1 204 No Content\r\n\r\n", "GET", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "GET", b"", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + OK, "GET", b"ok", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", False),
        (OK + b"HTTP/1.1 200 OK\r\n", "GET", b"ok", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HEAD", b"", False),
    ],
)
def test_where_an_answer_ends(run: Any, answer: bytes, method: str, body: bytes, kept: bool) -> None:
    async def main() -> None:
        async with scripted(saying(answer, answer)) as client:
            for _ in range(2):
                reply = await client.request(method, b"/")
                await asyncio.sleep(0.005)  # what was said beyond the answer is here
                assert reply.body == body
                assert client.connections == kept

    run(main())


def test_an_answer_that_ends_with_the_connection(run: Any) -> None:
    async def main() -> bytes:
        async with scripted(saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000, close=True)) as client:
            return (await client.request("GET", b"/")).body

    assert len(run(main())) == 1_000_000


def test_the_head_of_an_answer_byte_by_byte(run: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in b"HTTP/1.1 100 Continue\r\n\r\n" + OK:
            writer.write(bytes([byte]))
            await asyncio.sleep(0)

    async def main() -> Reply:
        async with scripted(script) as client:
            return await client.request("GET", b"/")

    assert run(main()).body == b"ok"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"GARBAGE\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_an_answer_that_is_none(run: Any, answer: bytes) -> None:
    async def main() -> None:
        async with scripted(saying(answer, close=True)) as client:
            with pytest.raises(UpstreamBroken):
                await client.request("GET", b"/")
            assert client.connections == 0

    run(main())


def test_nobody_is_there(run: Any) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]

    async def main() -> None:
        with pytest.raises(UpstreamUnreachable, match=f"127.0.0.1:{port}"):
            await Client("127.0.0.1", port).request("GET", b"/")

    run(main())


def test_an_answer_that_does_not_come_in_time(run: Any) -> None:
    async def main() -> None:
        async with scripted(saying(b"")) as client:
            with pytest.raises(TimeoutError):
                await client.request("GET", b"/", timeout=0.01)

    run(main())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_kept_connection_that_turns_out_closed_is_replaced_once(run: Any, method: str) -> None:
    heads: list[int] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heads.append(number)
        writer.write(OK)
        if number == 0:
            await reader.readexactly(1)  # it ends with the next request in its ears
            heads.append(number)
            writer.transport.abort()

    async def main() -> Reply:
        async with scripted(script) as client:
            await client.request(method, b"/")
            return await client.request(method, b"/")

    assert run(main()).body == b"ok"
    assert heads == [0, 0, 1]


def test_a_request_that_a_new_connection_breaks_on_is_not_repeated(run: Any) -> None:
    heads: list[int] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heads.append(number)
        writer.transport.abort()

    async def main() -> None:
        async with scripted(script) as client:
            with pytest.raises(UpstreamBroken):
                await client.request("GET", b"/")

    run(main())

    assert heads == [0]


def test_a_request_whose_answer_began_is_not_repeated(run: Any) -> None:
    heads: list[int] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        for answer in (OK, b"HTTP/1.1 200 OK\r\nContent-Le"):
            await reader.readuntil(b"\r\n\r\n")
            heads.append(number)
            writer.write(answer)

    async def main() -> None:
        async with scripted(script) as client:
            await client.request("GET", b"/")
            with pytest.raises(UpstreamBroken):
                await client.request("GET", b"/")

    run(main())

    assert heads == [0, 0]


def test_fifty_requests_at_once_and_their_connections_kept(run: Any, serving: Any) -> None:
    async def echo(exchange: Exchange) -> Response:
        return Response(200, (), await exchange.body(1 << 30))

    async def main() -> None:
        async with serving(echo) as (server, port):
            client = Client("127.0.0.1", port)
            for _ in range(3):
                bodies = [b"%d" % n * (n * 1000) for n in range(50)]
                replies = await asyncio.gather(*[client.request("POST", b"/", body=body) for body in bodies])
                assert [reply.body for reply in replies] == bodies
            assert client.connections == len(server.connections) == 50
            await client.close()

    run(main())


def test_a_body_that_is_sent_as_it_comes_and_an_answer_that_is_read_as_it_comes(run: Any, serving: Any) -> None:
    async def echo(exchange: Exchange) -> Response:
        async def body() -> AsyncIterator[bytes]:
            while data := await exchange.chunk():
                yield data

        return Response(200, (), body())

    async def main() -> None:
        async with serving(echo) as (_, port):
            client = Client("127.0.0.1", port)
            call = await client.open("PUT", b"/", [(b"Host", b"a"), (b"Transfer-Encoding", b"chunked")])
            assert await call.head() == 200
            for part in (b"one", b"two", b"x" * 1_000_000):
                await call.send(part)
                seen = b""
                while len(seen) < len(part):
                    seen += await call.chunk()
                assert seen == part
            call.end()
            assert await call.chunk() == b""
            call.release()
            assert client.connections == 1
            await client.close()

    run(main())


def test_a_server_waits_while_its_answer_is_not_read(run: Any, serving: Any) -> None:
    sent = 0

    async def handler(exchange: Exchange) -> Response:
        async def body() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(1000):
                sent += 1
                yield b"x" * 50_000

        return Response(200, (), body())

    async def main() -> None:
        async with serving(handler) as (server, port):
            client = Client("127.0.0.1", port)
            call = await client.fetch("GET", b"/", [(b"Host", b"a")], b"")
            while next(iter(server.connections))._writable is None:
                await asyncio.sleep(0.001)
            assert sent < 500
            size = 0
            while data := await call.chunk():
                size += len(data)
                assert len(data) < 1_000_000
            assert size == 50_000_000
            call.release()
            await client.close()

    run(main())


def test_close_breaks_what_is_under_way(run: Any) -> None:
    async def main() -> None:
        async with scripted(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")) as client:
            call = await client.fetch("GET", b"/", [(b"Host", b"a")], b"")
            assert await call.chunk() == b"ok"
            await client.close()
            with pytest.raises(UpstreamBroken):
                await call.chunk()

    run(main())
