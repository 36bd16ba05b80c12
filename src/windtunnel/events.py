"""What a command tells while it works; whoever called it renders that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from windtunnel.deploy.events import DeployEvent
from windtunnel.errors import WindtunnelError


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


@dataclass(frozen=True)
class Watching:
    """Changes of sources are seen from now on. `polled`: folders that are looked through, since their file system tells
    nothing.
    """

    sources: int
    polled: tuple[str, ...]


@dataclass(frozen=True)
class Reloaded:
    """The functions' next requests are served by the code that was saved, `seconds` after the change was seen."""

    functions: tuple[str, ...]
    """Logical ids."""
    files: tuple[str, ...]
    """What was saved; nothing where a deploy from elsewhere had to be made up for."""
    seconds: float


@dataclass(frozen=True)
class NotReloaded:
    """What was saved cannot be served: the code from before goes on."""

    error: WindtunnelError


Event = Note | PhaseEnded | DeployEvent | Watching | Reloaded | NotReloaded
Listener = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """A listener for those who do not care."""
