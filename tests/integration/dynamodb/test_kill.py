"""kill -9 in the middle of writes, a hundred times: what was acknowledged is there, transactions are whole, indexes and
streams are in step with their table. What was counted is not lost either."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from windtunnel.dynamodb.store import Store, sequence_of
from windtunnel.dynamodb.table import Table
from windtunnel.http.client import Client, UpstreamBroken, UpstreamUnreachable

KILLS = 100
WRITERS = 6
HEADERS = [
    (b"Content-Type", b"application/x-amz-json-1.0"),
    (
        b"Authorization",
        b"AWS4-HMAC-SHA256 Credential=k/20261121/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
    ),
]
TABLE = {
    "TableName": "things",
    "AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "kind", "AttributeType": "S"},
    ],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-kind",
            "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}


@dataclass
class Known:
    """What the writers know: the value of each item as acknowledged, and what was asked and not answered."""

    acknowledged: dict[str, int | None] = field(default_factory=dict)
    asked: dict[str, int | None] = field(default_factory=dict)
    answers: int = 0


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(Path(__file__).with_name("nursery.py")), str(tmp_path / "data")]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        yield process
        for server in psutil.Process(process.pid).children():
            server.kill()
        assert process.stdin
        process.stdin.close()
        process.wait(10)


def born(nursery: subprocess.Popen[str]) -> tuple[int, int]:
    """The process id and the port of a new server."""
    assert nursery.stdin
    assert nursery.stdout
    nursery.stdin.write("\n")
    nursery.stdin.flush()
    pid, port = nursery.stdout.readline().split()
    return int(pid), int(port)


async def ask(client: Client, operation: str, parameters: dict[str, Any]) -> None:
    headers = [*HEADERS, (b"X-Amz-Target", f"DynamoDB_20120810.{operation}".encode())]
    reply = await client.request("POST", b"/", headers, json.dumps(parameters).encode(), timeout=10.0)
    assert reply.status == 200, reply.body


def put(name: str, value: int) -> dict[str, Any]:
    item = {"id": {"S": name}, "value": {"N": str(value)}}
    if value % 4:  # some are not in the index
        item["kind"] = {"S": f"kind-{value % 3}"}
    return {"TableName": "things", "Item": item}


async def write(client: Client, number: int, known: Known, choice: random.Random) -> None:
    """Write until the server dies. Names of one writer are its own, so that it knows what has to be there."""
    with contextlib.suppress(UpstreamBroken, UpstreamUnreachable):
        while True:
            value = choice.randrange(1_000_000)
            name = f"{number}-{choice.randrange(12)}"
            match choice.randrange(4):
                case 0:  # a pair, which is always of one value
                    changes: dict[str, int | None] = {f"{name}-left": value, f"{name}-right": value}
                    actions = [{"Put": put(one, value)} for one in changes]
                    await acknowledged(client, known, changes, "TransactWriteItems", {"TransactItems": actions})
                case 1:
                    key = {"TableName": "things", "Key": {"id": {"S": name}}}
                    await acknowledged(client, known, {name: None}, "DeleteItem", key)
                case 2:
                    update = {
                        "TableName": "things",
                        "Key": {"id": {"S": name}},
                        "UpdateExpression": "SET #v = :v, kind = :k",
                        "ExpressionAttributeNames": {"#v": "value"},
                        "ExpressionAttributeValues": {":v": {"N": str(value)}, ":k": {"S": f"kind-{value % 3}"}},
                    }
                    await acknowledged(client, known, {name: value}, "UpdateItem", update)
                case _:
                    await acknowledged(client, known, {name: value}, "PutItem", put(name, value))


async def acknowledged(
    client: Client, known: Known, changes: dict[str, int | None], operation: str, parameters: dict[str, Any]
) -> None:
    known.asked.update(changes)
    await ask(client, operation, parameters)
    known.answers += 1
    known.acknowledged.update(changes)
    for name in changes:
        del known.asked[name]


async def write_until_killed(pid: int, port: int, known: Known, choice: random.Random) -> None:
    clients = [Client("127.0.0.1", port) for _ in range(WRITERS)]
    writers = [asyncio.create_task(write(client, n, known, choice)) for n, client in enumerate(clients)]
    # by how much it did, not by the clock: on a busy machine that would be nothing
    enough = known.answers + choice.randrange(5, 60)
    async with asyncio.timeout(60):
        while known.answers < enough:
            await asyncio.sleep(0.001)
    await asyncio.sleep(choice.uniform(0, 0.01))
    os.kill(pid, signal.SIGKILL)
    await asyncio.gather(*writers)
    for client in clients:
        await client.close()
    async with asyncio.timeout(10):
        while Path(f"/proc/{pid}").exists():  # its connections end before its locks do
            await asyncio.sleep(0.005)


def values(store: Store, table: Table) -> dict[str, int]:
    return {row.item["id"]["S"]: int(row.item["value"]["N"]) for _, row in store.items(table)}


def check(store: Store, known: Known) -> None:
    (table,) = store.tables()
    there = values(store, table)
    for name, value in known.acknowledged.items():
        possible = {value, known.asked[name]} if name in known.asked else {value}
        assert there.get(name) in possible, name
    for name, value in known.asked.items():
        if name not in known.acknowledged:
            assert there.get(name) in (None, value), name
    for name in there:
        if name.endswith("-left"):
            assert there[name] == there[name.replace("-left", "-right")], f"a torn transaction: {name}"
    index = table.indexes["by-kind"]
    indexed = sorted(row.text for row in store.scan_rows(table, index))
    assert indexed == sorted(row.text for _, row in store.items(table) if "kind" in row.item)
    assert store.counts(table).items == len(there)
    assert store.counts(table, index).items == len(indexed)
    assert replayed(store, table) == {row.item["id"]["S"]: row.item for _, row in store.items(table)}


def replayed(store: Store, table: Table) -> dict[str, Any]:
    """What the stream's records make of an empty table."""
    assert table.stream
    state: dict[str, Any] = {}
    last = 0
    for record in store.stream_records(table.stream.arn, 0, 10_000_000):
        change = json.loads(record.text)["dynamodb"]
        assert sequence_of(change["SequenceNumber"]) > last
        last = sequence_of(change["SequenceNumber"])
        name = change["Keys"]["id"]["S"]
        assert state.get(name) == change.get("OldImage")
        state[name] = change.get("NewImage")
    return {name: image for name, image in state.items() if image is not None}


