"""Figures: medians over rounds, and ratios between systems."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.case import Case
from bench.load import Sample

OURS = "windtunnel"


@dataclass(frozen=True)
class Round:
    """One round of one case on one system."""

    sample: Sample
    rss_mb: float
    """Of the whole process tree, right after the load; see memory.py."""


@dataclass(frozen=True)
class Row:
    """A case on a system: medians of its rounds, errors of all of them. Figures are None where it failed."""

    case: str
    system: str
    connections: int
    rps: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    errors: int | None = None
    rss_mb: float | None = None
    failed: str = ""
    """Why there are no figures."""
    lowest: float = 0.0
    highest: float = 0.0
    """The rounds' requests per second."""

    def document(self) -> dict[str, Any]:
        """As in bench.json."""
        names = ("case", "system", "connections", "rps", "p50_ms", "p99_ms", "errors", "rss_mb")
        return {name: getattr(self, name) for name in names} | ({"failed": self.failed} if self.failed else {})


def summarise(case: Case, system: str, rounds: Sequence[Round]) -> Row:
    """The row of at least one round."""
    samples = [one.sample for one in rounds]
    return Row(
        case=case.name,
        system=system,
        connections=case.connections,
        rps=round(median(s.rps for s in samples), 1),
        p50_ms=round(median(s.p50_ms for s in samples), 3),
        p99_ms=round(median(s.p99_ms for s in samples), 3),
        errors=sum(s.errors for s in samples),
        rss_mb=round(median(one.rss_mb for one in rounds), 1),
        lowest=min(s.rps for s in samples),
        highest=max(s.rps for s in samples),
    )


def failure(case: Case, system: str, reason: str) -> Row:
    """The row of a system that has no figures for a case."""
    return Row(case.name, system, case.connections, failed=reason)


def best_peer(rows: Iterable[Row]) -> Row | None:
    """Of one case's rows, the peer with the most requests a second; None where no peer has any."""
    peers = [row for row in rows if row.system != OURS and row.rps]
    return max(peers, key=lambda row: row.rps or 0.0, default=None)


def times(ours: Row | None, other: Row | None) -> float | None:
    """How many times the other's requests a second ours are."""
    if ours is None or other is None or not ours.rps or not other.rps:
        return None
    return ours.rps / other.rps
