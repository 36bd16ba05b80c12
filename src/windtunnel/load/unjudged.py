"""What two reports say beside the times of answers: functions, capacity, throttles, the emulator's share, cost.

These are one number a run, without a time series: nobody can tell from two of them whether a change is noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.load.page import emulator_share

Document = Mapping[str, Any]
TELLING = 0.05
"""Changes that are larger are worth a line."""


@dataclass(frozen=True)
class Unjudged:
    """A figure of two reports; None where one of them does not have it."""

    of: str
    """A function, a table, or "" for the run."""
    title: str
    kind: str
    """"ms", "MB", "number", "units", "share" or "$"."""
    before: float | None
    after: float | None

    @property
    def share(self) -> float | None:
        """The change as a share of what was before; None where that was nothing, or where a value is missing."""
        return (self.after - self.before) / self.before if self.before and self.after is not None else None

    @property
    def telling(self) -> bool:
        """Whether it changed by so much that it is worth a line, or is in one of the two only."""
        if self.before is None or self.after is None or not self.before:
            return self.before != self.after
        return abs(self.after - self.before) > TELLING * self.before


Key = tuple[str, str, str]
Found = Iterator[tuple[Key, float | None]]


def unjudged(before: Document, after: Document) -> list[Unjudged]:
    """Every figure that one of the documents has: functions' by name, then tables', then those of the whole run."""
    found = []
    for read in READERS:
        ours, theirs = (
            {key: value for key, value in read(document) if value is not None} for document in (before, after)
        )
        keys = sorted(dict.fromkeys([*ours, *theirs]), key=lambda key: key[0])
        found += [Unjudged(*key, ours.get(key), theirs.get(key)) for key in keys]
    return found


def _functions(document: Document) -> Found:
    for row in _part(document, "functions").get("rows", ()):
        name, calls = str(row.get("function", "")), _number(row, "invocations")
        billed = _number(row, "billed_ms")
        yield (name, "duration p50", "ms"), _number(row, "p50")
        yield (name, "billed, a call", "ms"), billed / calls if billed is not None and calls else None
        yield (name, "memory used", "MB"), _number(row, "used_mb")
        yield (name, "memory", "MB"), _number(row, "memory_mb")
        yield (name, "cold starts", "number"), _number(_part(row, "run"), "cold_starts")
        yield (name, "at once", "number"), _number(row, "concurrency")
    throttles = _part(_part(document, "throttles"), "functions")
    for name in throttles:
        yield (name, "throttles", "number"), _number(throttles, name)


def _tables(document: Document) -> Found:
    """Tables go by their name among the stack's outputs: their own is another after each deployment from nothing."""
    outputs = {table: name.removesuffix("Name") for name, table in _part(_part(document, "plan"), "outputs").items()}
    for row in document.get("capacity") or ():
        table = str(row.get("table", ""))
        name = outputs.get(table, table)
        yield (name, "read units", "units"), _number(row, "read_units")
        yield (name, "write units", "units"), _number(row, "write_units")
        yield (name, "throttles", "number"), _number(row, "throttled")


def _whole(document: Document) -> Found:
    functions, cost = _part(document, "functions"), _part(document, "cost")
    yield ("", "cold starts", "number"), _over(functions, "cold_starts", sum)
    yield ("", "functions at once", "number"), _over(functions, "concurrency", max)
    yield ("", "answers throttled (429)", "number"), _number(_part(document, "throttles"), "answers")
    yield ("", "the emulator's share of the median", "share"), _emulator_share(document)
    yield ("", "a month on AWS", "$"), _number(cost, "month_total")
    yield ("", "a month on AWS, with the free tier", "$"), _number(cost, "month_total_free_tier")


def _emulator_share(document: Document) -> float | None:
    try:
        return emulator_share(document)[0]
    except KeyError:  # a part of it is not in this report
        return None


READERS: tuple[Callable[[Document], Found], ...] = (_functions, _tables, _whole)


def _part(document: Document, key: str) -> Document:
    """A part of a document that may not be there."""
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}


def _number(row: Document, key: str) -> float | None:
    found = row.get(key)
    return float(found) if isinstance(found, int | float) else None


def _over(functions: Document, key: str, of: Callable[[list[float]], float]) -> float | None:
    """What the counts by second come to; None where no function's log was read."""
    if not functions.get("rows"):
        return None
    return of([0.0, *(float(count) for _second, count in functions.get(key, ()))])
