"""What is not the edge's own goes on to an upstream as it came, and its answer comes back the same way."""

from __future__ import annotations

import asyncio
import contextlib
import json

from windtunnel.http.client import Client, UpstreamBroken, UpstreamConnection, UpstreamError, request_head
from windtunnel.http.messages import Response
from windtunnel.http.server import ClientGone, Exchange, Tunnel

HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"expect"})
"""Ours to say, to either side. Everything else is sent as it came: signatures are made over it."""
AWAY = json.dumps({"message": "the backplane (LocalStack) is not there; it is being started again"}).encode()


class PassThrough:
    """Forwards requests to one upstream, streaming."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def forward(self, exchange: Exchange) -> Response | None:
        """Forward a request and stream the answer. None: it is answered. A Response where the upstream is away."""
        try:
            await self._forward(exchange)
        except UpstreamError:
            if exchange.started:
                exchange.abort()
                return None
            headers = [(b"Content-Type", b"application/json"), (b"Retry-After", b"1")]
            return Response(503, headers, AWAY)
        return None

    async def _forward(self, exchange: Exchange) -> None:
        headers = [header for header in exchange.headers if header[0].lower() not in HOP_BY_HOP]
        head = request_head(exchange.method, exchange.target, headers)
        while True:
            # a body that has come whole can be sent again
            body = exchange.buffered() if exchange.complete else None
            connection, used = await self._client.connection()
            try:
                await self._exchange(exchange, connection, head, body)
                return
            except UpstreamBroken:
                if not used or connection.began or body is None:
                    raise
                exchange.unread(body)
            finally:
                self._client.give_back(connection)

    async def _exchange(
        self, exchange: Exchange, connection: UpstreamConnection, head: bytes, body: bytes | None
    ) -> None:
        chunked = b"transfer-encoding" in exchange.lowered
        if body is not None:
            framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked and body else body
            connection.begin(exchange.method, head + (framed or (b"0\r\n\r\n" if chunked else b"")))
            await connection.head()
        else:
            connection.begin(exchange.method, head)
            sender = asyncio.ensure_future(_send_body(exchange, connection, chunked))
            answered = asyncio.ensure_future(connection.head())
            try:
                # it may answer before it has everything, and may not want the rest
                await asyncio.wait({sender, answered}, return_when=asyncio.FIRST_COMPLETED)
                if sender.done() and sender.exception() is not None and not answered.done():
                    sender.result()
                await answered
            finally:
                if not sender.done():
                    connection.reusable = False
                for task in (sender, answered):
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                        await task
        await self._answer(exchange, connection)

    @staticmethod
    async def _answer(exchange: Exchange, connection: UpstreamConnection) -> None:
        # the framing is made anew; a length is the upstream's own
        answered = [
            header
            for header in connection.headers
            if header[0].lower() not in HOP_BY_HOP and header[0].lower() != b"transfer-encoding"
        ]
        exchange.start(connection.status, answered)
        try:
            while data := await connection.chunk():
                await exchange.send(data)
        except (UpstreamError, ClientGone):
            connection.close()
            exchange.abort()
            return
        exchange.end()

    def tunnel(self) -> Tunnel:
        """Takes over connections that are not plain HTTP: TLS, websockets."""
        return Tunnel(lambda transport, data: _Pipe(transport, data, self._client.host, self._client.port))


async def _send_body(exchange: Exchange, connection: UpstreamConnection, chunked: bool) -> None:
    while data := await exchange.chunk():
        await connection.send(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
    if chunked:
        await connection.send(b"0\r\n\r\n")


class _Pipe(asyncio.Protocol):
    """Bytes from one connection to another, with both sides' patience."""

    def __init__(self, transport: asyncio.Transport, data: bytes, host: str, port: int) -> None:
        self._client = transport
        self._other: asyncio.Transport | None = None
        self._early = [data]
        transport.pause_reading()
        self._task = asyncio.ensure_future(self._connect(host, port))

    async def _connect(self, host: str, port: int) -> None:
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(lambda: _Half(self._client), host, port)
        except OSError:
            self._client.abort()
            return
        self._other = transport
        self._other.write(b"".join(self._early))
        if self._client.is_closing():
            self._other.close()
        else:
            self._client.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._other is None:
            self._early.append(data)
        else:
            self._other.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._other is not None:
            self._other.close()

    def pause_writing(self) -> None:
        if self._other is not None and not self._other.is_closing():
            self._other.pause_reading()

    def resume_writing(self) -> None:
        if self._other is not None and not self._other.is_closing():
            self._other.resume_reading()


class _Half(asyncio.Protocol):
    """The upstream's side of a pipe."""

    def __init__(self, client: asyncio.Transport) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        if not self._client.is_closing():
            self._client.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.close()

    def pause_writing(self) -> None:
        if not self._client.is_closing():
            self._client.pause_reading()

    def resume_writing(self) -> None:
        if not self._client.is_closing():
            self._client.resume_reading()
