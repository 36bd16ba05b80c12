"""A run as its generators would have told of it, and what is known beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from windtunnel.load.function_log import FunctionLog, Invocation
from windtunnel.load.plan import Plan
from windtunnel.load.prices import read_prices
from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.report import Facts, Known, build
from windtunnel.load.sample import Cell
from windtunnel.load.samples import BEGAN, ENDED, Mark, SampleFile, Samples
from windtunnel.load.stored import Stored, read_run
from windtunnel.load.targets import Target

ORIGIN = 1_795_000_000

MakeSamples = Callable[..., Samples]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(
        run="20261121-120000",
        scenario="mixed",
        shape="steady",
        users=10,
        seconds=30,
        warmup=5,
        folder=str(tmp_path),
        base_url="http://127.0.0.1:4566/api",
        api_key="secret-key",
        outputs={"UsersTableName": "users-table"},
        endpoint_url="http://127.0.0.1:4566",
    )


@pytest.fixture
def make_samples() -> MakeSamples:
    """A run of `seconds`: `rate` answers a second of `milliseconds`, in turn, at each endpoint."""

    def make(
        seconds: int = 30,
        rate: int = 10,
        milliseconds: Sequence[float] = (10.0, 20.0),
        endpoints: Sequence[str] = ("GET /users/{userId}", "POST /users"),
        workers: int = 1,
    ) -> Samples:
        now = [float(ORIGIN)]
        samples = Samples()
        samples.mark(Mark(BEGAN, ORIGIN))
        recorders = [Recorder(f"worker-{number}", lambda: now[0]) for number in range(workers)]
        number = 0
        for second in range(seconds):
            now[0] = ORIGIN + second + 0.5
            for recorder in recorders:
                for _ in range(rate):
                    for endpoint in endpoints:
                        recorder.sent()
                        took = milliseconds[number % len(milliseconds)]
                        recorder.ended(Ended(endpoint, "", took, sent_bytes=100, received_bytes=200))
                        number += 1
                samples.take(recorder.flush(users=10, cpu=20.0))
        samples.mark(Mark(ENDED, ORIGIN + seconds))
        return samples

    return make


@pytest.fixture
def known() -> Known:
    targets = (Target("all", "p95_ms", 50.0), Target("POST /users", "p50_ms", 30.0))
    return Known(targets, read_prices("us-east-1"), {})


@pytest.fixture
def store(tmp_path: Path, plan: Plan, known: Known, make_samples: Callable[..., Samples]) -> Callable[..., Stored]:
    """Writes a run as a run writes itself, and reads it again. `outage` are seconds without an answer, `broken` is an
    endpoint with errors only, `calls` the durations of a function's invocations."""

    def write(
        name: str,
        milliseconds: float,
        *,
        seconds: int = 55,
        outage: range = range(0),
        broken: str = "",
        calls: Sequence[float] = (),
        **given: Any,
    ) -> Stored:
        folder = tmp_path / name
        folder.mkdir()
        samples = make_samples(seconds=seconds, milliseconds=(milliseconds, milliseconds * 1.5), **given)
        for second in outage:
            del samples.cells[ORIGIN + second]
        for endpoints in samples.cells.values():
            if broken in endpoints:
                endpoints[broken] = Cell(errors={"502": endpoints[broken].good})
        invocations = tuple(
            Invocation("create-user", f"request-{at}", (ORIGIN + 10 + at) * 1000, took, round(took), 256, 60)
            for at, took in enumerate(calls)
        )
        functions = (FunctionLog("create-user", invocations, events=0, log_bytes=0),) if calls else ()
        facts = Facts("embedded", "a machine", "windtunnel", "us-east-1", ORIGIN + 55.0, functions=functions)
        document = {**build(plan, samples, facts, known), "run": name}
        (folder / "report.json").write_text(json.dumps(document))
        file = SampleFile(folder / "samples.jsonl")
        for mark in samples.marks:
            file.append(mark)
        for second, endpoints in samples.cells.items():
            batch = replace(
                samples.last["worker-0"],
                sequence=second - ORIGIN,
                moment=float(second),
                cells=tuple((second, endpoint, cell) for endpoint, cell in endpoints.items()),
            )
            file.append(batch)
        return read_run(Path(name), tmp_path)

    return write
