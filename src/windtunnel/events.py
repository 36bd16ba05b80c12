"""What a command tells while it works; whoever called it renders that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from windtunnel.deploy.events import DeployEvent


@dataclass(frozen=True)
class Note:
    """One line that says what is happening."""

    text: str


@dataclass(frozen=True)
class PhaseEnded:
    """A phase of a command came to its end. `seconds` is wall-clock time."""

    name: str
    detail: str
    seconds: float


Event = Note | PhaseEnded | DeployEvent
Listener = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """A listener for those who do not care."""
