"""When what is to be written: soon after the last change, not long after the first, and never most of the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

QUIET = 0.3
"""Seconds without another change before a snapshot."""
LATEST = 2.0
"""Seconds after the first change by which one begins, whatever still comes."""
FOLLOW = 1.0
"""Seconds after a snapshot that found a change, to look for what no call announced: a stack's last status, say."""
IDLE = 30.0
"""The same, after one that found none."""
SHARE = 10
"""What is data alone waits this many times as long as it took to write the last time."""


@dataclass
class _Pending:
    first: float
    last: float
    urgent: bool


@dataclass
class Schedule:
    """Times are the monotonic clock's, in seconds. Not for several threads at once."""

    pending: dict[str, _Pending] = field(default_factory=dict)
    rest_until: dict[str, float] = field(default_factory=dict)
    look_at: float | None = None

    def changed(self, service: str, now: float, *, data: bool = False) -> None:
        """A call changed a service; with `data`, only what its users keep there."""
        there = self.pending.get(service)
        if there is None:
            self.pending[service] = _Pending(now, now, not data)
        else:
            there.last = now
            there.urgent = there.urgent or not data

    def due_at(self) -> float | None:
        """When the next snapshot is to begin; None where there is nothing to be written ever."""
        times = [self._due(service) for service in self.pending]
        if self.look_at is not None:
            times.append(self.look_at)
        return min(times, default=None)

    def take(self, now: float) -> set[str]:
        """What the snapshot that begins now has to have: all that changed, but for data that is resting."""
        taken = {
            service
            for service, change in self.pending.items()
            if change.urgent or self.rest_until.get(service, 0.0) <= now
        }
        for service in taken:
            del self.pending[service]
        self.look_at = None
        return taken

    def resting(self, now: float) -> set[str]:
        """Services that took so long the last time that nobody looks at them unasked."""
        return {service for service, until in self.rest_until.items() if until > now}

    def done(self, began: float, now: float, seconds: dict[str, float], *, changed: bool) -> None:
        """A snapshot ended; `seconds` is what each service took."""
        for service, took in seconds.items():
            self.rest_until[service] = now + SHARE * took if took > QUIET else 0.0
        # calls that came meanwhile are announced; this is for what no call tells of
        self.look_at = now + (FOLLOW if changed else IDLE)

    def failed(self, services: Iterable[str], now: float) -> None:
        """A snapshot came to nothing: try again."""
        for service in services:
            self.changed(service, now)
        self.look_at = now + FOLLOW

    def _due(self, service: str) -> float:
        change = self.pending[service]
        due = min(change.last + QUIET, change.first + LATEST)
        return due if change.urgent else max(due, self.rest_until.get(service, 0.0))
