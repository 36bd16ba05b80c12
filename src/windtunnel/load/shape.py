"""Shapes: how many users there are at each moment of a run.

steady   all of them, all the time
ramp     from one to all, evenly
spike    a fifth, then all at once for the middle fifth of the run, then a fifth again
soak     as steady, but meant for long: the report shows what drifts
step     more and more until the targets are missed, then between the last two: see Stairs
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

SPIKE = (0.4, 0.6)
BASE = 0.2


@dataclass(frozen=True)
class Length:
    """What a shape lasts in seconds unless it is told otherwise."""

    seconds: float
    warmup: float


SHAPES: Mapping[str, Length] = MappingProxyType(
    {
        "steady": Length(60, 10),
        "ramp": Length(90, 5),
        "spike": Length(90, 10),
        "soak": Length(900, 30),
        "step": Length(300, 5),
    }
)


def users_at(shape: str, share: float, users: int) -> int:
    """The users of a shape (not `step`) when `share` of the run is over; at least one."""
    if shape == "ramp":
        return max(1, math.ceil(users * min(1.0, share)))
    if shape == "spike" and not SPIKE[0] <= share < SPIKE[1]:
        return max(1, round(users * BASE))
    return max(1, users)


GROWTH = 1.5
"""How much more each step is, until one breaks."""
PRECISION = 0.1
"""The search ends where the step that broke is at most so much above the one that held."""


@dataclass(frozen=True)
class Stairs:
    """The search for the most users that still meet the targets: up until it breaks, then halving."""

    users: int
    held: int = 0
    broke: int | None = None

    def after(self, met: bool) -> Stairs | None:
        """The next step, given how this one went; None where the answer is found."""
        climbed = replace(self, held=self.users) if met else replace(self, broke=self.users)
        if climbed.broke is None:
            return replace(climbed, users=max(climbed.held + 1, math.ceil(climbed.held * GROWTH)))
        gap = climbed.broke - climbed.held
        if gap <= 1 or gap <= climbed.held * PRECISION:
            return None
        return replace(climbed, users=climbed.held + gap // 2)
