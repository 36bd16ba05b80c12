"""What a run's samples come to: an endpoint's figures over a stretch of time, and the whole run second by second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from windtunnel.load.histogram import Buckets, percentile
from windtunnel.load.sample import Cell, beside
from windtunnel.load.samples import STEP, Mark, Samples

ALL = "all"
"""The name of all endpoints of the scenario together; probes are no part of it."""


@dataclass(frozen=True)
class Stretch:
    """Whole seconds since the epoch, from `first` to before `end`."""

    first: int
    end: int

    @property
    def seconds(self) -> int:
        return max(0, self.end - self.first)


@dataclass(frozen=True)
class Figures:
    """An endpoint over a stretch. Times in milliseconds, of the answers that were as expected."""

    endpoint: str
    seconds: int
    requests: int
    good: int
    throttled: int
    errors: int
    p50: float
    p95: float
    p99: float
    mean: float
    max: float
    sent_bytes: int
    received_bytes: int

    @property
    def rate(self) -> float:
        """Expected answers a second."""
        return self.good / self.seconds if self.seconds else 0.0

    @property
    def error_share(self) -> float:
        return self.errors / self.requests if self.requests else 0.0

    @property
    def throttled_share(self) -> float:
        return self.throttled / self.requests if self.requests else 0.0


def figures_of(endpoint: str, cell: Cell, seconds: int) -> Figures:
    """The figures of a cell that holds a whole stretch."""
    return Figures(
        endpoint=endpoint,
        seconds=seconds,
        requests=cell.requests,
        good=cell.good,
        throttled=cell.throttled,
        errors=cell.failed,
        p50=percentile(cell.buckets, 0.50),
        p95=percentile(cell.buckets, 0.95),
        p99=percentile(cell.buckets, 0.99),
        mean=cell.sum_ms / cell.good if cell.good else 0.0,
        max=cell.max_ms,
        sent_bytes=cell.sent_bytes,
        received_bytes=cell.received_bytes,
    )


def totals(samples: Samples, stretch: Stretch) -> dict[str, Cell]:
    """Each endpoint's counts over a stretch, and those of ALL, first."""
    found: dict[str, Cell] = {ALL: Cell()}
    for second in range(stretch.first, stretch.end):
        for endpoint, cell in samples.cells.get(second, {}).items():
            found.setdefault(endpoint, Cell()).merge(cell)
            if not beside(endpoint):
                found[ALL].merge(cell)
    return found


def summarise(samples: Samples, stretch: Stretch) -> dict[str, Figures]:
    """Each endpoint's figures over a stretch, ALL first, then by name, probes last."""
    cells = totals(samples, stretch)
    names = sorted(cells, key=lambda name: (name != ALL, beside(name), name))
    return {name: figures_of(name, cells[name], stretch.seconds) for name in names}


def best_step(samples: Samples) -> Mark | None:
    """The step of the stairs that held at the highest rate."""
    held = [mark for mark in samples.marks if mark.mark == STEP and mark.met]
    return max(held, key=lambda mark: mark.rate, default=None)


def measured_stretch(samples: Samples, warmup: float, now: float) -> Stretch:
    """The whole seconds between the warm-up and the end; up to `now` where the run has not ended.

    Of a search for the highest rate it is the best step: the others are to find out what is too much.
    """
    best = best_step(samples)
    if best is not None:
        return Stretch(best.first, best.end)
    began = samples.moment("began")
    if began is None:
        return Stretch(0, 0)
    first = int(began + warmup) + (1 if began + warmup > int(began + warmup) else 0)
    ended = samples.moment("ended")
    return Stretch(first, max(first, int(ended if ended is not None else now)))


@dataclass(frozen=True)
class Second:
    """The scenario in one second of the run."""

    offset: int
    """Seconds since the run began."""
    users: int
    rate: float
    p50: float
    p95: float
    p99: float
    errors: int
    throttled: int


def series(samples: Samples, stretch: Stretch, origin: int) -> list[Second]:
    """Every second of a stretch; a second in which nothing came to an end is there too."""
    users, found = 0, []
    for second in range(stretch.first, stretch.end):
        told: Mapping[str, int] = samples.users.get(second, {})
        users = sum(told.values()) if len(told) == len(samples.last) else max(users, sum(told.values()))
        cell = Cell()
        for endpoint, part in samples.cells.get(second, {}).items():
            if not beside(endpoint):
                cell.merge(part)
        buckets: Buckets = cell.buckets
        found.append(
            Second(
                offset=second - origin,
                users=users,
                rate=cell.good,
                p50=percentile(buckets, 0.50),
                p95=percentile(buckets, 0.95),
                p99=percentile(buckets, 0.99),
                errors=cell.failed,
                throttled=cell.throttled,
            )
        )
    return found
