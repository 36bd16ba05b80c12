"""Generators that others start: one too many, one that goes away, and an environment that has options of Locust."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from windtunnel.config import Settings
from windtunnel.engines.ports import free_port
from windtunnel.load.samples import Samples, read_samples
from windtunnel.testing.engine import command_environment
from windtunnel.testing.plugin import Engine

PATIENCE = 90


@contextmanager
def a_worker(settings: Settings, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """As one is started on another machine."""
    locust, locustfile = settings.install_dir / "load-venv/bin/locust", settings.root / "tests/load/locustfile.py"
    command = [str(locust), "-f", str(locustfile), "--worker", "--master-host", "127.0.0.1", "--master-port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def a_run(settings: Settings, port: int, log: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "windtunnel", "load", "--users", "4", "--warmup", "0"]
    command += ["--bind-port", str(port), "--seed", str(port)]
    # with either of them Locust would wait for a person at its web UI
    (log.parent / ".locust.conf").write_text("headful = true\n")
    given = {"LOCUST_HEADFUL": "true", "HOME": str(log.parent)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *arguments],
            env={**command_environment(settings), **given},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def samples_of(port: int, settings: Settings) -> Samples:
    """What the generators of the run told so far; its seed, which is in its plan, is its port."""
    for plan in (settings.state_dir / "load").glob("2*/plan.json"):
        if json.loads(plan.read_text() or "{}").get("seed") == port:
            return read_samples(plan.with_name("samples.jsonl"))
    return Samples()


def wait_for_answers(run: subprocess.Popen[bytes], port: int, settings: Settings, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while samples_of(port, settings).totals.answered < 20:
        if time.monotonic() > deadline or run.poll() is not None:
            pytest.fail(f"the run did not begin\n{log.read_text()}")
        time.sleep(0.1)


@pytest.mark.usefixtures("deployed")
def test_a_worker_too_many_is_sent_home_and_the_rate_holds(engine: Engine, tmp_path: Path) -> None:
    settings, port, log = engine.settings, free_port(), tmp_path / "log"
    (tmp_path / "slo.toml").write_text("[default.all]\nerror_share = 0\n")
    limits = ("--seconds", "20", "--max-rate", "20", "--remote-workers", "1", "--slo", str(tmp_path / "slo.toml"))

    with a_run(settings, port, log, *limits) as run, a_worker(settings, port) as planned:
        wait_for_answers(run, port, settings, log)
        with a_worker(settings, port) as surplus:
            surplus.wait(PATIENCE)
            assert run.poll() is planned.poll() is None, log.read_text()
        code = run.wait(PATIENCE)

    samples = samples_of(port, settings)
    assert code == 0, log.read_text()
    assert len(samples.last) == 1
    began, ended = samples.moment("began"), samples.moment("ended")
    assert began is not None
    assert ended is not None
    assert ended - began > 18
    inside = [cells for second, cells in samples.cells.items() if began + 1 < second < ended - 1]
    through_the_api = sum(cell.requests for cells in inside for name, cell in cells.items() if name != "probe table")
    assert 0 < through_the_api <= 20 * (len(inside) + 1)


@pytest.mark.usefixtures("deployed")
def test_a_worker_that_goes_away_fails_the_run(engine: Engine, tmp_path: Path) -> None:
    settings, port, log = engine.settings, free_port(), tmp_path / "log"

    with (
        a_run(settings, port, log, "--seconds", "300", "--remote-workers", "2") as run,
        a_worker(settings, port) as first,
        a_worker(settings, port),
    ):
        wait_for_answers(run, port, settings, log)
        first.kill()
        code = run.wait(PATIENCE)

    assert code == 1, log.read_text()
    assert "has told nothing for" in log.read_text()
    assert "verdict MISSED" in log.read_text()
