"""What chance does to two runs' figures: a permutation test over all of them at once.

If nothing changed, it does not matter which run a block of seconds belongs to. So the blocks of both are dealt anew to
two runs, some thousand times, and each time it is noted how much the figure that then differs most differs. A figure
that differs by more than that in all but a share `wrong` of the deals differs by more than chance, however many figures
are looked at. Those are then put aside, and the same is asked of the others, until none is found ("step-down max T":
P. Westfall and S. Young, Resampling-Based Multiple Testing, 1993).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

DEALS = 4000
_ROUNDING = 1e-9

Deviations = Sequence[float]
"""By how much each block is above what it would have if both runs were one; the first run's blocks first. They sum up
to nothing."""


@dataclass(frozen=True)
class Chance:
    """The most that chance does. `limit` is a correlation, of a figure's deviations with the run they are from."""

    limit: float
    blocks: int

    @property
    def errors(self) -> float:
        """The same as a number of standard errors: Student's t that belongs to the correlation."""
        return self.limit * math.sqrt((self.blocks - 2) / max(_ROUNDING, 1 - self.limit**2))

    def exceeded(self, correlation: float) -> bool:
        """Whether a figure differs by more than chance."""
        return abs(correlation) > self.limit + _ROUNDING


def correlation(deviations: Deviations, first: int) -> float:
    """How much belonging to the second run (all but the `first` blocks) explains; below 0 where it is lower there."""
    second = len(deviations) - first
    return -sum(scaled(deviations)[:first]) * math.sqrt(len(deviations) / (first * second))


def scaled(deviations: Deviations) -> list[float]:
    """Of length 1; all 0 where they are no more than the rounding of numbers."""
    length = math.hypot(*deviations)
    return [deviation / length for deviation in deviations] if length > _ROUNDING else [0.0] * len(deviations)


def chance(figures: Sequence[Deviations], first: int, wrong: float, seed: int, deals: int = DEALS) -> Chance:
    """The most that any figure differs by if the blocks are dealt anew, but for a share `wrong` of the deals."""
    blocks = len(figures[0])
    fewer = min(first, blocks - first)
    dealer = random.Random(seed)  # noqa: S311 - a statistic, repeatable
    series = [scaled(deviations) for deviations in figures]
    most = []
    for _ in range(deals):
        dealt = itemgetter(*dealer.sample(range(blocks), fewer))
        most.append(max(abs(sum(dealt(deviations))) for deviations in series))
    most.sort()
    scale = math.sqrt(blocks / (fewer * (blocks - fewer)))
    return Chance(min(1.0, most[math.ceil((1 - wrong) * deals) - 1] * scale), blocks)


def more_than_chance(figures: Sequence[Deviations], first: int, wrong: float, seed: int) -> tuple[set[int], Chance]:
    """The figures that differ by more than chance, by their places, and the most that chance does to the others."""
    correlations = [correlation(deviations, first) for deviations in figures]
    found: set[int] = set()
    while True:
        left = [at for at in range(len(figures)) if at not in found]
        limit = chance([figures[at] for at in left], first, wrong, seed)
        larger = {at for at in left if limit.exceeded(correlations[at])}
        found |= larger
        if not larger or len(found) == len(figures):
            return found, limit
