"""`windtunnel load` as a process of its own, against a test session's engine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from windtunnel.stack import Stack
from windtunnel.testing.plugin import Engine

PATIENCE = 120
EASY = '[default.all]\np99_ms = 60000\nthroughput = 0.1\nerror_share = 0\n[default."POST /users"]\np50_ms = 60000\n'


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "windtunnel", "load", "--users", "4", *arguments]


def load(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def latest(variables: dict[str, str]) -> tuple[Path, dict[str, Any]]:
    folder = (Path(variables["WINDTUNNEL_STATE_DIR"]) / "load/latest").resolve()
    document: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return folder, document


def access_log_settings(engine: Engine, stack: Stack) -> Any:
    stage = engine.client("apigateway").get_stage(restApiId=stack.api_id, stageName=stack.api_stage)
    return stage.get("accessLogSettings")


def groups_of_runs(engine: Engine) -> Any:
    return engine.client("logs").describe_log_groups(logGroupNamePrefix="/windtunnel/load/")["logGroups"]


def slo(tmp_path: Path, text: str) -> str:
    path = tmp_path / "slo.toml"
    path.write_text(text)
    return str(path)


def started(variables: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*arguments),
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_answers(process: subprocess.Popen[str], home: Path, before: set[str]) -> None:
    """Until a run that was not there before has measured something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        for folder in home.glob("2*"):
            samples = folder / "samples.jsonl"
            if folder.name not in before and samples.exists() and samples.read_text().count("\n") > 3:
                return
        time.sleep(0.1)
    process.kill()
    output, _ = process.communicate()
    pytest.fail(f"the run did not begin:\n{output}")


def items(engine: Engine, table: str) -> list[Any]:
    found: list[Any] = engine.client("dynamodb").scan(TableName=table)["Items"]
    return sorted(found, key=str)
