"""What DynamoDB counted, on its way to the plugin: who is killed on the way, when, and what arrives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from windtunnel.dynamodb.server import DynamoDB
from windtunnel.edge.dynamodb_metrics import DynamoDBMetrics
from windtunnel.http.client import Client

AUTHORIZATION = b"AWS4-HMAC-SHA256 Credential=a/b/us-east-1/dynamodb/aws4_request, SignedHeaders=h, Signature=0"
HEADERS = [(b"Content-Type", b"application/x-amz-json-1.0"), (b"Authorization", AUTHORIZATION)]


class Plugin:
    """Takes batches, each once, as the plugin does; or is away."""

    def __init__(self) -> None:
        self.away = False
        self.asked: list[bytes] = []
        self._taken: dict[str, bytes] = {}

    async def take(self, body: bytes) -> bool:
        self.asked.append(body)
        if not self.away:
            self._taken.setdefault(json.loads(body)["id"], body)
        return not self.away

    @property
    def units(self) -> float:
        units = [
            float(value * count)
            for body in self._taken.values()
            for metric in json.loads(body)["metrics"]
            if metric["name"] == "ConsumedReadCapacityUnits"
            for value, count in zip(metric["values"], metric["counts"], strict=True)
        ]
        return sum(units)


@asynccontextmanager
async def serving(path: Path) -> AsyncIterator[Client]:
    server = DynamoDB(path)
    client = Client("127.0.0.1", await server.listen())
    yield client
    await client.close()
    await server.close()


async def call(client: Client, operation: str, **parameters: Any) -> None:
    headers = [*HEADERS, (b"X-Amz-Target", f"DynamoDB_20120810.{operation}".encode())]
    reply = await client.request("POST", b"/", headers, json.dumps(parameters).encode(), timeout=10.0)
    assert reply.status == 200, reply.body


async def make_table(client: Client) -> None:
    await call(
        client,
        "CreateTable",
        TableName="things",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


async def read(client: Client, times: int) -> None:
    for _ in range(times):
        await call(client, "GetItem", TableName="things", Key={"id": {"S": "1"}}, ConsistentRead=True)


def test_what_was_counted_arrives_once(run: Callable[..., Any], tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path / "data") as client:
            plugin = Plugin()
            metrics = DynamoDBMetrics(client, plugin.take)
            await make_table(client)

            await read(client, 3)
            assert await metrics.bring()
            assert not await metrics.bring()
            await read(client, 2)
            assert await metrics.bring()

            assert plugin.units == 5
            assert len(plugin.asked) == 2

    run(main())


def test_what_is_counted_while_it_is_brought_is_for_the_next_time(run: Callable[..., Any], tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path / "data") as client:
            plugin = Plugin()

            async def take(body: bytes) -> bool:
                await read(client, 1)  # as under load: there is always more
                return await plugin.take(body)

            metrics = DynamoDBMetrics(client, take)
            await make_table(client)
            await read(client, 3)

            for times in (1, 2, 3):
                async with asyncio.timeout(10):
                    await metrics.bring_all()
                assert len(plugin.asked) == times
            assert plugin.units == 3 + 2

    run(main())


def test_what_was_left_is_brought_at_once(run: Callable[..., Any], tmp_path: Path) -> None:
    async def main() -> None:
        for _ in range(3):
            async with serving(tmp_path / "data") as client:
                await make_table(client)
                await read(client, 2)
                await call(client, "DeleteTable", TableName="things")
        plugin = Plugin()
        async with serving(tmp_path / "data") as client:
            await DynamoDBMetrics(client, plugin.take).bring_all()

        assert plugin.units == 6
        assert len(plugin.asked) == 3

    run(main())


def test_it_is_brought_without_being_asked(run: Callable[..., Any], tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path / "data") as client:
            plugin = Plugin()
            metrics = DynamoDBMetrics(client, plugin.take, interval=0.01)
            await make_table(client)
            metrics.start()

            await read(client, 3)
            async with asyncio.timeout(10):
                while plugin.units < 3:
                    await asyncio.sleep(0.01)
            await metrics.close()

            assert plugin.units == 3

    run(main())


def test_while_the_plugin_is_away_it_stays_with_dynamodb(run: Callable[..., Any], tmp_path: Path) -> None:
    async def main() -> None:
        plugin = Plugin()
        async with serving(tmp_path / "data") as client:
            await make_table(client)
            await read(client, 3)
            plugin.away = True
            assert not await DynamoDBMetrics(client, plugin.take).bring()
        plugin.away = False
        async with serving(tmp_path / "data") as client:  # anew, on the same data
            assert await DynamoDBMetrics(client, plugin.take).bring()

        assert plugin.units == 3
        assert plugin.asked[0] == plugin.asked[1]

    run(main())


def test_an_edge_that_is_killed_before_it_acknowledges_doubles_nothing(run: Callable[..., Any], tmp_path: Path) -> None:
    async def main() -> None:
        plugin = Plugin()

        async def take_and_be_killed(body: bytes) -> bool:
            await plugin.take(body)
            raise asyncio.CancelledError

        async with serving(tmp_path / "data") as client:
            await make_table(client)
            await read(client, 3)
            with pytest.raises(asyncio.CancelledError):
                await DynamoDBMetrics(client, take_and_be_killed).bring()
            await read(client, 2)

            another = DynamoDBMetrics(client, plugin.take)
            while await another.bring():
                pass

        assert plugin.units == 5
        assert plugin.asked[0] == plugin.asked[1]

    run(main())


def test_without_dynamodb_it_waits(run: Callable[..., Any], tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path / "data") as client:
            port = client.port
        gone = Client("127.0.0.1", port)

        assert not await DynamoDBMetrics(gone, Plugin().take).bring()
        await gone.close()

    run(main())
