"""A server on a port of its own, a client that speaks bytes, and loops that keep quiet."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import uvloop

from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange, Limits, Server, Tunnel, answering

Handler = Callable[[Exchange], Coroutine[Any, Any, Response]]
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Callable[..., Any]:
    """Runs a coroutine to its end, and sees that nothing was logged as an error meanwhile."""

    def run(main: Coroutine[Any, Any, Any], *, errors: int = 0) -> Any:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            result = runner.run(asyncio.wait_for(main, 30))
        logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert len(logged) == errors, [record.getMessage() for record in logged]
        return result

    return run


@pytest.fixture
def serving() -> Callable[..., AbstractAsyncContextManager[tuple[Server, int]]]:
    """A server for a coroutine function; at the end no connection is left, though the server was not closed."""

    @asynccontextmanager
    async def serving(
        handler: Handler, *, limits: Limits | None = None, tunnel: Tunnel | None = None
    ) -> AsyncIterator[tuple[Server, int]]:
        loop = asyncio.get_running_loop()
        server = Server(answering(handler, loop), limits=limits, tunnel=tunnel)
        port = await server.listen()
        try:
            yield server, port
            deadline = loop.time() + 5
            while server.connections and loop.time() < deadline:
                await asyncio.sleep(0.005)
            assert not server.connections, "leaked"
        finally:
            await server.close()

    return serving


@pytest.fixture
def ask() -> Callable[..., Coroutine[Any, Any, bytes]]:
    """Sends bytes, says that there are no more (unless told otherwise), and reads what comes back until the end."""

    async def ask(port: int, data: bytes, *, eof: bool = True) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(data)
            if eof:
                writer.write_eof()
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()

    return ask
