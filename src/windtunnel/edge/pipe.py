"""Raw bytes, both ways, between a client and the backplane."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from windtunnel.http.connection import TLS_HANDSHAKE

LOG = logging.getLogger(__name__)
NOT_THERE = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Pipes:
    """The pipes to one server."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._ends: set[End] = set()
        self._connecting: set[asyncio.Task[None]] = set()

    def take(self, transport: asyncio.Transport, data: bytes) -> asyncio.Protocol:
        """Take a client's connection over, with the bytes that it has sent."""
        near = End(self, transport, None)
        transport.pause_reading()
        task = asyncio.get_running_loop().create_task(self._connect(near, data))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return near

    async def _connect(self, near: End, data: bytes) -> None:
        far = End(self, None, near)
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, self._host, self._port)
        except OSError as error:
            LOG.info("the backplane is not there: %s", error)
            if data[0] != TLS_HANDSHAKE:
                near.write(NOT_THERE)
            near.close()
            return
        far.write(data)
        near.join(far)

    def opened(self, end: End) -> None:
        self._ends.add(end)

    def closed(self, end: End) -> None:
        self._ends.discard(end)

    async def close(self) -> None:
        """Break every pipe."""
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for end in list(self._ends):
            end.abort()
        while self._ends:
            await asyncio.sleep(0)


class End(asyncio.Protocol):
    """One end of a pipe: what comes in goes out at the other, no faster than that takes it."""

    def __init__(self, pipes: Pipes, transport: asyncio.Transport | None, other: End | None) -> None:
        self._pipes = pipes
        self._transport = transport
        self._other = other
        self._ended = False
        """Whether it says that it sends no more."""
        self._lost = False
        if transport is not None:
            pipes.opened(self)

    def join(self, other: End) -> None:
        """Let the bytes flow, or nothing, if one end has gone meanwhile."""
        if self._lost or other._lost:
            self.close()
            other.close()
            return
        self._other = other
        self.resume_reading()

    def write(self, data: bytes) -> None:
        if self._transport and not self._lost:
            self._transport.write(data)

    def write_eof(self) -> bool:
        if self._transport and not self._lost and not self._transport.is_closing() and self._transport.can_write_eof():
            self._transport.write_eof()
            return True
        return False

    def pause_reading(self) -> None:
        if self._transport and not self._lost and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport and not self._lost and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        if self._transport and not self._lost:
            self._transport.close()

    def abort(self) -> None:
        if self._transport and not self._lost:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._pipes.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._other:
            self._other.write(data)

    def eof_received(self) -> bool:
        """The other side gets to know, and may still answer."""
        self._ended = True
        other = self._other
        # where it cannot, this end is closed, and with it the other
        return other is not None and not other._ended and other.write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._pipes.closed(self)
        if self._other:
            self._other.close()

    def pause_writing(self) -> None:
        if self._other:
            self._other.pause_reading()

    def resume_writing(self) -> None:
        if self._other:
            self._other.resume_reading()
