"""What DynamoDB counted, brought to CloudWatch in the backplane: a batch at a time, which is the same to the byte until
it is acknowledged.

The edge keeps none of it. Whoever is killed on the way, the batch is still DynamoDB's, or is there already: then the
plugin, which takes no batch twice, does not take it again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from windtunnel.http.client import Client
from windtunnel.http.upstream import UpstreamBroken, UpstreamUnreachable

LOG = logging.getLogger(__name__)

INTERVAL = 5.0
PATH = b"/_windtunnel/dynamodb/metrics"
TIMEOUT = 10.0


class DynamoDBMetrics:
    """Fetches and sends, every few seconds. `send` brings a batch to the plugin; whether it took it."""

    def __init__(self, dynamodb: Client, send: Callable[[bytes], Awaitable[bool]], interval: float = INTERVAL) -> None:
        self._dynamodb = dynamodb
        self._send = send
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Bring them from now on."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """End. What was not brought yet stays with DynamoDB."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                while await self.bring():
                    pass
            except Exception:  # the boundary of a worker loop
                LOG.exception("DynamoDB's metrics could not be brought to CloudWatch; it is tried again")

    async def bring(self) -> bool:
        """Bring the next batch. False where there is none, or one of both is not there now."""
        try:
            reply = await self._dynamodb.request("GET", PATH, [], b"", timeout=TIMEOUT)
            identifier = json.loads(reply.body).get("id") if reply.status == 200 else None
            if not identifier or not await self._send(reply.body):
                return False
            target = PATH + b"/" + identifier.encode()
            await self._dynamodb.request("DELETE", target, [], b"", timeout=TIMEOUT)
        except (UpstreamBroken, UpstreamUnreachable, TimeoutError) as error:
            LOG.info("DynamoDB's metrics wait: %s", error)
            return False
        return True
