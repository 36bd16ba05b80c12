"""A metric of CloudWatch, as whoever counts keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

COUNT, MILLISECONDS = "Count", "Milliseconds"

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A metric under one or more sets of dimensions, which all get each value. Told apart by identity: keep it."""

    account: str
    region: str
    namespace: str
    name: str
    dimension_sets: tuple[Dimensions, ...]
    unit: str


class MetricSink(Protocol):
    """Takes values; it never blocks."""

    def add(self, series: Series, value: float) -> None: ...
