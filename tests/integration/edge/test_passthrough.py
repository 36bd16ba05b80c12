"""The pass-through between real clients and real servers. RFC 9110 and 9112 are HTTP's semantics and HTTP/1.1."""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
import socket
import ssl
import threading
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import boto3
import pytest
import uvloop
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from windtunnel.edge import passthrough
from windtunnel.edge.passthrough import PassThrough, end_to_end
from windtunnel.http.client import Client
from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange, Server, answering

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MB = 1_000_000
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def run(caplog: pytest.LogCaptureFixture) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    def run(main: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(asyncio.wait_for(main, 60))
        assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        return result

    return run


@asynccontextmanager
async def edge(port: int) -> AsyncIterator[int]:
    """A server that passes everything through to a port; at the end it has no connection left, idle ones excepted."""
    client = Client("127.0.0.1", port)
    through = PassThrough(client)
    tasks: set[asyncio.Task[None]] = set()

    def application(exchange: Exchange) -> None:
        task = asyncio.create_task(through.forward(exchange))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = Server(application, tunnel=through.tunnel)
    try:
        yield await server.listen()
        deadline = server.loop.time() + 5
        while (server.connections or tasks) and server.loop.time() < deadline:
            await asyncio.sleep(0.005)
        assert not server.connections
        assert not tasks
        assert client.connections == len(client._idle)
    finally:
        await server.close()
        await through.close()
        await client.close()


@asynccontextmanager
async def upstream(handler: Callable[[Exchange], Awaitable[Response]]) -> AsyncIterator[int]:
    server = Server(answering(handler, asyncio.get_running_loop()))
    try:
        yield await server.listen()
    finally:
        await server.close()


@asynccontextmanager
async def scripted(script: Script, port: int = 0) -> AsyncIterator[int]:
    """A server that does as the script says on each connection."""
    tasks: set[asyncio.Task[Any]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def nobody() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def ask(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


async def message(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """A request's bytes; asks for its body where the client waits for that."""
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    if b"expect: 100-continue" in lowered:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if b"transfer-encoding: chunked" in lowered:
        return head + await reader.readuntil(b"\r\n0\r\n\r\n")
    length = lowered.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return head + await reader.readexactly(int(length or b"0"))


# --- byte for byte ---------------------------------------------------------------------------------------------------


def test_a_request_and_its_answer_pass_as_they_are(run: Any) -> None:
    request = (
        b"REPORT /a%2fb//../%20c?x=1&x=2&%E2%82%AC=+ HTTP/1.1\r\nx-amz-Z: \xe2\x82\xac\r\nhost: b.s3.localhost:4566\r\n"
        b"X-Amz-Z: 2\r\nauthorization: AWS4-HMAC-SHA256 Credential=x\r\nEmpty: \r\nContent-Length: 3\r\n\r\nabc"
    )
    answer = (
        b"HTTP/1.1 299 \r\nx-amz-request-id: 1\r\nSet-Cookie: a\r\nX-Amz-Request-Id: 2\r\nSet-Cookie: b\r\n"
        b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\ncontent-length: 3\r\nServer: x\r\n\r\nxyz"
    )
    seen = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await message(reader, writer))
        writer.write(answer)
        await reader.read()

    async def main() -> bytes:
        async with scripted(script) as port, edge(port) as front:
            return await ask(front, request)

    assert run(main()) == answer
    assert seen == [request]


def test_what_is_between_neighbours_is_not_passed_on() -> None:
    headers = [
        (b"Connection", b"keep-alive, X-Mine, Content-Length"),
        (b"Keep-Alive", b"timeout=5"),
        (b"X-Mine", b"1"),
        (b"proxy-connection", b"close"),
        (b"TE", b"trailers"),
        (b"Upgrade", b"h2c"),
        (b"Content-Length", b"3"),
        (b"Trailer", b"x"),
    ]

    # RFC 9110, 7.6.1; what Connection names never is what delimits the body
    assert end_to_end(headers) == [(b"Content-Length", b"3"), (b"Trailer", b"x")]


def test_a_request_without_host_gets_one(run: Any) -> None:
    async def handler(exchange: Exchange) -> Response:
        return Response(200, (), exchange.lowered[b"host"])

    async def main() -> tuple[bytes, int]:
        async with upstream(handler) as port, edge(port) as front:
            return await ask(front, b"GET / HTTP/1.0\r\n\r\n"), port

    answer, port = run(main())

    assert answer.endswith(b"127.0.0.1:%d" % port)


@pytest.mark.parametrize(
    ("method", "answer", "expected"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 9\r\n\r\n", None),
        (b"HEAD", b"HTTP/1.1 404 Not Found\r\nDate: x\r\n\r\n", None),
        (b"GET", b"HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n", None),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nDate: x\r\nETag: y\r\n\r\n", None),
        (b"GET", b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 0\r\n\r\n", None),
        (
            b"GET",
            b"HTTP/1.1 200 OK\r\nDate: x\r\n\r\nuntil it closes",
            b"HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\nf\r\nuntil it closes\r\n0\r\n\r\n",
        ),
        (
            b"GET",
            b"HTTP/1.1 200 OK\r\nTransfer-encoding: chunked\r\nDate: x\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        ),
        (b"GET", b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 1\r\n\r\na", b""),
    ],
)
def test_kinds_of_answers(run: Any, method: bytes, answer: bytes, expected: bytes | None) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await message(reader, writer)
        writer.write(answer)
        if b"until" not in answer:
            await reader.read()

    async def main() -> bytes:
        async with scripted(script) as port, edge(port) as front:
            return await ask(front, GET.replace(b"GET", method))

    assert run(main()) == (answer if expected is None else expected or answer.partition(b"\r\n\r\n")[2])


def test_pipelined_requests_pass_in_order(run: Any) -> None:
    async def handler(exchange: Exchange) -> Response:
        return Response(200, (), exchange.target)

    async def main() -> bytes:
        async with upstream(handler) as port, edge(port) as front:
            return await ask(front, b"".join(b"GET /%03d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(100)))

    answers = run(main()).split(b"HTTP/1.1 200 OK\r\n")[1:]

    assert [answer[-4:] for answer in answers] == [b"/%03d" % n for n in range(100)]


def test_a_server_that_closes_after_each_answer(run: Any) -> None:
    class Handler(BaseHTTPRequestHandler):  # of HTTP/1.0
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body[::-1])

        def log_message(self, format: str, *args: Any) -> None:
            pass

    async def main(port: int) -> bytes:
        async with edge(port) as front:
            return await ask(front, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" * 3)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        answers = run(main(server.server_address[1]))
        server.shutdown()
        thread.join()

    assert answers.count(b"3\r\ncba\r\n0\r\n\r\n") == 3


# --- boto3 -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name is this machine, as a bucket's is on AWS's own domain."""
    known = socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        return known("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setenv("no_proxy", "*")


def s3_calls(port: int, style: Literal["virtual", "path"], tmp: Path) -> None:
    """What an application does with S3, each with another kind of body."""
    client = boto3.client(
        "s3",
        endpoint_url=f"http://s3.localhost:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": style}, retries={"total_max_attempts": 1}, read_timeout=20),
    )
    large = tmp / "large"
    large.write_bytes(b"0123456789" * 700_000)
    client.put_object(Bucket="bucket", Key="a b/ü+%2F", Body=b"hello", Metadata={"Mixed-Case": "x  y"})
    client.upload_file(str(large), "bucket", "large")
    with large.open("rb") as body:
        client.put_object(Bucket="bucket", Key="seekable", Body=body, ChecksumAlgorithm="SHA256")
    assert client.get_object(Bucket="bucket", Key="a b/ü+%2F")["Body"].read() == b"ok"
    client.head_object(Bucket="bucket", Key="x")
    client.delete_object(Bucket="bucket", Key="x", VersionId="a/b")
    url = client.generate_presigned_url("put_object", {"Bucket": "bucket", "Key": "a b/ü"})
    host, _, path = url.removeprefix("http://").partition("/")
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(
            f"PUT /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi".encode()
        )
        assert sock.recv(12) == b"HTTP/1.1 200"
    client.close()


@pytest.mark.parametrize("style", ["virtual", "path"])
@pytest.mark.usefixtures("hosts")
def test_what_boto3_signs_arrives_as_signed(run: Any, style: Literal["virtual", "path"], tmp_path: Path) -> None:
    sent: list[bytes] = []
    received: list[bytes] = []

    def script(into: list[bytes], forward: int | None) -> Script:
        """Records requests; answers them itself, or has them answered on a connection of its own."""

        async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", forward) if forward else (None, None)
            try:
                while True:
                    request = await message(reader, writer)
                    into.append(request)
                    if there and back:
                        back.write(request)
                        writer.write(await final_answer(there, request))
                    elif request.startswith(b"DELETE"):
                        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                    else:
                        body = b"ok" if request.startswith(b"GET") else b""
                        writer.write(b"HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            finally:
                if back:
                    back.close()

        return record

    async def main() -> None:
        async with scripted(script(received, None)) as port, edge(port) as front, scripted(script(sent, front)) as tap:
            await asyncio.to_thread(s3_calls, tap, style, tmp_path)

    run(main())

    def comparable(request: bytes) -> tuple[list[bytes], bytes]:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if line.lower() != b"connection: close"]
        if b"Transfer-Encoding: chunked" in lines:  # chunks may be cut elsewhere
            body = unchunked(body)
        return lines, body

    assert len(sent) == len(received) == 7
    assert [comparable(request) for request in received] == [comparable(request) for request in sent]
    hosts = {line for request in received for line in request.split(b"\r\n") if line.startswith(b"Host: ")}
    assert all(host.startswith(b"Host: bucket.s3.localhost:" if style == "virtual" else b"Host: s3.") for host in hosts)
    assert sum(b"Expect: 100-continue\r\n" in request for request in received) >= 3


async def final_answer(reader: asyncio.StreamReader, request: bytes) -> bytes:
    head = b"HTTP/1.1 100"
    while head.startswith(b"HTTP/1.1 100"):
        head = await reader.readuntil(b"\r\n\r\n")
    return head + (await reader.readexactly(2) if request.startswith(b"GET") else b"")


def unchunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        parts.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return b"".join(parts)


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
def test_fifty_megabytes_up(run: Any, framing: bytes) -> None:
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
def test_fifty_megabytes_down(run: Any, headers: tuple[tuple[bytes, bytes], ...]) -> None:
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
def test_a_server_that_does_not_read_makes_the_client_wait(run: Any) -> None:
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


# --- 100 Continue ----------------------------------------------------------------------------------------------------

EXPECTING = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"


def test_a_body_is_asked_for_when_the_backplane_asks(run: Any) -> None:
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


def test_a_body_that_the_backplane_does_not_want_is_not_sent(run: Any) -> None:
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
    run: Any, monkeypatch: pytest.MonkeyPatch
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


# --- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 10, 5 * MB])
def test_a_backplane_that_is_not_there(run: Any, nobody: int, size: int) -> None:
    async def main() -> bytes:
        async with edge(nobody) as front:
            return await ask(front, b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size + GET)

    first, second = run(main()).split(b"HTTP/1.1 503 Service Unavailable\r\n")[1:]

    assert b"Retry-After: 1\r\n" in first
    assert b"Content-Type: application/json\r\n" in first
    assert json.loads(first.partition(b"\r\n\r\n")[2]) == {
        "message": "the backplane (LocalStack) is not there; it is being restarted"
    }
    assert second.partition(b"\r\n\r\n")[2] == first.partition(b"\r\n\r\n")[2]


def test_a_backplane_that_breaks_off_before_it_answers(run: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async def main() -> bytes:
        async with scripted(script) as port, edge(port) as front:
            return await ask(front, GET)

    assert run(main()).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")


@pytest.mark.parametrize("framing", [b"Content-Length: 9\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n1\r\n"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_backplane_that_breaks_off_in_its_answer(run: Any, framing: bytes, version: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing + b"x")

    async def main() -> None:
        async with scripted(script) as port, edge(port) as front:
            with pytest.raises(ConnectionResetError):
                await ask(front, GET.replace(b"1.1", version))

    run(main())


def test_a_backplane_that_was_restarted_meanwhile(run: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await message(reader, writer):
            writer.write(OK)

    async def main() -> None:
        async with scripted(script) as port, edge(port) as front:
            pass
        async with edge(port) as front:
            for _ in range(3):
                async with scripted(script, port):
                    answers = await asyncio.gather(*[ask(front, GET) for _ in range(5)])
                    assert all(answer.endswith(b"ok") for answer in answers)
                assert (await ask(front, GET)).startswith((b"HTTP/1.1 503 ", b"HTTP/1.1 502 "))

    run(main())


def test_an_answer_before_the_end_of_a_large_upload_reaches_the_client(run: Any) -> None:
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


@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_client_that_breaks_off_its_upload_is_broken_off_at_the_backplane(run: Any, how: str) -> None:
    async def main() -> None:
        gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(100_000)
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            try:
                gone.set_result(len(await reader.read()))
            except ConnectionError:
                gone.set_result(0)

        async with scripted(script) as port, edge(port) as front:
            _, writer = await asyncio.open_connection("127.0.0.1", front)
            writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000)
            await asyncio.sleep(0.02)
            writer.close() if how == "end" else writer.transport.abort()
            assert await gone == 0

    run(main())


def test_a_client_that_breaks_off_its_download_is_broken_off_at_the_backplane(run: Any) -> None:
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


def test_a_body_that_is_not_http_is_answered_400(run: Any) -> None:
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


# --- tunnels ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and its own certificate for localhost, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = tmp_path / "certificate.pem"
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


def test_tls_goes_to_the_backplane(run: Any, certificate: Path) -> None:
    async def main() -> bytes:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK + b"x" * 5 * MB)
            writer.close()

        server = await asyncio.start_server(script, "127.0.0.1", 0, ssl=context)
        async with edge(server.sockets[0].getsockname()[1]) as front:
            trust = ssl.create_default_context(cafile=str(certificate))
            reader, writer = await asyncio.open_connection("127.0.0.1", front, ssl=trust, server_hostname="localhost")
            writer.write(GET)
            answer = await reader.read()
            writer.close()
        server.close()
        return answer

    assert run(main()) == OK + b"x" * 5 * MB


UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n"


def test_a_websocket_goes_to_the_backplane(run: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\r\n\r\n") == UPGRADE
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write(b"the end")

    async def main() -> None:
        async with scripted(script) as port, edge(port) as front:
            reader, writer = await asyncio.open_connection("127.0.0.1", front)
            writer.write(UPGRADE + b"\x81\x00early")
            assert await reader.readuntil(b"early") == b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x00early"
            writer.write(b"x" * 5 * MB)
            assert await reader.readexactly(5 * MB) == b"x" * 5 * MB
            writer.write_eof()
            assert await reader.read() == b"the end"
            writer.close()

    run(main())


def test_a_websocket_without_a_backplane(run: Any, nobody: int) -> None:
    async def main() -> bytes:
        async with edge(nobody) as front:
            reader, writer = await asyncio.open_connection("127.0.0.1", front)
            writer.write(UPGRADE)
            answer = await reader.read()
            writer.close()
            return answer

    assert run(main()).startswith(b"HTTP/1.1 503 ")


def test_close_ends_the_pipes(run: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main() -> None:
        async with scripted(script) as port:
            async with edge(port) as front:
                reader, writer = await asyncio.open_connection("127.0.0.1", front)
                writer.write(UPGRADE)
                await asyncio.sleep(0.02)
            assert await reader.read() == b""
            writer.close()

    run(main())
