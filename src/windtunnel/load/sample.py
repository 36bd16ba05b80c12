"""What a generator tells once a second: per endpoint and second, what was answered, how, and how fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from windtunnel.load.histogram import Buckets, bucket_of

PROBE = "probe "
"""What begins the name of an endpoint that measures the emulator."""
UNPACED = f"{PROBE}table"
"""The one that goes past the API, and is not held to its rate."""
CLEARING = "clearing up"
"""The same of what users do when they go: they leave nothing behind, without the time that they take otherwise."""


def beside(endpoint: str) -> bool:
    """Whether an endpoint is no part of the scenario: in the counts, but in no figure, target or bill."""
    return endpoint.startswith((PROBE, CLEARING))


@dataclass
class Cell:
    """An endpoint in a second. Times are of expected answers only: an error that comes fast is no throughput."""

    good: int = 0
    throttled: int = 0
    """Answers with 429."""
    errors: dict[str, int] = field(default_factory=dict)
    """How many of each kind: "502", "connection refused"."""
    buckets: Buckets = field(default_factory=dict)
    sum_ms: float = 0.0
    max_ms: float = 0.0
    sent_bytes: int = 0
    received_bytes: int = 0

    @property
    def failed(self) -> int:
        """Errors of every kind; a 429 is none."""
        return sum(self.errors.values())

    @property
    def requests(self) -> int:
        """All that came to an end."""
        return self.good + self.throttled + self.failed

    def take_good(self, milliseconds: float) -> None:
        """Count an answer as it should be."""
        bucket = bucket_of(milliseconds)
        self.good += 1
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.sum_ms += milliseconds
        self.max_ms = max(self.max_ms, milliseconds)

    def take_error(self, kind: str) -> None:
        """Count an error."""
        self.errors[kind] = self.errors.get(kind, 0) + 1

    def merge(self, other: Cell) -> None:
        """Add another's counts to these."""
        self.good += other.good
        self.throttled += other.throttled
        for kind, count in other.errors.items():
            self.errors[kind] = self.errors.get(kind, 0) + count
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        self.sum_ms += other.sum_ms
        self.max_ms = max(self.max_ms, other.max_ms)
        self.sent_bytes += other.sent_bytes
        self.received_bytes += other.received_bytes

    def document(self) -> dict[str, Any]:
        """As JSON has it, whose keys are text."""
        return {**asdict(self), "buckets": {str(bucket): count for bucket, count in self.buckets.items()}}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Cell:
        return cls(**{**document, "buckets": {int(bucket): n for bucket, n in document["buckets"].items()}})


@dataclass(frozen=True)
class Totals:
    """A generator's requests to the API since it began. What is neither answered nor failed is on its way."""

    sent: int = 0
    answered: int = 0
    """Whatever the status."""
    failed: int = 0
    """Without an answer: refused, broken off, timed out."""

    @property
    def in_flight(self) -> int:
        return self.sent - self.answered - self.failed

    def __add__(self, other: Totals) -> Totals:
        return Totals(self.sent + other.sent, self.answered + other.answered, self.failed + other.failed)


@dataclass(frozen=True)
class Example:
    """The first error of its kind at an endpoint."""

    endpoint: str
    kind: str
    body: str
    moment: float


@dataclass(frozen=True)
class Batch:
    """What a generator tells at once. `sequence` counts its batches from 0, so that a lost one is seen."""

    worker: str
    sequence: int
    moment: float
    users: int
    cpu: float
    """The generator's own share of a core, in percent: near 100 it measures itself."""
    totals: Totals
    cells: tuple[tuple[int, str, Cell], ...]
    """By second since the epoch and endpoint."""
    examples: tuple[Example, ...] = ()

    def document(self) -> dict[str, Any]:
        cells = [[second, endpoint, cell.document()] for second, endpoint, cell in self.cells]
        return {**asdict(self), "cells": cells, "examples": [asdict(example) for example in self.examples]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Batch:
        return cls(
            **{
                **document,
                "totals": Totals(**document["totals"]),
                "cells": tuple((s, endpoint, Cell.from_document(cell)) for s, endpoint, cell in document["cells"]),
                "examples": tuple(Example(**example) for example in document["examples"]),
            }
        )
