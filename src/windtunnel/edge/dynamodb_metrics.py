"""What DynamoDB counted, brought to CloudWatch in the backplane: a batch at a time, which is the same to the byte until
it is acknowledged.

The edge keeps none of it. Whoever is killed on the way, the batch is still DynamoDB's, or is there already: then the
plugin, which takes no batch twice, does not take it again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable

from windtunnel.edge.repeated import Repeated
from windtunnel.http.client import Client, Reply
from windtunnel.http.upstream import UpstreamBroken, UpstreamUnreachable

LOG = logging.getLogger(__name__)

INTERVAL = 5.0
CONTROL = b"/_windtunnel/dynamodb/"
TIMEOUT = 10.0


class DynamoDBMetrics:
    """Fetches and sends, every few seconds. `send` brings a batch to the plugin; whether it took it."""

    def __init__(self, dynamodb: Client, send: Callable[[bytes], Awaitable[bool]], interval: float = INTERVAL) -> None:
        self._dynamodb = dynamodb
        self._send = send
        self._repeated = Repeated(self.bring_all, interval, "DynamoDB's metrics could not be brought to CloudWatch")

    def start(self) -> None:
        """Bring them from now on."""
        self._repeated.start()

    async def close(self) -> None:
        """End. What was not brought yet stays with DynamoDB."""
        await self._repeated.close()

    async def bring_all(self) -> None:
        """What was counted until now. What comes meanwhile is for the next time: under load there is always more."""
        route = b"metrics"
        while await self.bring(route):
            route = b"metrics/closed"

    async def bring(self, route: bytes = b"metrics") -> bool:
        """Bring the next batch. False where there is none, or one of both is not there now."""
        try:
            reply = await self._ask("GET", route)
            identifier = json.loads(reply.body).get("id") if reply.status == 200 else None
            if not identifier or not await self._send(reply.body):
                return False
            await self._ask("DELETE", b"metrics/" + identifier.encode())
        except (UpstreamBroken, UpstreamUnreachable, TimeoutError) as error:
            LOG.info("DynamoDB's metrics wait: %s", error)
            return False
        return True

    async def consumed(self) -> Reply:
        """DynamoDB's answer to what each table consumed since it began. Raises what a Client does."""
        return await self._ask("GET", b"consumed")

    async def _ask(self, method: str, route: bytes) -> Reply:
        return await self._dynamodb.request(method, CONTROL + route, timeout=TIMEOUT)
