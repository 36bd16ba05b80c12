"""Runs that end otherwise than by their time: Ctrl-C, a Locust or an engine that goes away."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.integration.load.runs import (
    EASY,
    PATIENCE,
    latest,
    load,
    slo,
    started,
    wait_for_answers,
)

from windtunnel.config import Settings
from windtunnel.engines.ports import free_port
from windtunnel.engines.process import read_children
from windtunnel.testing.engine import command_environment, throwaway_engine


@pytest.mark.usefixtures("deployed")
def test_ctrl_c_still_writes_the_report_and_a_second_run_is_told_of_the_first(variables: dict[str, str]) -> None:
    home = Path(variables["WINDTUNNEL_STATE_DIR"]) / "load"
    before = {folder.name for folder in home.glob("2*")}
    process = started(variables, "--seconds", "300", "--warmup", "0")
    wait_for_answers(process, home, before)

    second = load(variables, "--seconds", "3")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)

    _folder, document = latest(variables)
    assert process.returncode == 130, output
    assert "report  " in output
    assert document["interrupted"] is True
    assert second.returncode == 2
    assert f"another run is under way in {home}: process {process.pid}, since" in second.stderr
    assert document["totals"]["sent"] == document["totals"]["access_log"] > 0


@pytest.mark.usefixtures("deployed")
def test_ctrl_c_while_the_logs_are_read_ends_that_only(variables: dict[str, str], tmp_path: Path) -> None:
    process = started(variables, "--seconds", "4", "--warmup", "1", "--slo", slo(tmp_path, EASY))
    assert process.stdout is not None
    for said in process.stdout:
        if "reading what" in said:
            break

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)

    _folder, document = latest(variables)
    assert process.returncode == 0, output
    assert "verdict met" in output
    assert document["notes"] == ["what the functions and API Gateway logged was not read to its end: Ctrl-C"]


@pytest.mark.usefixtures("deployed")
def test_ctrl_c_does_not_wait_for_workers_that_never_come(variables: dict[str, str]) -> None:
    process = started(variables, "--remote-workers", "1", "--bind-port", str(free_port()))
    assert process.stdout is not None
    for said in process.stdout:
        if "starting Locust" in said:
            break

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=40)  # Locust itself waits for a minute

    assert process.returncode == 130, output
    assert "report  " in output


@pytest.mark.usefixtures("deployed")
def test_a_run_whose_locust_goes_away_is_failed_and_has_its_report(variables: dict[str, str], tmp_path: Path) -> None:
    home = Path(variables["WINDTUNNEL_STATE_DIR"]) / "load"
    before = {folder.name for folder in home.glob("2*")}
    process = started(variables, "--seconds", "300", "--warmup", "0", "--slo", slo(tmp_path, EASY))
    wait_for_answers(process, home, before)

    (locust,) = psutil.Process(process.pid).children()
    locust.kill()
    output, _ = process.communicate(timeout=PATIENCE)

    _folder, document = latest(variables)
    assert process.returncode == 1, output
    assert document["verdict"]["reason"].startswith("Locust ended by itself")
    assert document["verdict"]["reason"].endswith("(exit code -9)")


@pytest.fixture
def doomed(windtunnel_settings: Settings) -> Iterator[Any]:
    """An engine that may die."""
    with throwaway_engine(windtunnel_settings, lambda _event: None) as harness:
        harness.deploy()
        yield harness


def test_an_engine_that_dies_gives_a_failed_verdict_with_the_reason(doomed: Any) -> None:
    variables = command_environment(doomed.settings)
    home = doomed.settings.state_dir / "load"
    process = started(variables, "--seconds", "300", "--warmup", "0")
    wait_for_answers(process, home, set())

    doomed.engine.stop(lambda _line: None)
    output, _ = process.communicate(timeout=PATIENCE)

    _folder, document = latest(variables)
    assert process.returncode == 1, output
    assert "the engine died: its last answer came" in document["verdict"]["reason"]
    assert document["verdict"]["met"] is False
    assert "verdict MISSED" in output


@contextmanager
def frozen(state_dir: Path) -> Iterator[None]:
    """The engine's edge stands still for the block: it is there, takes connections, and answers nothing."""
    (edge,) = [child for child in read_children(state_dir / "engine/children.json") if child.name == "edge"]
    assert edge.pid is not None
    os.kill(edge.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(edge.pid, signal.SIGCONT)


def test_an_engine_that_hangs_gives_a_report_soon(doomed: Any) -> None:
    home = doomed.settings.state_dir / "load"
    process = started(command_environment(doomed.settings), "--seconds", "300", "--warmup", "0")
    wait_for_answers(process, home, set())

    with frozen(doomed.settings.state_dir):
        output, _ = process.communicate(timeout=PATIENCE)

    _folder, document = latest(command_environment(doomed.settings))
    assert process.returncode == 1, output
    assert "nothing was answered for" in document["verdict"]["reason"]
    assert "verdict MISSED" in output
    assert "does not answer" in "".join(document["notes"])


@pytest.mark.usefixtures("deployed")
def test_a_folder_in_the_place_of_the_newest_runs_link_costs_no_verdict(
    variables: dict[str, str], tmp_path: Path
) -> None:
    newest = Path(variables["WINDTUNNEL_STATE_DIR"]) / "load/latest"
    newest.unlink(missing_ok=True)
    newest.mkdir(parents=True)
    targets = slo(tmp_path, "[mixed.all]\np99_ms = 60000\n")

    done = load(variables, "--scenario", "Mixed", "--seconds", "6", "--slo", targets)

    newest.rmdir()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict met" in done.stdout
    assert "met     all: p99" in done.stdout  # Mixed is mixed, in slo.toml too
    assert f"{newest} does not point to this run: Is a directory" in done.stderr
