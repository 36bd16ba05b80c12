"""An HTTP/1.1 client for one server, with a pool of connections that are kept alive.

`request()` is for whole requests and whole answers. `fetch()` and `open()` return the Upstream that carries the call
once it is under way: read its answer with head() and chunk(), then release() or abort() it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from windtunnel.http.messages import Headers, has_header
from windtunnel.http.upstream import Upstream, UpstreamBroken, UpstreamUnreachable

__all__ = ["Client", "Reply", "Upstream", "UpstreamBroken", "UpstreamUnreachable"]

CONNECT_TIMEOUT = 5.0
KEPT = 64
"""Connections that are kept while nothing is asked of them."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whole."""

    status: int
    headers: Headers
    body: bytes


class Client:
    """Make it, and use it, inside one running loop. Any number of calls may be under way."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.authority = f"{host}:{port}".encode()
        self._idle: list[Upstream] = []
        self._all: set[Upstream] = set()

    async def request(
        self, method: str, target: bytes, headers: Headers = (), body: bytes = b"", *, timeout: float | None = None
    ) -> Reply:
        """Ask, and wait for the whole answer. Host and Content-Length are added where they are missing.

        Raises UpstreamUnreachable, UpstreamBroken; TimeoutError after `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            upstream = await self.fetch(method, target, self._complete(method, headers, body), body)
            try:
                parts = []
                while data := await upstream.chunk():
                    parts.append(data)
                reply = Reply(upstream.status, upstream.headers, b"".join(parts))
            except BaseException:
                upstream.abort()
                raise
            upstream.release()
            return reply

    async def fetch(self, method: str, target: bytes, headers: Headers, body: bytes) -> Upstream:
        """Send a whole request, its headers as they are, and wait for the answer's head.

        Where the server has closed a kept connection meanwhile, the request is sent once more on a new one.
        Raises UpstreamUnreachable, UpstreamBroken.
        """
        while True:
            kept = self._kept()
            upstream = kept or await self._connect()
            try:
                upstream.begin(method, target, headers, body)
                await upstream.head()
            except UpstreamBroken:
                upstream.abort()
                if kept and not upstream.received:
                    self._drop_idle()
                    continue
                raise
            except BaseException:
                upstream.abort()
                raise
            return upstream

    async def open(self, method: str, target: bytes, headers: Headers) -> Upstream:
        """Send a request's head; its body follows with the Upstream's send() and end().

        On a new connection: a body that was sent cannot be sent once more, were a kept one found closed.
        Raises UpstreamUnreachable.
        """
        upstream = await self._connect()
        upstream.begin(method, target, headers)
        return upstream

    async def close(self) -> None:
        """End every connection, and what is under way on them with UpstreamBroken."""
        for upstream in list(self._all):
            upstream.abort()
        while self._all:
            await asyncio.sleep(0)

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._all)

    def _complete(self, method: str, headers: Headers, body: bytes) -> Headers:
        added: list[tuple[bytes, bytes]] = []
        if not has_header(headers, b"host"):
            added.append((b"Host", self.authority))
        framed = has_header(headers, b"content-length") or has_header(headers, b"transfer-encoding")
        if not framed and (body or method in ("POST", "PUT", "PATCH")):
            added.append((b"Content-Length", b"%d" % len(body)))
        return [*added, *headers] if added else headers

    def _kept(self) -> Upstream | None:
        while self._idle:
            upstream = self._idle.pop()
            if upstream.usable:
                return upstream
        return None

    def _drop_idle(self) -> None:
        """One was closed by the server, so the others are no better (it was restarted, say)."""
        while self._idle:
            self._idle.pop().abort()

    async def _connect(self) -> Upstream:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, upstream = await loop.create_connection(
                    lambda: Upstream(self._released, self._forget), self.host, self.port
                )
        except OSError as error:  # TimeoutError is one
            raise UpstreamUnreachable(f"{self.host}:{self.port}: {error or 'no answer'}") from error
        self._all.add(upstream)
        return upstream

    def _released(self, upstream: Upstream) -> None:
        if len(self._idle) < KEPT:
            self._idle.append(upstream)
        else:
            upstream.abort()

    def _forget(self, upstream: Upstream) -> None:
        self._all.discard(upstream)
        if upstream in self._idle:
            self._idle.remove(upstream)
