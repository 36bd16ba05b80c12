"""The options of real life, over the wire: what a client sees of throttling, lag, conflicts and latency."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from windtunnel.dynamodb.server import DynamoDB
from windtunnel.dynamodb.true_to_life import TrueToLife
from windtunnel.http.client import Client

HEADERS = [
    (b"Content-Type", b"application/x-amz-json-1.0"),
    (
        b"Authorization",
        b"AWS4-HMAC-SHA256 Credential=a/b/us-east-1/dynamodb/aws4_request, SignedHeaders=h, Signature=0",
    ),
]


class Caller:
    """A server with options, and calls to it."""

    def __init__(self, options: TrueToLife) -> None:
        self._server = DynamoDB(None, options)

    async def __aenter__(self) -> Caller:
        self._client = Client("127.0.0.1", await self._server.listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
        await self._server.close()

    async def __call__(self, operation: str, **parameters: Any) -> dict[str, Any]:
        headers = [*HEADERS, (b"X-Amz-Target", f"DynamoDB_20120810.{operation}".encode())]
        reply = await self._client.request("POST", b"/", headers, json.dumps(parameters).encode(), timeout=10.0)
        answer: dict[str, Any] = json.loads(reply.body)
        return answer

    async def table(self, **overrides: Any) -> None:
        wanted = {
            "TableName": "things",
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "kind")],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-kind",
                    "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        }
        assert "__type" not in await self("CreateTable", **(wanted | overrides))

    async def put(self, id_: str, kind: str, **more: str) -> dict[str, Any]:
        values = {"id": id_, "kind": kind, **more}
        item = {name: {"S": value} for name, value in values.items()}
        return await self("PutItem", TableName="things", Item=item)


def test_an_eventually_consistent_read_may_lag() -> None:
    async def lagging() -> None:
        async with Caller(TrueToLife(read_lag_ms=60_000, seed=1)) as call:
            await call.table()
            await call.put("1", "old")
            await call.put("1", "new")
            key = {"id": {"S": "1"}}
            query = {
                "TableName": "things",
                "IndexName": "by-kind",
                "KeyConditionExpression": "kind = :k",
                "ExpressionAttributeValues": {":k": {"S": "new"}},
            }
            gets = [await call("GetItem", TableName="things", Key=key) for _ in range(20)]
            sure = await call("GetItem", TableName="things", Key=key, ConsistentRead=True)
            queries = [await call("Query", **query) for _ in range(20)]
            scans = [await call("Scan", TableName="things") for _ in range(20)]

            # the lag is up to a minute and all was written just now: hardly any read sees it
            assert sum("Item" in answer for answer in gets) < 5
            assert sure["Item"]["kind"] == {"S": "new"}
            assert sum(answer["Count"] for answer in queries) < 5
            assert sum(answer["Count"] for answer in scans) < 5

    asyncio.run(lagging())


def test_a_provisioned_table_throttles_after_its_burst() -> None:
    async def throttled() -> None:
        async with Caller(TrueToLife(throughput=True)) as call:
            units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
            await call.table(
                BillingMode="PROVISIONED",
                ProvisionedThroughput=units,
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                GlobalSecondaryIndexes=None,
            )
            answers = [await call.put("1", "x", text="x" * 10_000) for _ in range(40)]
            refused = [answer for answer in answers if answer]

            # 10 units a write, and 300 to begin with
            assert answers.index(refused[0]) == 30
            assert refused[0]["__type"].endswith("#ProvisionedThroughputExceededException")
            batch = {"things": [{"PutRequest": {"Item": {"id": {"S": "2"}, "text": {"S": "x" * 10_000}}}}]}
            assert (await call("BatchWriteItem", RequestItems=batch))["__type"].endswith("ThroughputExceededException")

    asyncio.run(throttled())


def test_a_write_may_meet_a_transaction() -> None:
    async def conflicting() -> None:
        async with Caller(TrueToLife(conflict_rate=1.0)) as call:
            await call.table()
            put = await call.put("1", "x")
            item = {"TableName": "things", "Item": {"id": {"S": "1"}}}
            transaction = await call("TransactWriteItems", TransactItems=[{"Put": item}])

            assert put["__type"].endswith("#TransactionConflictException")
            assert transaction["CancellationReasons"][0]["Code"] == "TransactionConflict"
            assert (await call("Scan", TableName="things"))["Count"] == 0

    asyncio.run(conflicting())


def test_answers_wait_and_others_do_not_wait_for_them() -> None:
    async def waiting() -> None:
        async with Caller(TrueToLife(latency_ms=100)) as call:
            await call.table()
            began = asyncio.get_running_loop().time()
            await asyncio.gather(*(call.put(str(number), "x") for number in range(50)))

            took = asyncio.get_running_loop().time() - began
            assert took > 0.1  # the longest of fifty is above the median

    asyncio.run(waiting())
