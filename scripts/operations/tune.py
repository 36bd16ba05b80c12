"""Try a function at several memory sizes: make tune FUNCTION=create-user. It goes back to its own size at the end.

Times are of this machine, where a function has whole cores at any size; in AWS a size is also a share of a core (one
vCPU at 1,769 MB), so less memory is slower there. What holds for both: how much memory it needs at least, and what a
millisecond costs at each size. A function that writes does write, each time. ENGINE=aws for the stack in AWS, where
each invocation is paid for.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from operations import boundary
from windtunnel import config
from windtunnel.errors import WindtunnelError
from windtunnel.harness import Harness

SIZES = (128, 256, 512, 1024, 1769)
GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
"""US dollars for a GB-second, first tier, us-east-1 (AWS Lambda Pricing)."""
REPORT = re.compile(
    r"Duration: (?P<duration>[\d.]+) ms\s+Billed Duration: (?P<billed>\d+) ms\s+Memory Size: \d+ MB\s+"
    r"Max Memory Used: (?P<memory>\d+) MB(?:\s+Init Duration: (?P<init>[\d.]+) ms)?"
)


class NoReport(WindtunnelError):
    """An invocation failed, or said nothing of what it cost."""


@dataclass(frozen=True)
class Run:
    """One invocation, as its REPORT line tells: milliseconds, and MB. `init` where it was a cold start."""

    duration: float
    billed: int
    memory: int
    init: float | None

    @classmethod
    def read(cls, log: str) -> Run:
        """The run of a log's last lines. Raises NoReport."""
        found = REPORT.search(log)
        if found is None:
            raise NoReport(f"the function's log has no REPORT line: {log[-200:]!r}")
        init = found["init"]
        return cls(float(found["duration"]), int(found["billed"]), int(found["memory"]), float(init) if init else None)


@dataclass(frozen=True)
class Row:
    """What a memory size comes to. `dollars` is for a million invocations, without the price of the requests."""

    size: int
    median: float
    slow: float
    cold: float | None
    memory: int
    gb_seconds: float
    dollars: float


def row(size: int, runs: Sequence[Run], architecture: str) -> Row:
    """Of the invocations at one size. GB-seconds are those of an invocation, on average."""
    durations = sorted(run.duration for run in runs)
    gb_seconds = statistics.fmean(run.billed for run in runs) / 1000 * size / 1024
    return Row(
        size=size,
        median=statistics.median(durations),
        slow=durations[-(-len(durations) * 95 // 100) - 1],
        cold=next((run.init for run in runs if run.init is not None), None),
        memory=max(run.memory for run in runs),
        gb_seconds=gb_seconds,
        dollars=gb_seconds * GB_SECOND[architecture] * 1_000_000,
    )


@contextmanager
def size_kept(client: Any, name: str) -> Iterator[Callable[[int], None]]:
    """Gives what sets the function's memory size; it has its own again after the block, whatever happens in it."""
    own = client.get_function_configuration(FunctionName=name)["MemorySize"]

    def resize(size: int) -> None:
        client.update_function_configuration(FunctionName=name, MemorySize=size)
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    try:
        yield resize
    finally:
        # a second Ctrl-C would leave another size: it is worth saying which is the function's own
        print(f"back to {own} MB", file=sys.stderr)
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        resize(own)


def invoke(client: Any, name: str, payload: bytes) -> Run:
    """One invocation. Raises NoReport where the function failed."""
    answer = client.invoke(FunctionName=name, Payload=payload, LogType="Tail")
    body = answer["Payload"].read()
    if "FunctionError" in answer:
        raise NoReport(f"{name} failed: {body[:300]!r}", hint="give it an event that it takes: EVENT=event.json")
    return Run.read(base64.b64decode(answer["LogResult"]).decode())


def default_event(method: str, path: str) -> bytes:
    """A proxy event for a function's own route: one that the service answers, be it with 404. A batch of none else."""
    if method not in ("GET", "POST", "PUT", "DELETE"):
        return b'{"Records": []}'
    return json.dumps(
        {
            "resource": path, "path": path, "httpMethod": method, "headers": {}, "queryStringParameters": None,
            "pathParameters": dict.fromkeys(re.findall(r"\{(\w+)\}", path), "5"), "stageVariables": None,
            "requestContext": {"requestId": "tune", "stage": "Prod", "identity": {}}, "isBase64Encoded": False,
            "body": '{"name": "Ada Lovelace", "email": "ada@example.com"}' if method in ("POST", "PUT") else None,
        }
    ).encode()  # fmt: skip


def main() -> int:
    """Print a table, a row for each size."""
    parser = argparse.ArgumentParser(prog="make tune", description=__doc__)
    parser.add_argument("function", help="its name, or the end of it: create-user")
    parser.add_argument("--event", type=Path, help="a JSON file to invoke it with; else a request of its own route")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="MB, by commas (default %(default)s)")
    parser.add_argument("--count", type=int, default=20, help="invocations for each size (default 20)")
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",")]
    if asked.count < 1 or not all(128 <= size <= 10240 for size in sizes):
        parser.error("sizes are from 128 to 10240 MB, and there is at least one invocation")
    harness = Harness(config.load(start=Path(__file__).parent))
    harness.require_up()
    client, stack = harness.client("lambda"), harness.stack()
    name = asked.function if asked.function.startswith(stack.name) else f"{stack.name}-{asked.function}"
    try:
        found = client.get_function_configuration(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        raise WindtunnelError(f"there is no function {name}", hint="make logs shows the functions' names") from None
    method, _, path = found.get("Description", "").partition(" ")
    payload = asked.event.read_bytes() if asked.event else default_event(method, path)
    architecture = found.get("Architectures", ["x86_64"])[0]
    rows = []
    with size_kept(client, name) as resize:
        for size in sizes:
            resize(size)
            rows.append(row(size, [invoke(client, name, payload) for _ in range(asked.count)], architecture))
    show(rows, f"{name}, {asked.count} invocations a size, {architecture}")
    if harness.engine.name != "aws":
        print("Times are this machine's: a function has whole cores at any size here, and a share of one in AWS.")
    return 0


def show(rows: Sequence[Row], title: str) -> None:
    table = Table(title=title)
    for heading in ("MB", "median ms", "p95 ms", "cold start ms", "most MB", "GB-s each", "$ a million"):
        table.add_column(heading, justify="right")
    for found in rows:
        cold = "" if found.cold is None else f"{found.cold:.0f}"
        table.add_row(
            str(found.size), f"{found.median:.1f}", f"{found.slow:.1f}", cold, str(found.memory),
            f"{found.gb_seconds:.6f}", f"{found.dollars:.3f}",
        )  # fmt: skip
    Console(width=100).print(table)


if __name__ == "__main__":
    boundary.run(main)
