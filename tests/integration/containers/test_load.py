"""Load generators in containers: docker/load's workers by Compose, and the Kubernetes manifest's jobs as containers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from windtunnel.config import Settings
from windtunnel.engines.ports import free_port
from windtunnel.engines.waiting import wait_until
from windtunnel.harness import Harness
from windtunnel.stack import Stack
from windtunnel.testing.engine import command_environment

Docker = Callable[..., str]
CLOSED = ("--network", "host", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")


@pytest.fixture(scope="module")
def stack(settings: Settings) -> Stack:
    harness = Harness(settings)
    harness.start()
    return harness.deploy()


@pytest.fixture
def port() -> int:
    """Where the master listens."""
    return free_port()


@pytest.fixture
def slo(tmp_path: Path) -> Path:
    path = tmp_path / "slo.toml"
    path.write_text("[default.all]\nthroughput = 0.1\nerror_share = 0\n")
    return path


@pytest.fixture
def workers(settings: Settings, docker: Docker, port: int) -> Iterator[Docker]:
    """Asks Compose for something of the workers that it keeps, two of them."""
    compose = str(settings.root / "docker/load/compose.yml")
    variables = {**os.environ, "WORKERS": "2", "MASTER_PORT": str(port)}

    def workers(*words: str) -> str:
        project = f"{settings.compose_project}-load"
        return docker(
            "compose", "-f", compose, "-p", project, "--profile", "load", *words, variables=variables, patience=300
        )

    workers("up", "--build", "--detach", "--quiet-pull")
    yield workers
    workers("down", "--timeout", "2")


def exit_codes(workers: Docker) -> list[int]:
    """The workers', once they have ended."""

    def ended() -> list[int] | None:
        states = [json.loads(line) for line in workers("ps", "--all", "--format", "json").splitlines()]
        return None if any(state["State"] != "exited" for state in states) else [s["ExitCode"] for s in states]

    return wait_until(ended, what="the workers to end", timeout=30)


def require_whole(report: dict[str, Any], *, logged: bool) -> None:
    totals = report["totals"]
    assert totals["sent"] == totals["answered"] > 20
    assert totals["access_log"] == (totals["sent"] if logged else None)
    assert report["verdict"]["met"] is True


def test_workers_of_compose_load_the_container_engine(
    stack: Stack, settings: Settings, workers: Docker, port: int, slo: Path
) -> None:
    command = [sys.executable, "-m", "windtunnel", "load", "--remote-workers", "2", "--bind-port", str(port)]

    done = subprocess.run(
        [*command, "--users", "6", "--seconds", "6", "--warmup", "1", "--slo", str(slo)],
        cwd=settings.root,
        env=command_environment(settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    require_whole(json.loads((settings.state_dir / "load/latest/report.json").read_text()), logged=True)
    assert exit_codes(workers) == [0, 0]


def test_the_manifests_jobs_run_as_containers(
    stack: Stack, settings: Settings, workers: Docker, docker: Docker, port: int, slo: Path, tmp_path: Path
) -> None:
    documents = yaml.safe_load_all((settings.root / "docs/kubernetes/load.yaml").read_text())
    job = next(found for found in documents if found["kind"] == "Job" and found["metadata"]["name"].endswith("master"))
    pod = job["spec"]["template"]["spec"]
    image = f"{settings.compose_project}-load-master"
    # as on the cluster but for size, and for an AWS that is this machine's
    here = ["--remote-workers=2", "--users=6", "--seconds=6", "--warmup=1", "--bind=127.0.0.1", f"--bind-port={port}"]
    aws = {"AWS_ENDPOINT_URL": stack.endpoint_url, "AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "x"}
    name = f"{settings.compose_project}-master"
    context = str(settings.root)
    dockerfile = str(settings.root / "docker/load/Dockerfile")
    docker("build", "-q", "-f", dockerfile, "--target", "master", "-t", image, context, patience=300)
    try:
        ended = docker(
            *("run", "--name", name, "--user", str(pod["securityContext"]["runAsUser"]), *CLOSED),
            *(word for variable, value in aws.items() for word in ("-e", f"{variable}={value}")),
            *("--mount", f"type=bind,source={slo},target=/slo.toml,readonly"),
            *(image, *pod["containers"][0]["args"], *here, "--slo=/slo.toml", f"--base-url={stack.api_url}"),
            "--wait-minutes=0",  # this AWS tells at once
        )
        docker("cp", f"{name}:/reports/load", str(tmp_path))
    finally:
        docker("rm", "--force", "--volumes", name, check=False)
        docker("image", "rm", "--force", image, check=False)

    assert "verdict met" in ended
    (report,) = tmp_path.glob("load/2*/report.json")
    require_whole(json.loads(report.read_text()), logged=False)
    assert exit_codes(workers) == [0, 0]
