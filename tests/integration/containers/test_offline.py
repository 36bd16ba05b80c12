"""Offline is real: on a network with no way out, a container beside the engine deploys the application and uses it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from windtunnel.config import Settings, environment
from windtunnel.deploy.artifact import find_artifacts
from windtunnel.deploy.build import Builder
from windtunnel.deploy.publish import build_artifacts
from windtunnel.deploy.requirements import Installer
from windtunnel.deploy.template import read_template
from windtunnel.engines import LocalStackEngine

Docker = Callable[..., str]


@pytest.fixture(scope="module")
def network(settings: Settings, docker: Docker) -> Iterator[str]:
    """The engine, ready, on a network with no way out; its name."""
    variables = {**environment(), **LocalStackEngine(settings).variables()}
    words = ["compose", "--project-name", settings.compose_project, "--file", str(settings.root / "docker-compose.yml")]
    words += ["--file", str(settings.root / "docker/offline.yml")]
    docker(*words, "up", "--detach", "--no-build", "--wait", "localstack", variables=variables)
    yield f"{settings.compose_project}_default"
    docker(*words, "down", "--volumes", variables=variables)


@pytest.fixture
def builds(settings: Settings, tmp_path: Path) -> Path:
    """The application's artifacts, built where the harness builds them; a copy."""
    install = settings.install_dir
    template = read_template(settings.template)
    installer = Installer(settings.root / ".venv/bin/uv", install / "runtime/current/bin/python", install / "wheels")
    build_artifacts(Builder(install / "build", installer), template, find_artifacts(template, {}), lambda _event: None)
    return Path(shutil.copytree(install / "build", tmp_path / "build"))


def test_a_container_beside_it_deploys_and_is_served(
    network: str, settings: Settings, docker: Docker, builds: Path
) -> None:
    image = LocalStackEngine(settings).image
    here = Path(__file__).parent
    mounts = [
        f"{settings.root / 'infra'}:/app/infra:ro",
        f"{settings.root / 'lambda'}:/app/lambda:ro",
        f"{here}:/beside:ro",
        f"{builds}:/builds",
    ]

    told = docker(
        *("run", "--rm", "--network", network, "--entrypoint", "/opt/windtunnel/.venv/bin/python"),
        # a name that is not to be had is known sooner
        *("--env", "RES_OPTIONS=timeout:1 attempts:1"),
        *(word for mount in mounts for word in ("--volume", mount)),
        *(image, "-P", "/beside/beside.py", "/app", "/builds"),
    )

    assert docker("network", "inspect", "--format", "{{.Internal}}", network) == "true"
    found = json.loads(told)
    assert found.pop("resources") > 20
    assert found == {"way_out": "none", "created": "Ada", "rows": 1}
