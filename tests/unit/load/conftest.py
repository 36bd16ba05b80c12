"""A run as its generators would have told of it, and what is known beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from windtunnel.load.plan import Plan
from windtunnel.load.prices import read_prices
from windtunnel.load.recorder import Ended, Recorder
from windtunnel.load.report import Known
from windtunnel.load.samples import BEGAN, ENDED, Mark, Samples
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
