"""`python -m bench.dynamodb`: puts and gets a second beside the peers, and how reads grow with the table.

python -m bench.dynamodb --case put,get --server windtunnel,dynamodb-local
python -m bench.dynamodb --case flat --sizes 10000,100000,1000000
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.dynamodb.servers import SERVERS
from bench.errors import BenchError
from bench.load import Sample, parse, require_wrk
from bench.machine import describe_machine
from bench.system import Running, Site
from windtunnel import config
from windtunnel.errors import WindtunnelError

SCRIPT = Path(__file__).with_name("load.lua")
CONNECTIONS = 8
TABLE = "bench"
KEYS = 10_000
"""Of puts and gets."""
CASES = {"put": "PutItem", "get": "GetItem"}
READS = ("GetItem", "Query", "IndexQuery", "Scan")
BATCH = 25
FLAT = 1.5
"""How much slower a read may be at the largest size than at the smallest."""


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parse(arguments)
    settings = config.load(start=Path(__file__).parent)
    home = settings.install_dir / "bench" / "dynamodb"
    print(f"{require_wrk()}, {CONNECTIONS} connections, {asked.seconds} s a round, on {describe_machine()}\n")
    failed = False
    for name in asked.server.split(","):
        site = Site(settings, home / name, _say)
        site.home.mkdir(parents=True, exist_ok=True)
        try:
            with SERVERS[name](site) as running:
                failed |= _measure(running, asked)
        except WindtunnelError as error:
            failed = True
            print(f"{name}: {error} {error.hint}\n{error.detail}")
    return int(failed)


def _measure(running: Running, asked: argparse.Namespace) -> bool:
    cases = asked.case.split(",")
    client = running.client("dynamodb")
    slow = False
    if {"put", "get"} & set(cases):
        _create(client)
        _fill(client, 0, KEYS)
        for case in (case for case in cases if case in CASES):
            samples = [_load(running, CASES[case], KEYS, asked.seconds) for _ in range(asked.rounds)]
            rps = statistics.median(sample.rps for sample in samples)
            p50, p99 = (statistics.median(getattr(s, f) for s in samples) for f in ("p50_ms", "p99_ms"))
            errors = sum(sample.errors for sample in samples)
            print(f"{running.name:<15} {case:<4} {rps:>9,.0f}/s  p50 {p50:.2f} ms  p99 {p99:.2f} ms  errors {errors}")
        client.delete_table(TableName=TABLE)
    if "flat" in cases:
        slow = _flat(running, client, [int(size) for size in asked.sizes.split(",")], asked)
    sys.stdout.flush()
    return slow


def _flat(running: Running, client: Any, sizes: Sequence[int], asked: argparse.Namespace) -> bool:
    """Whether a read's median is more than FLAT times that of the smallest size."""
    _create(client)
    medians: dict[str, list[float]] = {operation: [] for operation in READS}
    there = 0
    for size in sizes:
        _fill(client, there, size)
        there = size
        for operation in READS:
            _load(running, operation, size, 1)
            found = [_load(running, operation, size, asked.seconds).p50_ms for _ in range(asked.rounds)]
            medians[operation].append(statistics.median(found))
    slow = False
    for operation, found in medians.items():
        told = "  ".join(f"{size:>9,}: {p50:6.3f} ms" for size, p50 in zip(sizes, found, strict=True))
        ratio = max(found) / found[0]
        slow |= ratio > FLAT
        print(f"{running.name:<15} {operation:<10} {told}  at most {ratio:.2f} times the smallest")
    return slow


def _create(client: Any) -> None:
    names = ("id", "sort", "group")
    client.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "sort", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-group",
                "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    client.get_waiter("table_exists").wait(TableName=TABLE)


def _fill(client: Any, first: int, end: int) -> None:
    """The items that load.lua asks for: a hundred a group, ten under one partition key."""

    def put(start: int) -> None:
        items = [_item(key) for key in range(start, min(start + BATCH, end))]
        left = {TABLE: [{"PutRequest": {"Item": item}} for item in items]}
        while left:
            left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(first, end, BATCH)))


def _item(key: int) -> dict[str, dict[str, str]]:
    values = {"id": f"item-{key // 10}", "sort": f"{key % 10}", "group": f"group-{key // 100}", "text": "x" * 150}
    return {**{name: {"S": value} for name, value in values.items()}, "number": {"N": str(key)}}


def _load(running: Running, operation: str, items: int, seconds: float) -> Sample:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout=30s", "-s", str(SCRIPT)]
    done = subprocess.run(
        [*command, running.endpoint_url, "--", operation, TABLE, str(items)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"wrk ended with {done.returncode}", detail=done.stdout + done.stderr)
    return parse(done.stdout)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.dynamodb", description=__doc__)
    parser.add_argument("--server", default=",".join(SERVERS), help=f"of {', '.join(SERVERS)}")
    parser.add_argument("--case", default="put,get,flat", help="of put, get, flat")
    parser.add_argument("--sizes", default="10000,100000,1000000", help="of the table, for flat")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of load a round")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(json.dumps(text), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
