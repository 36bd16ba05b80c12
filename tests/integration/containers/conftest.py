"""Container engines of the tests' own. Where no Docker engine is to be had they are skipped, and say why."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping

import pytest

from windtunnel.config import Settings
from windtunnel.engines import LocalStackEngine
from windtunnel.testing.containers import own_settings, prepare_or_skip

Docker = Callable[..., str]


@pytest.fixture(scope="module")
def settings(windtunnel_settings: Settings, pytestconfig: pytest.Config) -> Iterator[Settings]:
    """Free ports, a project and a state folder of this module's own, and nothing left of them."""
    own = own_settings(windtunnel_settings)
    prepare_or_skip(own, pytestconfig)
    yield own
    LocalStackEngine(own).stop(lambda _line: None, state=True)


@pytest.fixture(scope="module")
def container(settings: Settings) -> LocalStackEngine:
    return LocalStackEngine(settings)


@pytest.fixture(scope="session")
def docker() -> Docker:
    """Runs a docker command, and returns what it prints."""

    def docker(
        *words: str, check: bool = True, variables: Mapping[str, str] | None = None, patience: float = 120
    ) -> str:
        done = subprocess.run(
            ["docker", *words], env=variables, capture_output=True, text=True, timeout=patience, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    return docker


@pytest.fixture(scope="session")
def left_of(docker: Docker) -> Callable[[str], list[str]]:
    """Every container, volume and network of a Compose project."""

    def left_of(project: str) -> list[str]:
        label = f"label=com.docker.compose.project={project}"
        return [
            *docker("ps", "--all", "--quiet", "--filter", label).split(),
            *docker("volume", "ls", "--quiet", "--filter", label).split(),
            *docker("network", "ls", "--quiet", "--filter", label).split(),
        ]

    return left_of
