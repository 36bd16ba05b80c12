"""An HTTP/1.1 server: keep-alive, pipelining, streamed bodies both ways, and patience with nobody for ever.

An application is a callable that is given each Exchange once its head is there, in the order of the requests of a
connection, and that answers it at once or later. What a client does wrong ends its own connection and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable

from windtunnel.http.connection import Connection, Limits, Tunnel
from windtunnel.http.exchange import BodyTooLarge, BrokenBody, ClientGone, Exchange
from windtunnel.http.messages import DateHeader, Response

__all__ = [
    "Application", "BodyTooLarge", "BrokenBody", "ClientGone", "Exchange", "Limits", "Server", "Tunnel", "answering",
]  # fmt: skip

LOG = logging.getLogger(__name__)
BACKLOG = 1024

Application = Callable[[Exchange], None]


class Server:
    """Listening sockets and their connections. Make it inside a running loop."""

    def __init__(self, application: Application, *, limits: Limits | None = None, tunnel: Tunnel | None = None) -> None:
        self.application = application
        self.limits = limits or Limits()
        self.tunnel = tunnel
        self.loop = asyncio.get_running_loop()
        self.date = DateHeader()
        self.connections: set[Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._sweeper: asyncio.TimerHandle | None = None

    async def listen(self, sock: socket.socket | None = None, *, host: str = "127.0.0.1", port: int = 0) -> int:
        """Accept connections on a bound socket, or on host and port (0: any). Returns the port."""

        def connection() -> Connection:
            return Connection(self)

        if sock is not None:
            server = await self.loop.create_server(connection, sock=sock, backlog=BACKLOG)
        else:
            server = await self.loop.create_server(connection, host, port, backlog=BACKLOG)
        self._servers.append(server)
        if self._sweeper is None:
            self._sweep()
        return int(server.sockets[0].getsockname()[1])

    async def adopt(self, sock: socket.socket) -> None:
        """Serve a client that is connected already."""
        await self.loop.connect_accepted_socket(lambda: Connection(self), sock)
        if self._sweeper is None:
            self._sweep()

    def _sweep(self) -> None:
        now = self.loop.time()
        for connection in list(self.connections):
            connection.check(now)
        self._sweeper = self.loop.call_later(1.0, self._sweep)

    async def close(self, grace: float = 0.0) -> None:
        """Accept no more; connections end at once when idle, the others when answered or after `grace` seconds."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        deadline = self.loop.time() + grace
        for connection in list(self.connections):
            connection.close_if_idle()
        while self.connections and self.loop.time() < deadline:
            await asyncio.sleep(0.01)
        if self._sweeper:
            self._sweeper.cancel()
            self._sweeper = None
        while self.connections:  # among them one that was being accepted
            for connection in list(self.connections):
                connection.abort()
            await asyncio.sleep(0)


def answering(
    handler: Callable[[Exchange], Awaitable[Response | None]], loop: asyncio.AbstractEventLoop
) -> Application:
    """An application out of a coroutine function that takes an Exchange and returns a Response, or None: it answered.

    What it raises is logged and answered with 500; a client that has gone is no error.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def answer(exchange: Exchange) -> None:
        try:
            response = await handler(exchange)
            if response is None or exchange.answered:
                return
            if isinstance(response.body, bytes):
                exchange.respond(response.status, response.headers, response.body)
            else:
                await _stream(exchange, response)
        except ClientGone:
            exchange.abort()
        except asyncio.CancelledError:
            exchange.abort()
            raise
        except Exception:
            LOG.exception("%s %r", exchange.method, exchange.target)
            if exchange.started:
                exchange.abort()
            else:
                exchange.respond(500, (), b"")

    def application(exchange: Exchange) -> None:
        task = asyncio.Task(answer(exchange), loop=loop, eager_start=True)
        if not task.done():
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    return application


async def _stream(exchange: Exchange, response: Response) -> None:
    body = response.body
    assert not isinstance(body, bytes)
    async with contextlib.AsyncExitStack() as stack:
        if isinstance(body, AsyncGenerator):
            stack.push_async_callback(body.aclose)
        exchange.start(response.status, response.headers)
        if exchange.method != "HEAD":
            async for data in body:
                await exchange.send(data)
                await asyncio.sleep(0)  # a body and a client that never make us wait are not to keep the others waiting
        exchange.end()
