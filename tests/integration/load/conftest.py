"""The application on the session's own engine, and how the command finds that."""

from __future__ import annotations

import pytest

from windtunnel.stack import Stack
from windtunnel.testing.engine import command_environment
from windtunnel.testing.plugin import Engine


@pytest.fixture(scope="module")
def deployed(engine: Engine) -> Stack:
    """The application, on this session's own engine."""
    return engine.harness.deploy()


@pytest.fixture(scope="module")
def variables(engine: Engine) -> dict[str, str]:
    """An environment in which the command finds that engine."""
    return command_environment(engine.settings)
