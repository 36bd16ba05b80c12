"""Two runs side by side: each figure's change, and whether it is more than noise.

A run's measured seconds are cut into blocks of five or more, because neighbouring seconds are alike. Every figure is a
share of two counts of a block: answers by seconds, errors by requests, and, for a percentile, the answers that took
longer than that percentile of both runs together, by all answers. Whether these differ by more than chance is asked of
all figures of a comparison at once (see chance.py), so that many figures make no false alarm likely. A change must also
be larger than what the histogram's buckets blur, and a percentile needs some answers beyond it. What differs from one
run to the next on a busy machine is not in it: a change that matters is there again in a second pair.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from windtunnel.load.chance import more_than_chance
from windtunnel.load.figures import ALL, Stretch
from windtunnel.load.histogram import GROWTH, Buckets, merged, percentile
from windtunnel.load.sample import Cell, beside
from windtunnel.load.samples import Samples

BLOCK_SECONDS = 5
MOST_BLOCKS = 20
"""Of the shorter run, or a few more: with longer runs the blocks are longer."""
LEAST_BLOCKS = 8
LEAST_SECONDS = BLOCK_SECONDS * LEAST_BLOCKS
LEAST_BEYOND = 10
"""Answers above a percentile (below the median), in each run: a p99 of 50 answers is one answer's time."""
WRONG = 0.03
"""How many comparisons of two equal runs may find any change."""
RESOLUTION = 1.5 * math.log(GROWTH)
"""As a logarithm of the ratio: two times in neighbouring buckets may be the same, and are no change."""

MORE, LESS, NOISE, SHORT = "more", "less", "noise", "too short to tell"
FEW, NO_ANSWERS = "too few answers", "no answers"


@dataclass(frozen=True)
class Change:
    """A figure in two runs. `low` and `high` are what the change may be at the least and at the most, as shares of
    `before`."""

    endpoint: str
    metric: str
    before: float | None
    """None: there was no answer as expected, so that there is no time."""
    after: float | None
    judged: str
    """MORE, LESS, NOISE, SHORT, FEW or NO_ANSWERS."""
    low: float = 0.0
    high: float = 0.0

    @property
    def share(self) -> float | None:
        """The change as a share of what was before; None where that was nothing, or where a value is missing."""
        if self.before is None or self.after is None or not self.before:
            return None
        return (self.after - self.before) / self.before

    @property
    def better(self) -> bool | None:
        """Whether a change that is more than noise is one for the better; None for no such change."""
        if self.judged not in (MORE, LESS):
            return None
        return (self.judged == MORE) == (self.metric == "rate")


@dataclass(frozen=True)
class Run:
    """A stored run: its samples and the stretch that was measured."""

    samples: Samples
    stretch: Stretch


@dataclass(frozen=True)
class Block:
    """An endpoint's counts over some seconds."""

    cell: Cell
    seconds: int


Blocks = Sequence[Block]
Count = Callable[[Block], float]
SHARES: Mapping[str, tuple[Count, Count]] = {
    "rate": (lambda block: block.cell.good, lambda block: block.seconds),
    "errors": (lambda block: block.cell.failed, lambda block: block.cell.requests),
    "429s": (lambda block: block.cell.throttled, lambda block: block.cell.requests),
}
PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
METRICS = ("rate", *PERCENTILES, "errors", "429s")


