"""The compose file and the Kubernetes manifest say what the programs understand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from windtunnel.load.cli import app
from windtunnel.load.process import Distribution

ROOT = Path(__file__).parents[3]


def jobs() -> dict[str, dict[str, Any]]:
    documents = yaml.safe_load_all((ROOT / "docs/kubernetes/load.yaml").read_text())
    return {entry["metadata"]["name"]: entry["spec"] for entry in documents if entry["kind"] == "Job"}


def container(spec: dict[str, Any]) -> dict[str, Any]:
    (found,) = spec["template"]["spec"]["containers"]
    return dict(found)


def test_the_masters_arguments_are_the_commands_own() -> None:
    command = typer.main.get_command(app)

    context = command.make_context("load", list(container(jobs()["windtunnel-load-master"])["args"]))

    given = context.params
    assert (given["engine"], given["remote_workers"], given["yes_cost_money"]) == ("aws", 4, True)
    assert given["max_rate"] == 200


def test_the_master_waits_for_as_many_workers_as_there_are() -> None:
    found = jobs()

    assert found["windtunnel-load-worker"]["parallelism"] == found["windtunnel-load-worker"]["completions"] == 4
    assert "--remote-workers=4" in container(found["windtunnel-load-master"])["args"]


def test_nothing_of_aws_is_with_the_workers() -> None:
    worker = jobs()["windtunnel-load-worker"]["template"]["spec"]

    assert worker["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in worker


def test_compose_scales_workers_that_find_the_master() -> None:
    service = yaml.safe_load((ROOT / "docker/load/compose.yml").read_text())["services"]["worker"]

    assert service["profiles"] == ["load"]
    assert service["deploy"]["replicas"] == "${WORKERS:-2}"
    assert service["command"] == ["--master-host", "${MASTER_HOST:-127.0.0.1}", "--master-port", "${MASTER_PORT:-5557}"]
    assert str(Distribution().port) in service["command"][-1]


@pytest.mark.parametrize("line", re.findall(r"^COPY (.+) \S+$", (ROOT / "docker/load/Dockerfile").read_text(), re.M))
def test_what_the_image_copies_is_there_and_sent_to_docker(line: str) -> None:
    sent = {name.removeprefix("!") for name in (ROOT / ".dockerignore").read_text().splitlines() if name[:1] == "!"}

    assert all((ROOT / source).exists() for source in line.split())
    assert sent.issuperset(line.split())
