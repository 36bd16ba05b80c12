"""Whatever bytes come, however they are cut and broken off: no crash, no hang, nothing leaked, nobody else harmed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from windtunnel.edge.passthrough import PassThrough
from windtunnel.http.client import Client, UpstreamBroken
from windtunnel.http.messages import Response
from windtunnel.http.server import BodyTooLarge, Exchange, Server, Tunnel, answering

REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"POST /unread HTTP/1.1\r\nContent-Length: 11\r\n\r\nhello world",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"PUT /stream HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd",
    b"PUT /unread HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 3000\r\n\r\n" + b"x" * 3000,
    b"POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab",
    b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    b"GET /later HTTP/1.1\r\n\r\n",
    b"GET /raise HTTP/1.1\r\n\r\n",
    b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
]
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.0 500 \r\nConnection: close\r\n\r\nuntil the end",
]
SPICE = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\x00",
    b": ",
    b"0\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"HTTP/1.1 ",
    b"ffffffff\r\n",
]


@st.composite
def mutated(draw: st.DrawFn, messages: list[bytes]) -> bytes:
    """Valid messages, with some of their bytes replaced, inserted, dropped or doubled."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(messages), min_size=1, max_size=5))))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        upto = draw(st.integers(at, min(len(data), at + 20)))
        data[at:upto] = draw(
            st.one_of(st.sampled_from(SPICE), st.binary(max_size=8), st.just(bytes(data[at:upto]) * 2))
        )
    return bytes(data)


@st.composite
def parts(draw: st.DrawFn, messages: list[bytes]) -> list[bytes]:
    """Bytes, split at random places."""
    data = draw(st.one_of(mutated(messages), mutated(messages), st.binary(max_size=300)))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a != b]


class OnPurpose(Exception):
    pass


async def application(exchange: Exchange) -> Response:
    if b"later" in exchange.target:
        await asyncio.sleep(0.001)
    if b"raise" in exchange.target:
        raise OnPurpose
    if b"unread" in exchange.target:
        return Response(413)
    try:
        body = await exchange.body(2000)
    except BodyTooLarge:
        return Response(413)
    if b"stream" not in exchange.target:
        return Response(200, (), body)

    async def stream() -> AsyncIterator[bytes]:
        for offset in range(0, len(body), 2):
            yield body[offset : offset + 2]

    return Response(200, (), stream())


class Swallow(asyncio.Protocol):
    """Takes a connection over, and ends when the client does."""


class World:
    """A server in a loop, and a well-behaved client of it; or a server that passes everything through to that one."""

    def __init__(self, *, passes_through: bool) -> None:
        self.passes_through = passes_through
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.failures: list[dict[str, Any]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.runner.run(self.start())

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.failures.append(context))
        self.server = Server(answering(application, loop), tunnel=Tunnel(lambda transport, data: Swallow()))
        self.port = await self.server.listen()
        if self.passes_through:
            self.backplane, self.client_of_it = self.server, Client("127.0.0.1", self.port)
            self.through = PassThrough(self.client_of_it)
            self.server = Server(self.forward, tunnel=self.through.tunnel)
            self.port = await self.server.listen()
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        await self.well_behaved()

    def forward(self, exchange: Exchange) -> None:
        task = asyncio.get_running_loop().create_task(self.through.forward(exchange))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def well_behaved(self) -> None:
        self.writer.write(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")
        answer = await self.reader.readuntil(b"hello")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")

    async def stop(self) -> None:
        self.writer.close()
        await self.server.close()
        if self.passes_through:
            await self.through.close()
            await self.client_of_it.close()
            await self.backplane.close()
            assert not self.backplane.connections

    async def speak(self, pieces: list[bytes], end: str) -> bytes:
        loop = asyncio.get_running_loop()
        answers = b""
        with socket.socket() as sock, contextlib.suppress(ConnectionError):
            sock.setblocking(False)
            await loop.sock_connect(sock, ("127.0.0.1", self.port))
            for piece in pieces:
                await loop.sock_sendall(sock, piece)
                await asyncio.sleep(0)
            if end in ("half-close", "reset while answered"):
                with contextlib.suppress(OSError):  # it has gone
                    sock.shutdown(socket.SHUT_WR)
                while data := await loop.sock_recv(sock, 1 if "reset" in end else 65536):
                    answers += data
                    if "reset" in end:
                        break
            if "reset" in end:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return answers

    async def example(self, clients: list[tuple[list[bytes], str]]) -> list[bytes]:
        async with asyncio.timeout(10):
            under_way = [asyncio.create_task(self.speak(*client)) for client in clients]
            await self.well_behaved()
            answers = await asyncio.gather(*under_way)
            while len(self.server.connections) > 1 or self.tasks:
                await asyncio.sleep(0)
            await self.well_behaved()
        return answers


@pytest.fixture(params=["direct", "passed through"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    world = World(passes_through=request.param != "direct")
    yield world
    world.runner.run(world.stop())
    world.runner.close()
    assert not world.server.connections


ENDS = ["half-close", "close", "reset", "reset while answered"]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(clients=st.lists(st.tuples(parts(REQUESTS), st.sampled_from(ENDS)), min_size=1, max_size=3))
def test_any_bytes(world: World, caplog: pytest.LogCaptureFixture, clients: list[tuple[list[bytes], str]]) -> None:
    answers = world.runner.run(world.example(clients))

    logged = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert all(record.exc_info and record.exc_info[0] is OnPurpose for record in logged)
    assert not world.failures
    assert all(answer[:9] in (b"", b"H", b"HTTP/1.1 ") for answer in answers)


class Mouth:
    """A server that says what it is told to, cut where it is told to, on each connection; then it closes it."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.failures: list[dict[str, Any]] = []
        self.pieces: list[bytes] = []
        self.runner.run(self.start())

    async def start(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.failures.append(context))
        self.server = await asyncio.start_server(self.say, "127.0.0.1", 0)
        self.client = Client("127.0.0.1", self.server.sockets[0].getsockname()[1])

    async def say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in self.pieces:
                if writer.is_closing():
                    break
                writer.write(piece)
                await asyncio.sleep(0)
        writer.close()

    async def example(self, method: str, body: bytes) -> None:
        async with asyncio.timeout(10):
            for _ in range(3):
                with contextlib.suppress(UpstreamBroken):
                    await self.client.request(method, b"/", body=body)
            await self.client.close()
        assert self.client.connections == 0


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pieces=parts(ANSWERS), method=st.sampled_from(["GET", "HEAD", "POST"]), body=st.sampled_from([b"", b"x" * 300_000])
)
def test_any_answer(
    mouth: Mouth, caplog: pytest.LogCaptureFixture, pieces: list[bytes], method: str, body: bytes
) -> None:
    mouth.pieces = pieces
    mouth.failures.clear()

    mouth.runner.run(mouth.example(method, body))

    assert not mouth.failures
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.fixture
def mouth() -> Iterator[Mouth]:
    mouth = Mouth()
    yield mouth
    mouth.server.close()
    mouth.runner.close()