def test_nothing_acknowledged_is_lost_by_killing(nursery: subprocess.Popen[str], tmp_path: Path) -> None:
    choice = random.Random(5)
    known = Known()

    for kill in range(KILLS):
        pid, port = born(nursery)
        if kill == 0:
            asyncio.run(create(port))
        asyncio.run(write_until_killed(pid, port, known, choice))

        store = Store(tmp_path / "data")
        check(store, known)
        (table,) = store.tables()
        there = values(store, table)
        store.close()
        # what was asked and not answered came to be or not: known now
        known.acknowledged |= {name: there.get(name) for name in known.asked}
        known.asked.clear()

    assert known.answers > 10 * KILLS


async def create(port: int) -> None:
    client = Client("127.0.0.1", port)
    await ask(client, "CreateTable", TABLE)
    await client.close()


def test_nothing_counted_is_lost_or_doubled_by_killing(nursery: subprocess.Popen[str]) -> None:
    choice = random.Random(6)
    answers = kills = 0

    for kill in range(10):
        pid, port = born(nursery)
        if kill == 0:
            asyncio.run(create(port))
        answers += asyncio.run(put_until_killed(pid, port, choice))
        kills += 1
    _, port = born(nursery)
    units = asyncio.run(fetch_units(port))

    # a request that was not answered may have been counted
    assert answers <= units <= answers + kills
    assert answers > 10 * kills


async def put_until_killed(pid: int, port: int, choice: random.Random) -> int:
    """How many puts of one unit each were answered. What was counted is asked for meanwhile, and not acknowledged."""
    client, answers, enough = Client("127.0.0.1", port), 0, choice.randrange(15, 60)
    with contextlib.suppress(UpstreamBroken, UpstreamUnreachable):
        while True:
            item = {"id": {"S": str(choice.randrange(100))}}
            await ask(client, "PutItem", {"TableName": "things", "Item": item})
            answers += 1
            if answers == enough:
                asyncio.get_running_loop().call_later(choice.uniform(0, 0.01), os.kill, pid, signal.SIGKILL)
            if answers % 20 == 0:
                await client.request("GET", b"/_windtunnel/dynamodb/metrics", [], b"", timeout=10.0)
    await client.close()
    async with asyncio.timeout(10):
        while Path(f"/proc/{pid}").exists():
            await asyncio.sleep(0.005)
    return answers


async def fetch_units(port: int) -> float:
    client, units, fetched = Client("127.0.0.1", port), 0.0, set()
    while True:
        reply = await client.request("GET", b"/_windtunnel/dynamodb/metrics", [], b"", timeout=10.0)
        batch = json.loads(reply.body)
        if not batch:
            break
        assert batch["id"] not in fetched
        fetched.add(batch["id"])
        for metric in batch["metrics"]:
            if metric["name"] == "ConsumedWriteCapacityUnits":
                units += sum(v * n for v, n in zip(metric["values"], metric["counts"], strict=True))
        target = f"/_windtunnel/dynamodb/metrics/{batch['id']}".encode()
        await client.request("DELETE", target, [], b"", timeout=10.0)
    await client.close()
    return units
