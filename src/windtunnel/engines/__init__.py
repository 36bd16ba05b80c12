"""Where a stack runs: the embedded engine, LocalStack's container, AWS."""

from __future__ import annotations

from collections.abc import Callable

from windtunnel.config import Settings
from windtunnel.engines.aws import AwsEngine
from windtunnel.engines.base import Engine, EngineStatus, Report
from windtunnel.engines.embedded import EmbeddedEngine
from windtunnel.engines.localstack import LocalStackEngine

__all__ = [
    "ENGINES",
    "AwsEngine",
    "EmbeddedEngine",
    "Engine",
    "EngineStatus",
    "LocalStackEngine",
    "Report",
    "make_engine",
]

ENGINES: dict[str, Callable[[Settings], Engine]] = {
    "embedded": EmbeddedEngine,
    "localstack": LocalStackEngine,
    "aws": AwsEngine,
}


def make_engine(settings: Settings) -> Engine:
    """The engine that the settings name; config.py has checked the name."""
    return ENGINES[settings.engine](settings)
