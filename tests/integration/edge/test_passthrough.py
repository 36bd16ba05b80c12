"""Requests and answers pass as they are. RFC 9110 and 9112 are HTTP's semantics and HTTP/1.1."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import boto3
import pytest
from botocore.config import Config

from windtunnel.edge.passthrough import end_to_end
from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


# --- byte for byte ---------------------------------------------------------------------------------------------------


def test_a_request_and_its_answer_pass_as_they_are(run: Any, edge: Any, scripted: Any, ask: Any, message: Any) -> None:
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

    async def main() -> Any:
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


def test_a_request_without_host_gets_one(run: Any, edge: Any, upstream: Any, ask: Any) -> None:
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
def test_kinds_of_answers(
    run: Any, edge: Any, scripted: Any, ask: Any, message: Any, method: bytes, answer: bytes, expected: bytes | None
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await message(reader, writer)
        writer.write(answer)
        if b"until" not in answer:
            await reader.read()

    async def main() -> Any:
        async with scripted(script) as port, edge(port) as front:
            return await ask(front, GET.replace(b"GET", method))

    assert run(main()) == (answer if expected is None else expected or answer.partition(b"\r\n\r\n")[2])


def test_pipelined_requests_pass_in_order(run: Any, edge: Any, upstream: Any, ask: Any) -> None:
    async def handler(exchange: Exchange) -> Response:
        return Response(200, (), exchange.target)

    async def main() -> Any:
        async with upstream(handler) as port, edge(port) as front:
            return await ask(front, b"".join(b"GET /%03d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(100)))

    answers = run(main()).split(b"HTTP/1.1 200 OK\r\n")[1:]

    assert [answer[-4:] for answer in answers] == [b"/%03d" % n for n in range(100)]


def test_a_server_that_closes_after_each_answer(run: Any, edge: Any, ask: Any) -> None:
    class Handler(BaseHTTPRequestHandler):  # of HTTP/1.0
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body[::-1])

        def log_message(self, format: str, *args: Any) -> None:
            pass

    async def main(port: int) -> Any:
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
def test_what_boto3_signs_arrives_as_signed(
    run: Any, edge: Any, scripted: Any, message: Any, style: Literal["virtual", "path"], tmp_path: Path
) -> None:
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