def compare(before: Run, after: Run, seed: int = 1) -> list[Change]:
    """Every figure of the endpoints that both runs have, ALL first."""
    shorter = min(before.stretch.seconds, after.stretch.seconds)
    length = max(BLOCK_SECONDS, shorter // MOST_BLOCKS)
    ours, theirs = _blocks(before, length), _blocks(after, length)
    names = [ALL, *sorted((set(ours) & set(theirs)) - {ALL})]
    pairs = [Pair(name, metric, ours[name], theirs[name]) for name in names for metric in METRICS]
    short = shorter < LEAST_SECONDS
    asked = [pair for pair in pairs if not short and not pair.lacking]
    if not asked:
        return [pair.change(NO_ANSWERS if pair.lacking == NO_ANSWERS else SHORT) for pair in pairs]
    places, limit = more_than_chance([pair.deviations() for pair in asked], len(ours[ALL]), WRONG, seed)
    judged = [_judged(pair, limit.errors, by_chance=place not in places) for place, pair in enumerate(asked)]
    found = iter(judged)
    return [pair.change(pair.lacking) if pair.lacking else next(found) for pair in pairs]


def _blocks(run: Run, length: int) -> dict[str, list[Block]]:
    """Each endpoint's counts, in blocks of `length` seconds, or of a few more so that no second is left over."""
    stretch = run.stretch
    number = max(1, stretch.seconds // length)
    edges = [stretch.first + block * stretch.seconds // number for block in range(number + 1)]
    found: dict[str, list[Block]] = {}

    def block_of(endpoint: str, block: int) -> Cell:
        if endpoint not in found:
            found[endpoint] = [Block(Cell(), edges[at + 1] - edges[at]) for at in range(number)]
        return found[endpoint][block].cell

    for block in range(number):
        block_of(ALL, block)
        for second in range(edges[block], edges[block + 1]):
            for endpoint, cell in run.samples.cells.get(second, {}).items():
                if not beside(endpoint):
                    block_of(endpoint, block).merge(cell)
                    block_of(ALL, block).merge(cell)
    return found


@dataclass(frozen=True)
class Pair:
    """A figure of an endpoint in both runs."""

    endpoint: str
    metric: str
    ours: Blocks
    theirs: Blocks

    @property
    def lacking(self) -> str:
        """Why the figure cannot be judged; "" where it can."""
        if self.metric not in PERCENTILES:
            return ""
        fewest = min(sum(block.cell.good for block in blocks) for blocks in (self.ours, self.theirs))
        beyond = min(PERCENTILES[self.metric], 1 - PERCENTILES[self.metric])
        return NO_ANSWERS if not fewest else FEW if fewest * beyond < LEAST_BEYOND - 1e-6 else ""

    def value(self, blocks: Blocks) -> float | None:
        """The figure in one of the runs."""
        if self.metric not in PERCENTILES:
            return _share(blocks, *SHARES[self.metric])
        return percentile(_buckets(blocks), PERCENTILES[self.metric]) if any(b.cell.good for b in blocks) else None

    def counts(self, buckets: Buckets) -> tuple[Count, Count]:
        """What the figure is a share of what of; a percentile's are those above that of `buckets`."""
        if self.metric not in PERCENTILES:
            return SHARES[self.metric]
        return _above(buckets, PERCENTILES[self.metric]), lambda block: block.cell.good

    def deviations(self) -> list[float]:
        """By how much each block's count is above what it would be if both runs were one."""
        both = [*self.ours, *self.theirs]
        return _deviations(both, *self.counts(_buckets(both)))

    def change(self, judged: str, low: float = 0.0, high: float = 0.0) -> Change:
        return Change(self.endpoint, self.metric, self.value(self.ours), self.value(self.theirs), judged, low, high)

    def likely(self, errors: float) -> tuple[float, float]:
        """Between what the change lies, as shares of what was before, within so many standard errors."""
        if self.metric in PERCENTILES:
            (low, at, high), (other_low, other, other_high) = (
                [math.log(time) for time in self._times(blocks, errors)] for blocks in (self.ours, self.theirs)
            )
            down, up = math.hypot(other - other_low, high - at), math.hypot(other_high - other, at - low)
            return math.exp(other - at - down) - 1, math.exp(other - at + up) - 1
        counts = SHARES[self.metric]
        before, after = _share(self.ours, *counts), _share(self.theirs, *counts)
        spread = errors * math.hypot(_error(self.ours, *counts), _error(self.theirs, *counts))
        scale = before or 1.0
        return max(-1.0, (after - before - spread) / scale), (after - before + spread) / scale

    def _times(self, blocks: Blocks, errors: float) -> tuple[float, float, float]:
        """A percentile and the times around it, by the error of the share that is above it (R. Woodruff, 1952)."""
        buckets, share = _buckets(blocks), PERCENTILES[self.metric]
        spread = errors * _error(blocks, *self.counts(buckets))
        low, high = (percentile(buckets, min(1.0, max(0.0, share + way))) for way in (-spread, spread))
        return low, percentile(buckets, share), high


def _judged(pair: Pair, errors: float, *, by_chance: bool) -> Change:
    before, after = pair.value(pair.ours) or 0.0, pair.value(pair.theirs) or 0.0
    same = before == after or (before > 0 and after > 0 and abs(math.log(after / before)) < RESOLUTION)
    judged = NOISE if same or by_chance else MORE if after > before else LESS
    low, high = pair.likely(errors)
    # the range of a percentile is from each run's own histogram: at the edge, what the test says of 0 holds
    if by_chance:
        low, high = min(0.0, low), max(0.0, high)
    elif judged == MORE:
        low = max(0.0, low)
    elif judged == LESS:
        high = min(0.0, high)
    return pair.change(judged, low, high)


def _buckets(blocks: Blocks) -> Buckets:
    return merged(block.cell.buckets for block in blocks)


def _share(blocks: Blocks, part: Count, whole: Count) -> float:
    everything = sum(whole(block) for block in blocks)
    return sum(part(block) for block in blocks) / everything if everything else 0.0


def _deviations(blocks: Blocks, part: Count, whole: Count) -> list[float]:
    share = _share(blocks, part, whole)
    return [part(block) - share * whole(block) for block in blocks]


def _error(blocks: Blocks, part: Count, whole: Count) -> float:
    """The standard error of a share, from how much the blocks differ."""
    everything = sum(whole(block) for block in blocks)
    spread = math.hypot(*_deviations(blocks, part, whole)) * math.sqrt(len(blocks) / max(1, len(blocks) - 1))
    return spread / everything if everything else 0.0


def _above(buckets: Buckets, share: float) -> Count:
    """How many of a block's answers are above a percentile of `buckets`: of those in its very bucket so large a part
    that it is exactly `1 - share` of all."""
    wanted, beyond, at = (1 - share) * sum(buckets.values()), 0, max(buckets, default=0)
    for at in sorted(buckets, reverse=True):
        if beyond + buckets[at] >= wanted:
            break
        beyond += buckets[at]
    part = (wanted - beyond) / buckets[at] if buckets else 0.0
    return lambda block: (
        sum(count for bucket, count in block.cell.buckets.items() if bucket > at) + part * block.cell.buckets.get(at, 0)
    )
