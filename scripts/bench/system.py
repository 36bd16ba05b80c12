"""What is measured: a system that can be installed and run for a while."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3
import psutil

from windtunnel.config import Settings

Say = Callable[[str], None]
ACCOUNT = "000000000000"
REGION = "us-east-1"


@dataclass(frozen=True)
class Site:
    """Where one system's things are."""

    settings: Settings
    """Of this checkout."""
    home: Path
    """.windtunnel/bench/NAME: its environment (kept), its state (made anew) and its log."""
    say: Say
    """Tells what takes time."""

    @property
    def root(self) -> Path:
        return self.settings.root


@dataclass(frozen=True)
class Running:
    """A system that answers."""

    name: str
    process: psutil.Process
    """The root of its processes."""
    endpoint_url: str
    log: Path

    def client(self, service: str) -> Any:
        """A boto3 client for it."""
        session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="test", region_name=REGION)  # noqa: S106
        return session.client(service, endpoint_url=self.endpoint_url)  # type: ignore[call-overload]

    def api_url(self, api_id: str, stage: str) -> str:
        """Where an API is, by path: all of the systems know this form."""
        return f"{self.endpoint_url}/_aws/execute-api/{api_id}/{stage}"


class System(Protocol):
    """windtunnel, or a peer."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str:
        """Name, version and how it is run, for the page."""

    def install(self, site: Site) -> None:
        """Make its environment where it is not there as it should be. Raises BenchError."""

    def running(self, site: Site) -> AbstractContextManager[Running]:
        """The system, up for the block on a free port of 127.0.0.1, and gone after it. Raises BenchError."""
