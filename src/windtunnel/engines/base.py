"""What an engine is: a place where a stack runs, and how to reach it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import boto3

Report = Callable[[str], None]
"""Takes one line that says what is happening, for a person who waits."""


@dataclass(frozen=True)
class EngineStatus:
    """What is known of an engine now. `state` is "up", "down" or "broken"; uptime is in seconds."""

    state: str
    detail: str
    pid: int | None = None
    endpoint_url: str | None = None
    uptime: float | None = None


class Engine(Protocol):
    """A place where a stack runs. Failures are EngineError."""

    name: str

    def start(self, report: Report) -> bool:
        """Make the engine ready to deploy to. True if this call started it, False if it was up already."""

    def stop(self, report: Report, *, state: bool = False) -> bool:
        """End exactly what start() started, and with `state` what it keeps beyond. True if something was ended."""

    def status(self) -> EngineStatus:
        """What is there now; never raises for an engine that is down or broken."""

    def memory(self) -> int | None:
        """Bytes that it holds, its functions' processes included; None where that is not known."""

    def session(self) -> boto3.Session:
        """A boto3 session with the engine's credentials and region."""

    @property
    def endpoint_url(self) -> str | None:
        """The address that AWS clients use; None means AWS's own."""

    def api_url(self, api_id: str, stage: str) -> str:
        """The base address of a deployed REST API's stage, without a slash at the end."""

    def serve_at_root(self, api_id: str, stage: str) -> str:
        """Have the API at the root of a port of its own. Returns its address; "" where the engine has no such port."""

    def root_url(self, api_id: str, stage: str) -> str:
        """The address where this API is at the root; "" where there is none, or another API has it."""
