"""Runs that Locust's own web UI steers: its processes against a real engine, asked as a browser asks them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from windtunnel.config import environment
from windtunnel.engines.ports import free_port
from windtunnel.load.plan import Plan
from windtunnel.load.process import Distribution, Locust, Processes, started
from windtunnel.load.samples import BEGAN, ENDED, Samples, read_samples
from windtunnel.testing.engine import command_environment
from windtunnel.testing.plugin import Engine

PATIENCE = 60


def interactive(engine: Engine, folder: Path, most_seconds: float | None) -> tuple[Locust, Plan]:
    """The preflight scenario, which needs no more than the API."""
    stack, settings = engine.harness.deploy(), engine.settings
    plan = Plan(
        run="by-hand",
        scenario="preflight",
        shape="steady",
        users=1,
        seconds=60,
        warmup=0,
        folder=str(folder),
        base_url=stack.api_url,
        api_key=stack.api_key,
        outputs=stack.outputs,
        endpoint_url=stack.endpoint_url,
        max_rate=50,
        interactive=True,
        most_seconds=most_seconds,
    )
    program = settings.install_dir / "load-venv/bin/locust"
    scenarios = settings.root / "tests/load/locustfile.py"
    return Locust(program, scenarios, environment(), folder / "locust.log"), plan


def until(happened: Callable[[], object], what: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not in {PATIENCE} s\n{log.read_text()}")
        time.sleep(0.1)


def samples_in(folder: Path) -> Samples:
    return read_samples(folder / "samples.jsonl")


def begin_test(port: int) -> None:
    form = {"user_count": "2", "spawn_rate": "10", "user_classes": ["Preflight", "Probe"]}
    answer = requests.post(f"http://127.0.0.1:{port}/swarm", data=form, timeout=10)
    assert answer.json()["success"], answer.text


def is_up(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=5).ok
    except requests.ConnectionError:
        return False


def answered(folder: Path, number: int) -> Callable[[], bool]:
    return lambda: samples_in(folder).totals.answered > number


def over(processes: Processes) -> Callable[[], bool]:
    return lambda: not processes.running


def test_it_ends_when_its_time_is_over_whoever_is_there(engine: Engine, tmp_path: Path) -> None:
    (locust, plan), port = interactive(engine, tmp_path, most_seconds=2), free_port()

    with started(locust, plan, Distribution(), port) as processes:
        until(lambda: is_up(port), "the web UI", locust.log)
        begin_test(port)
        until(over(processes), "the end", locust.log)

    samples = samples_in(tmp_path)
    assert samples.totals.sent > 0
    began, ended = samples.moment(BEGAN), samples.moment(ENDED)
    assert began is not None
    assert ended is not None
    assert ended - began >= 2


def test_another_test_is_a_run_of_its_own(engine: Engine, tmp_path: Path) -> None:
    (locust, plan), port = interactive(engine, tmp_path, most_seconds=None), free_port()

    with started(locust, plan, Distribution(), port) as processes:
        until(lambda: is_up(port), "the web UI", locust.log)
        begin_test(port)
        until(lambda: samples_in(tmp_path).totals.answered, "an answer", locust.log)
        requests.post(f"http://127.0.0.1:{port}/stop", timeout=60)
        first = samples_in(tmp_path)
        begin_test(port)
        until(lambda: samples_in(tmp_path).totals.sent > first.totals.sent, "another answer", locust.log)
        second = samples_in(tmp_path)
        assert processes.running

    began, ended, again = first.moment(BEGAN), first.moment(ENDED), second.moment(BEGAN)
    assert began is not None
    assert ended is not None
    assert again is not None
    assert began < ended < again
    assert second.moment(ENDED) is None


def test_ctrl_c_ends_the_web_ui_with_a_report_of_the_last_test(engine: Engine, tmp_path: Path) -> None:
    engine.harness.deploy()
    port, log = free_port(), tmp_path / "log"
    (tmp_path / "slo.toml").write_text("[default.all]\nerror_share = 0\n")
    command = [sys.executable, "-m", "windtunnel", "load", "--ui", "--ui-port", str(port), "--warmup", "0"]
    home = engine.settings.state_dir / "load"
    before = set(home.glob("2*"))

    with log.open("wb") as out:
        run = subprocess.Popen(
            [*command, "--slo", str(tmp_path / "slo.toml"), "--max-rate", "50"],
            env=command_environment(engine.settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: is_up(port), "the web UI", log)
        (folder,) = set(home.glob("2*")) - before
        for number in (1, 2):
            before_it = samples_in(folder).totals.sent
            begin_test(port)
            until(answered(folder, before_it + 100), f"answers of test {number}", log)
            if number == 1:
                requests.post(f"http://127.0.0.1:{port}/stop", timeout=60)
        run.send_signal(signal.SIGINT)
        code = run.wait(PATIENCE)
    finally:
        run.kill()
        run.wait()

    document = json.loads((folder / "report.json").read_text())
    assert code == 0, log.read_text()
    assert document["cautions"] == []
    assert document["totals"]["sent"] == document["totals"]["access_log"] > document["endpoints"][0]["requests"] > 0
