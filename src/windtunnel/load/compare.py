"""Two runs side by side: each figure's change, and whether it is more than noise.

The statistic is a block bootstrap. A run's measured seconds are cut into blocks of five, because neighbouring seconds
are alike; so many blocks as there are, drawn with repetition, make another run that could have been. 400 such pairs of
runs give 400 changes of a figure; if the middle 98 % of them have the same sign, and the change is larger than what the
histogram's buckets blur (2 %), it is more than noise within a run. What differs from one run to the next on a busy
machine is not in it: a change that matters is there again in a second pair.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from windtunnel.load.figures import Stretch
from windtunnel.load.histogram import percentile
from windtunnel.load.sample import Cell, beside
from windtunnel.load.samples import Samples

BLOCK_SECONDS = 5
DRAWS = 400
LEAST_BLOCKS = 4
CERTAIN = 0.99
RESOLUTION = 0.02
ALL = "all"

MORE, LESS, NOISE, SHORT = "more", "less", "noise", "too short to tell"


@dataclass(frozen=True)
class Change:
    """A figure in two runs. `low` and `high` are the middle 98 % of the bootstrap's changes, as shares of `before`."""

    endpoint: str
    metric: str
    before: float
    after: float
    judged: str
    """MORE, LESS, NOISE, or SHORT."""
    low: float = 0.0
    high: float = 0.0

    @property
    def share(self) -> float | None:
        """The change as a share of what was before; None where that was nothing."""
        return (self.after - self.before) / self.before if self.before else None

    @property
    def better(self) -> bool | None:
        """Whether a change that is more than noise is one for the better; None for no such change."""
        if self.judged not in (MORE, LESS):
            return None
        return (self.judged == MORE) == (self.metric == "rate")


Measure = Callable[[Cell, int], float]
MEASURES: Mapping[str, Measure] = {
    "rate": lambda cell, seconds: cell.good / seconds if seconds else 0.0,
    "p50": lambda cell, seconds: percentile(cell.buckets, 0.50),
    "p95": lambda cell, seconds: percentile(cell.buckets, 0.95),
    "p99": lambda cell, seconds: percentile(cell.buckets, 0.99),
    "errors": lambda cell, seconds: cell.failed / cell.requests if cell.requests else 0.0,
    "429s": lambda cell, seconds: cell.throttled / cell.requests if cell.requests else 0.0,
}


@dataclass(frozen=True)
class Run:
    """A stored run: its samples and the stretch that was measured."""

    samples: Samples
    stretch: Stretch


def compare(before: Run, after: Run, seed: int = 1) -> list[Change]:
    """Every figure of the endpoints that both runs have, ALL first."""
    ours, theirs = _blocks(before), _blocks(after)
    names = [ALL, *sorted((set(ours) & set(theirs)) - {ALL})]
    chance = random.Random(seed)  # noqa: S311 - a statistic, repeatable
    found: list[Change] = []
    for name in names:
        found += _changes(name, ours.get(name, []), theirs.get(name, []), chance, _lengths(before, after))
    return found


def _block_seconds(run: Run) -> int:
    return min(BLOCK_SECONDS, max(1, run.stretch.seconds))


def _lengths(before: Run, after: Run) -> tuple[int, int]:
    """How many seconds the blocks of each run have together."""
    one, other = (run.stretch.seconds // _block_seconds(run) * _block_seconds(run) for run in (before, after))
    return one, other


def _blocks(run: Run) -> dict[str, list[Cell]]:
    """Each endpoint's counts, a cell a block; the last seconds that fill no block are left out, if there is another."""
    size = _block_seconds(run)
    number = run.stretch.seconds // size
    found: dict[str, list[Cell]] = {ALL: [Cell() for _ in range(number)]}
    for block in range(number):
        first = run.stretch.first + block * size
        for second in range(first, first + size):
            for endpoint, cell in run.samples.cells.get(second, {}).items():
                if beside(endpoint):
                    continue
                found.setdefault(endpoint, [Cell() for _ in range(number)])[block].merge(cell)
                found[ALL][block].merge(cell)
    return found


def _changes(
    name: str, before: Sequence[Cell], after: Sequence[Cell], chance: random.Random, seconds: tuple[int, int]
) -> list[Change]:
    one, other = _sum(before), _sum(after)
    measured = {metric: (of(one, seconds[0]), of(other, seconds[1])) for metric, of in MEASURES.items()}
    if min(len(before), len(after)) < LEAST_BLOCKS:
        return [Change(name, metric, a, b, SHORT) for metric, (a, b) in measured.items()]
    drawn: dict[str, list[float]] = {metric: [] for metric in MEASURES}
    for _ in range(DRAWS):
        first = _sum(chance.choices(before, k=len(before)))
        second = _sum(chance.choices(after, k=len(after)))
        for metric, of in MEASURES.items():
            drawn[metric].append(of(second, seconds[1]) - of(first, seconds[0]))
    return [_judged(name, metric, a, b, drawn[metric]) for metric, (a, b) in measured.items()]


def _judged(name: str, metric: str, before: float, after: float, changes: list[float]) -> Change:
    changes.sort()
    tail = int(len(changes) * (1 - CERTAIN))
    low, high = changes[tail], changes[-1 - tail]
    small = abs(after - before) <= RESOLUTION * before
    if not small and low > 0:
        judged = MORE
    elif not small and high < 0:
        judged = LESS
    else:
        judged = NOISE
    scale = before or 1.0
    return Change(name, metric, before, after, judged, low / scale, high / scale)


def _sum(cells: Sequence[Cell]) -> Cell:
    total = Cell()
    for cell in cells:
        total.merge(cell)
    return total
