"""`windtunnel dynamodb`: the engine by itself."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

import typer

from windtunnel import config
from windtunnel.errors import WindtunnelError


def dynamodb(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen, on 127.0.0.1. 0: any free port.")
    ] = 8000,
    data: Annotated[Path | None, typer.Option(help="The data file; made where it is not there.")] = None,
    memory: Annotated[bool, typer.Option("--memory", help="Keep nothing on disk.")] = False,
    seed: Annotated[int | None, typer.Option(help="What all that is random below begins with.")] = None,
    read_lag_ms: Annotated[
        float | None, typer.Option(help="Eventually consistent reads see the state of up to so long ago.")
    ] = None,
    throughput: Annotated[
        bool | None, typer.Option(help="Throttle provisioned tables beyond their units and a burst of 300 s.")
    ] = None,
    hot_partitions: Annotated[
        bool | None, typer.Option(help="Throttle a partition key beyond 3 000 RCU or 1 000 WCU.")
    ] = None,
    conflict_rate: Annotated[
        float | None, typer.Option(help="The part of writes that meets another transaction: 0 to 1.")
    ] = None,
    latency_ms: Annotated[float | None, typer.Option(help="Answers wait so long at the median.")] = None,
    table_delay_ms: Annotated[
        float | None, typer.Option(help="Tables take so long to be made, changed and deleted; an index ten times that.")
    ] = None,
) -> None:
    """Run the DynamoDB engine by itself: DynamoDB and DynamoDB Streams on a port, until Ctrl-C."""
    from windtunnel.dynamodb.command import run
    from windtunnel.dynamodb.true_to_life import TrueToLife

    if (data is None) is not memory:
        raise WindtunnelError("where is the data to be?", hint="windtunnel dynamodb --data FILE, or --memory")
    flags = {
        "seed": seed, "read_lag_ms": read_lag_ms, "throughput": throughput, "hot_partitions": hot_partitions,
        "conflict_rate": conflict_rate, "latency_ms": latency_ms,
        "table_delay_ms": table_delay_ms,
    }  # fmt: skip
    given = {name: value for name, value in flags.items() if value is not None}
    options = TrueToLife.of({**config.dynamodb_options(), **given}, "windtunnel.toml or a flag")
    run(data.resolve() if data else None, port, options, functools.partial(typer.echo, err=True))
