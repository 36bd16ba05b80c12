"""Container engines of a test session's own, in the ecosystem's own ways.

docker_compose_file, docker_compose_project_name, docker_compose_command, docker_setup, docker_cleanup
    pytest-docker's fixtures, for the session's engine where ENGINE=localstack; a conftest may override each
isolated_engine
    a throwaway engine through testcontainers, for a test that must own the world
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import psutil
import pytest
from testcontainers.community.localstack import LocalStackContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from windtunnel.config import HOST, Settings, environment
from windtunnel.engines import LocalStackEngine
from windtunnel.engines.docker import Docker
from windtunnel.engines.localstack import COMPOSE_FILE, SERVICE
from windtunnel.engines.ports import free_port
from windtunnel.errors import EngineError
from windtunnel.harness import Harness
from windtunnel.testing.engine import apart

if TYPE_CHECKING:
    from windtunnel.testing.plugin import Engine

PROJECT = re.compile(r"windtunnel-test-(\d+)-\d+")


def own_settings(settings: Settings) -> Settings:
    """Settings for a container engine of this process's own: free ports, a project and a state folder named by it."""
    port = free_port()
    state = settings.install_dir / "test-engines" / f"{os.getpid()}-{port}"
    return apart(settings, state, engine="localstack", port=port, project=f"windtunnel-test-{os.getpid()}-{port}")


def prepare_or_skip(settings: Settings, pytestconfig: pytest.Config) -> None:
    """Skip what needs a container where none can be had, and say why; fail where it was asked for to be there."""
    try:
        LocalStackEngine(settings).prepare(lambda _line: None)
    except EngineError as error:
        said = f"no container engine: {error} ({error.hint})"
        if pytestconfig.getoption("--require-engine") == "localstack":
            pytest.fail(f"{said}\n{error.detail}")
        pytest.skip(said)


# --- the session's engine, through pytest-docker --------------------------------------------------------------------


@pytest.fixture(scope="session")
def container_settings(windtunnel_settings: Settings, pytestconfig: pytest.Config) -> Iterator[Settings]:
    """Settings of the session's own container engine."""
    own = own_settings(windtunnel_settings)
    prepare_or_skip(own, pytestconfig)
    sweep(Docker(own.root, environment()))
    yield own
    shutil.rmtree(own.state_dir, ignore_errors=True)


@pytest.fixture(scope="session")
def docker_compose_file(container_settings: Settings) -> str:
    """The checkout's own."""
    return str(container_settings.root / COMPOSE_FILE)


@pytest.fixture(scope="session")
def docker_compose_project_name(container_settings: Settings) -> str:
    return container_settings.compose_project


@pytest.fixture(scope="session")
def docker_compose_command(container_settings: Settings) -> str:
    """Compose, with the engine's settings as its variables."""
    variables = LocalStackEngine(container_settings).variables()
    return shlex.join(["env", *(f"{name}={value}" for name, value in variables.items()), "docker", "compose"])


@pytest.fixture(scope="session")
def docker_setup() -> list[str]:
    """The image is built by then."""
    return [f"up --detach --no-build {SERVICE}"]


@pytest.fixture(scope="session")
def docker_cleanup() -> list[str]:
    return ["down --volumes --timeout 5"]


@pytest.fixture(scope="session")
def container_harness(container_settings: Settings, docker_services: object) -> Harness:
    """The session's engine, ready; pytest-docker started it, and ends it."""
    del docker_services
    harness = Harness(container_settings)
    harness.engine.start(lambda _line: None)
    return harness


# --- an engine of one test's own, through testcontainers ------------------------------------------------------------


class WindtunnelContainer(LocalStackContainer):
    """testcontainers' own LocalStack, of our image, as closed as docker-compose.yml has it, on this machine only."""

    def __init__(self, settings: Settings, image: str) -> None:
        super().__init__(image, edge_port=settings.port, region_name=settings.region)
        ports: dict[str, Any] = {str(port): (HOST, port) for port in (settings.port, settings.api_port)}
        self.ports = ports
        self.with_envs(
            WINDTUNNEL_PORT=str(settings.port),
            WINDTUNNEL_API_PORT=str(settings.api_port),
            WINDTUNNEL_REGION=settings.region,
            **settings.engine_environment,
        )
        self.with_tmpfs_mount("/tmp", "size=1g").with_tmpfs_mount("/run", "size=16m")  # noqa: S108 - the container's
        self.with_kwargs(
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            mem_limit="4g",
            pids_limit=4096,
            # by these the harness finds it, as it finds Compose's
            labels={
                "com.docker.compose.project": settings.compose_project,
                "com.docker.compose.service": SERVICE,
            },
        )

    def start(self, timeout: float = 60) -> Self:
        """Start it; the harness waits better than for a line in a log."""
        del timeout
        return DockerContainer.start(self)


@contextmanager
def throwaway_container(settings: Settings) -> Iterator[Harness]:
    """A container engine for the block, in the settings' project. Its image must be there."""
    image = LocalStackEngine(settings).image
    # its reaper would be another container, with Docker's socket in it; sweep() does without
    testcontainers_config.ryuk_disabled = True
    container = WindtunnelContainer(settings, image)
    try:
        container.start()
        harness = Harness(settings)
        harness.engine.start(lambda _line: None)
        yield harness
    finally:
        # its own `with` would leave one behind that was made and could not be started
        container.stop()
        shutil.rmtree(settings.state_dir, ignore_errors=True)


@pytest.fixture
def isolated_engine(windtunnel_settings: Settings, pytestconfig: pytest.Config) -> Iterator[Engine]:
    """A throwaway container engine of this test's own."""
    from windtunnel.testing.plugin import Engine

    own = own_settings(windtunnel_settings)
    prepare_or_skip(own, pytestconfig)
    sweep(Docker(own.root, environment()))
    with throwaway_container(own) as harness:
        yield Engine(harness)


def sweep(docker: Docker) -> None:
    """Remove what sessions left that were killed before they could clean up: projects named by process id."""
    told = docker.answer("ps", "--all", "--format", '{{.ID}} {{.Label "com.docker.compose.project"}}')
    for line in told.splitlines():
        container, _, project = line.partition(" ")
        owner = PROJECT.fullmatch(project)
        if owner and not psutil.pid_exists(int(owner[1])):
            docker.ask("rm", "--force", "--volumes", container)
            for kind, name in (("volume", f"{project}_state"), ("network", f"{project}_default")):
                docker.ask(kind, "rm", name)
