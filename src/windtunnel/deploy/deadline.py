"""Waiting with an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from windtunnel.errors import DeployError


@dataclass(frozen=True)
class Deadline:
    """When waiting ends; `clock` and `sleep` are time.monotonic and time.sleep, or a test's. All in seconds."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    seconds: float
    end: float

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> Deadline:
        """A deadline `seconds` from now."""
        return cls(clock, sleep, seconds, clock() + seconds)

    def pause(self, interval: float, waiting_for: str) -> None:
        """Sleep for `interval`. Raises DeployError, which says what was waited for, once the time is up."""
        if self.clock() >= self.end:
            raise DeployError(
                f"after {self.seconds:.0f} s still waiting for {waiting_for}",
                hint="it may go on by itself: try again, with a longer deploy_timeout if it needs one",
            )
        self.sleep(interval)
