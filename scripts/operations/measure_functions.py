"""Measure each function of the stack that is up, and of the optional parts beside it: its size, and its cold start.

It writes docs/functions.md. A function gets a new environment by a change of its memory size, which is taken back. The
times are of this machine.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from operations import boundary
from operations.tune import NoReport, default_event, invoke, size_kept
from windtunnel import config
from windtunnel.harness import Harness

FILE = Path(__file__).parents[2] / "docs/functions.md"


@dataclass(frozen=True)
class Measured:
    """Sizes are of the archives, in bytes; `cold` are init durations, in milliseconds."""

    name: str
    runtime: str
    code: int
    layers: int
    cold: tuple[float, ...]


def functions(client: Any, stack: str) -> Iterator[dict[str, Any]]:
    """The functions whose names begin with the stack's: those of its parts do as well."""
    for page in client.get_paginator("list_functions").paginate():
        yield from (found for found in page["Functions"] if found["FunctionName"].startswith(f"{stack}-"))


def measure(client: Any, function: dict[str, Any], count: int) -> Measured:
    """Start it anew `count` times."""
    name, own = function["FunctionName"], function["MemorySize"]
    method, _, path = function.get("Description", "").partition(" ")
    cold = []
    with size_kept(client, name) as resize:
        for number in range(count):
            # each change of the configuration is a new environment
            resize(own + 1 + number % 2)
            try:
                run = invoke(client, name, default_event(method, path))
            except NoReport as error:
                print(f"{name}: no cold start: {error}", file=sys.stderr)
                break
            if run.init is not None:
                cold.append(run.init)
    layers = sum(layer["CodeSize"] for layer in function.get("Layers", []))
    return Measured(name, function["Runtime"], function["CodeSize"], layers, tuple(cold))


def page(measured: Sequence[Measured], stack: str, now: datetime) -> str:
    """The Markdown page."""
    lines = [
        "# The functions: package size and cold start",
        "",
        f"Measured on {now:%Y-%m-%d} by `scripts/measure-functions` on {psutil.cpu_count()} cores "
        f"({platform.machine()}, {platform.system()}): archives as they are deployed, and the median of the init "
        "durations that the REPORT lines tell, on a machine with other work. In AWS an init is slower.",
        "",
        "| function | runtime | its code | its layers | cold start |",
        "|---|---|--:|--:|--:|",
    ]
    for found in sorted(measured, key=lambda one: one.name):
        cold = f"{statistics.median(found.cold):.0f} ms" if found.cold else "–"
        layers = f"{found.layers / 1024:,.0f} KB" if found.layers else "–"
        name = found.name.removeprefix(f"{stack}-")
        lines.append(f"| {name} | {found.runtime} | {found.code / 1024:,.1f} KB | {layers} | {cold} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="scripts/measure-functions", description=__doc__)
    parser.add_argument("--count", type=int, default=3, help="cold starts of each (default 3)")
    count = parser.parse_args().count
    harness = Harness(config.load(start=Path(__file__).parent))
    harness.require_up()
    client, stack = harness.client("lambda"), harness.settings.stack
    measured = [measure(client, function, count) for function in functions(client, stack)]
    FILE.write_text(page(measured, stack, datetime.now(UTC)))
    print(f"{FILE}: {len(measured)} functions")
    return 0


if __name__ == "__main__":
    boundary.run(main)
