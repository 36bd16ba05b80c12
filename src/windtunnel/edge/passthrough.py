"""What is for nobody here goes to the backplane as it came, and its answer back as it came."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass

from windtunnel.edge.pipe import Pipes
from windtunnel.http.client import Client, Upstream, UpstreamBroken, UpstreamUnreachable
from windtunnel.http.exchange import ClientGone, Exchange
from windtunnel.http.messages import Headers
from windtunnel.http.server import Tunnel

LOG = logging.getLogger(__name__)
SMALL = 64 * 1024
"""Bytes of a body that is taken in whole before it is sent on: such a request can be sent once more."""
CONTINUE_WAIT = 1.0
"""Seconds for a server to ask for a body with 100 Continue, before it is sent anyway (RFC 9110, 10.1.1: a client
should not wait for ever)."""
HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"}
"""RFC 9110, 7.6.1: these are between two neighbours."""
FRAMING = {b"content-length", b"transfer-encoding", b"host"}
JSON = (b"Content-Type", b"application/json")
NOT_THERE = json.dumps({"message": "the backplane (LocalStack) is not there; it is being restarted"}).encode()
BROKE_OFF = json.dumps({"message": "the backplane (LocalStack) broke off before it answered"}).encode()


class PassThrough:
    """The way to the backplane: `forward` for requests, `tunnel` for what is not HTTP (any more)."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._pipes = Pipes(client.host, client.port)
        self.tunnel = Tunnel(self._pipes.take)
        """For a Server: TLS handshakes and websockets become a pipe of bytes to the backplane."""

    async def forward(
        self,
        exchange: Exchange,
        *,
        target: bytes | None = None,
        headers: Headers | None = None,
        body: bytes | None = None,
    ) -> None:
        """Answer an exchange with what the backplane answers.

        Method, target, headers and body are the exchange's own, byte for byte, where they are not given. A body that
        was read of the exchange already has to be given; it has to fit the headers.
        """
        request = _Request(
            exchange.method,
            exchange.target if target is None else target,
            onward(exchange.headers if headers is None else headers, self._client.authority),
        )
        try:
            if body is None and _is_small(exchange):
                body = await exchange.body(SMALL)
            if body is not None:
                await self._whole(exchange, request, body)
            else:
                await self._streaming(exchange, request)
        except ClientGone:
            exchange.abort()
        except UpstreamUnreachable as error:
            LOG.info("the backplane is not there: %s", error)
            exchange.respond(503, (JSON, (b"Retry-After", b"1")), NOT_THERE)
        except UpstreamBroken as error:
            LOG.info("the backplane broke off at %s %r: %s", request.method, request.target, error)
            if exchange.started or exchange.gone:
                exchange.abort()
            else:
                exchange.respond(502, (JSON,), BROKE_OFF)
        except BaseException:
            exchange.abort()
            raise

    async def close(self) -> None:
        """End the pipes. (The client is its owner's.)"""
        await self._pipes.close()

    async def _whole(self, exchange: Exchange, request: _Request, body: bytes) -> None:
        upstream = await self._client.fetch(request.method, request.target, request.headers, body)
        try:
            exchange.on_gone = upstream.abort
            await _answer(exchange, upstream)
        except BaseException:
            upstream.abort()
            raise
        upstream.release()

    async def _streaming(self, exchange: Exchange, request: _Request) -> None:
        upstream = await self._client.open(request.method, request.target, request.headers)
        upload = asyncio.create_task(_upload(exchange, upstream))
        try:
            exchange.on_gone = upstream.abort
            try:
                await _answer(exchange, upstream)
            except UpstreamBroken:
                if upload.done() and not upload.cancelled() and (error := upload.exception()):
                    raise error from None  # it was broken off because the client had gone
                raise
        except BaseException:
            upstream.abort()
            raise
        finally:
            upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)
        upstream.release()


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: bytes
    headers: Headers


def onward(headers: Headers, authority: bytes) -> Headers:
    """A request's headers without those between neighbours. HTTP/1.0 needs no Host, what we speak does."""
    kept = end_to_end(headers)
    if not any(name.lower() == b"host" for name, _ in kept):
        kept.insert(0, (b"Host", authority))
    return kept


def end_to_end(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Headers without those that are between two neighbours: the usual ones, and what Connection names."""
    dropped = HOP_BY_HOP
    for name, value in headers:
        if name.lower() == b"connection":
            dropped = dropped | ({token.strip().lower() for token in value.split(b",")} - FRAMING)
    return [header for header in headers if header[0].lower() not in dropped]


def _is_small(exchange: Exchange) -> bool:
    """Whether a body is taken in whole: one that is here, or is short and on its way."""
    if exchange.complete:
        return True
    length = exchange.lowered.get(b"content-length", b"")
    return length.isdigit() and int(length) <= SMALL and not exchange.expects_continue


async def _upload(exchange: Exchange, upstream: Upstream) -> None:
    """Send the client's body on. Ends without a word when the backplane takes no more: the answer says why."""
    try:
        if exchange.expects_continue:
            try:
                async with asyncio.timeout(CONTINUE_WAIT):
                    await upstream.asked()
            except TimeoutError:
                pass
            if upstream.status:  # it answered without the body, and who knows where the next request would begin
                return
        while data := await exchange.chunk():
            await upstream.send(data)
        upstream.end()
    except ClientGone:
        upstream.abort()
        raise
    except UpstreamBroken:
        return


async def _answer(exchange: Exchange, upstream: Upstream) -> None:
    status = await upstream.head()
    headers = [header for header in end_to_end(upstream.headers) if header[0].lower() != b"transfer-encoding"]
    exchange.start(status, headers)
    while data := await upstream.chunk():
        await exchange.send(data)
    exchange.end()
