"""The pass-through between a client that speaks bytes and a server that does as it is told; a loop that keeps quiet."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from windtunnel.edge.passthrough import PassThrough
from windtunnel.engines.ports import free_port
from windtunnel.http.client import Client
from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange, Server, answering

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def run(caplog: pytest.LogCaptureFixture) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    def run(main: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(asyncio.wait_for(main, 60))
        assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        return result

    return run


@pytest.fixture
def edge() -> Callable[..., Any]:
    @asynccontextmanager
    async def edge(port: int) -> AsyncIterator[int]:
        """A server that passes everything through to a port; at the end no connection is left but idle ones to that."""
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

    return edge


@pytest.fixture
def upstream() -> Callable[..., Any]:
    @asynccontextmanager
    async def upstream(handler: Callable[[Exchange], Awaitable[Response]]) -> AsyncIterator[int]:
        server = Server(answering(handler, asyncio.get_running_loop()))
        try:
            yield await server.listen()
        finally:
            await server.close()

    return upstream


@pytest.fixture
def scripted() -> Callable[..., Any]:
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

    return scripted


@pytest.fixture
def nobody() -> int:
    """A port that nobody listens on."""
    return free_port()


@pytest.fixture
def ask() -> Callable[..., Any]:
    async def ask(port: int, data: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(data)
            writer.write_eof()
            return await reader.read()
        finally:
            writer.close()

    return ask


@pytest.fixture
def message() -> Callable[..., Any]:
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

    return message
