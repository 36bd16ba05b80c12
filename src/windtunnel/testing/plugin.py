"""The pytest plugin: fixtures over the harness, and nothing else.

engine   an engine of this session's own, on a free port: embedded, or where ENGINE=localstack a container
stack    the deployed application: on the engine that is up (or that ENGINE names), else on `engine`
part     an optional part's stack (infra/sam/stacks/NAME), by its name: part("jobs")
api      an HTTP client of the stack's API, with its key
aws      boto3 clients for the stack's engine

Under pytest -n a worker has an account of its own on the engine that is up, or an engine of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    # pytest loads this plugin in every run, unit tests too: nothing heavy at import
    from windtunnel.config import Settings
    from windtunnel.engines.process import ProcessRecord
    from windtunnel.harness import Harness
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("windtunnel").addoption(
        "--require-engine",
        choices=["localstack"],
        help="fail, and do not skip, where tests cannot have this engine",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Where a container is wanted, override pytest-docker's fixtures: after it was loaded, for ours to count."""
    if find_spec("testcontainers") and find_spec("pytest_docker") and _engine_name(config) == "localstack":
        config.pluginmanager.import_plugin("windtunnel.testing.containers")


def _engine_name(pytestconfig: pytest.Config) -> str | None:
    from windtunnel import config
    from windtunnel.errors import ConfigError

    try:
        return config.load(start=pytestconfig.rootpath).engine
    except ConfigError:
        # no project of ours: whoever asks for its settings is told
        return None


def _is_up(settings: Settings) -> bool:
    """Whether an engine is. One that is there and cannot say so yet gets its time."""
    from windtunnel.harness import Harness

    engine = Harness(settings, lambda _event: None).engine
    deadline = time.monotonic() + settings.start_timeout
    while (state := engine.status().state) == "broken" and time.monotonic() < deadline:
        time.sleep(0.2)
    return state == "up"


@pytest.fixture(scope="session")
def windtunnel_settings(pytestconfig: pytest.Config) -> Settings:
    """The project's settings; override it to test with others."""
    from windtunnel import config

    settings = config.load(start=pytestconfig.rootpath)
    worker: str = getattr(pytestconfig, "workerinput", {}).get("workerid", "")
    if not worker or "account" in settings.chosen or not _is_up(settings):
        return settings
    # gw0, gw1, …: workers share the engine, and nothing on it
    return replace(settings, account=f"{int(worker.removeprefix('gw')) + 1:012d}")


@pytest.fixture(scope="session")
def runtime_python(windtunnel_settings: Settings) -> Path:
    """The interpreter that functions run in."""
    return windtunnel_settings.install_dir / "runtime/current/bin/python"


@pytest.fixture(scope="session")
def engine(
    windtunnel_settings: Settings, pytestconfig: pytest.Config, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    """An engine of this session's own: a container where ENGINE=localstack, else an embedded one."""
    from windtunnel.testing.engine import throwaway_engine

    if windtunnel_settings.engine == "localstack":
        yield Engine(request.getfixturevalue("container_harness"))
        return
    with throwaway_engine(windtunnel_settings, _Narrator(pytestconfig)) as harness:
        yield Engine(harness)


class Engine:
    """A running engine, as tests use it."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.settings = harness.settings
        self.endpoint_url = harness.settings.endpoint_url
        self.region = harness.settings.region
        self._clients: dict[str, Any] = {}

    @property
    def backplane_url(self) -> str:
        """The address of LocalStack itself, behind the edge; nobody outside reaches a container's."""
        return f"http://127.0.0.1:{self._record.backplane_port}"

    @property
    def token(self) -> str:
        """What calls of windtunnel's own control routes carry."""
        from windtunnel.engines import LocalStackEngine

        container = self.harness.engine
        return container.edge.token if isinstance(container, LocalStackEngine) else self._record.token

    @property
    def _record(self) -> ProcessRecord:
        from windtunnel.engines.process import read_record

        record = read_record(self.settings.state_dir / "engine/process.json")
        assert record, "the engine is not up"
        return record

    def client(self, service: str) -> Any:
        """The boto3 client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = self.harness.client(service)
        return self._clients[service]


@pytest.fixture(scope="session")
def harness(windtunnel_settings: Settings, pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Harness:
    """What the stack runs on: the engine that is up, or AWS where ENGINE says so; else this session's own."""
    from windtunnel.harness import Harness

    chosen = Harness(windtunnel_settings, _Narrator(pytestconfig))
    if windtunnel_settings.engine == "aws" or _is_up(windtunnel_settings):
        return chosen
    own: Engine = request.getfixturevalue("engine")
    return own.harness


@pytest.fixture(scope="session")
def stack(harness: Harness) -> Stack:
    """The deployed application. Tests deploy to an engine of this machine, never to AWS."""
    return harness.stack() if harness.engine.name == "aws" else harness.deploy()


@pytest.fixture(scope="session")
def part(harness: Harness, stack: Stack) -> Callable[[str], Stack]:
    """Gives an optional part's stack by its name, deployed where it is not yet; on AWS it has to be there."""
    deployed: dict[str, Stack] = {}

    def find(name: str) -> Stack:
        if name not in deployed:
            own = harness.part(name)
            if harness.engine.name == "aws" and own.find_stack() is None:
                pytest.skip(f"the stack {own.settings.stack} is not deployed to AWS: make deploy STACKS={name}")
            deployed[name] = own.stack() if harness.engine.name == "aws" else own.deploy()
        return deployed[name]

    return find


@pytest.fixture(scope="session")
def api(stack: Stack) -> Iterator[Api]:
    """The stack's API over HTTP."""
    from windtunnel.testing.clients import Api

    client = Api(stack.api_url, stack.api_key)
    with client.session:
        yield client


@pytest.fixture(scope="session")
def aws(harness: Harness) -> Aws:
    """AWS's own clients for the stack's engine."""
    from windtunnel.testing.clients import Aws

    return Aws(harness.engine.session(), harness.engine.endpoint_url)


class _Narrator:
    """Tells what the harness does while a test waits for it: only phases and notes, a line each."""

    def __init__(self, pytestconfig: pytest.Config) -> None:
        self._reporter: Any = pytestconfig.pluginmanager.get_plugin("terminalreporter")

    def __call__(self, event: object) -> None:
        from windtunnel.events import PhaseEnded

        if self._reporter is not None and isinstance(event, PhaseEnded):
            self._reporter.ensure_newline()
            self._reporter.write_line(f"windtunnel: {event.name} {event.seconds:.1f} s, {event.detail}")
