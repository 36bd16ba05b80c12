"""When what is to be written: soon after the last change, not long after the first, and never most of the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True)
class Round:
    """What a snapshot is to have."""

    services: frozenset[str] = frozenset()
    """That calls changed."""
    data: frozenset[str] = frozenset()
    """Of them, where it is data alone."""
    look: bool = False
    """Whether to look at all other services as well, for what no call tells of."""


@dataclass
class Schedule:
    """Times are the monotonic clock's, in seconds. Not for several threads at once."""

    pending: dict[str, _Pending] = field(default_factory=dict)
    rest_until: dict[str, float] = field(default_factory=dict)
    look_at: float | None = None
    following: bool = False
    """Whether the look that comes next is for what may have followed a change."""

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be written, as far as anybody knows."""
        return not self.pending and not self.following

    def changed(self, service: str, now: float, *, data: bool = False) -> bool:
        """A call changed a service; with `data`, only what its users keep there. Whether that is news."""
        there = self.pending.get(service)
        if there is None:
            self.pending[service] = _Pending(now, now, not data)
            return True
        news = not (there.urgent or data)
        there.last = now
        there.urgent = there.urgent or not data
        return news

    def due_at(self) -> float | None:
        """When the next snapshot is to begin; None where there is nothing to be written ever."""
        times = [self._due(service) for service in self.pending]
        if self.look_at is not None:
            times.append(self.look_at)
        return min(times, default=None)

    def take(self, now: float) -> Round:
        """The snapshot that begins now: all that changed, but for data that is resting."""
        taken = {
            service: change
            for service, change in self.pending.items()
            if change.urgent or self.rest_until.get(service, 0.0) <= now
        }
        for service in taken:
            del self.pending[service]
        data = frozenset(service for service, change in taken.items() if not change.urgent)
        look = len(data) < len(taken) or (self.look_at is not None and self.look_at <= now)
        return Round(frozenset(taken), data, look)

    def resting(self, now: float) -> set[str]:
        """Services that took so long the last time that nobody looks at them unasked."""
        return {service for service, until in self.rest_until.items() if until > now}

    def done(self, this: Round, now: float, seconds: Mapping[str, float], changed: Iterable[str]) -> None:
        """A snapshot ended; `seconds` is what each service took, `changed` what really was not as before."""
        for service, took in seconds.items():
            self.rest_until[service] = now + SHARE * took if took > QUIET else 0.0
        if this.look:
            self.following = bool(set(changed) - this.data)
            self.look_at = now + (FOLLOW if self.following else IDLE)

    def failed(self, this: Round, now: float) -> None:
        """A snapshot came to nothing: try again."""
        for service in this.services:
            self.changed(service, now, data=service in this.data)
        self.following = True
        self.look_at = now + FOLLOW

    def _due(self, service: str) -> float:
        change = self.pending[service]
        due = min(change.last + QUIET, change.first + LATEST)
        return due if change.urgent else max(due, self.rest_until.get(service, 0.0))
