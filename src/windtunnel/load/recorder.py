"""Counts a generator's requests, and hands over once a second what has come since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from windtunnel.load.sample import Batch, Cell, Example, Totals

BODY_LENGTH = 600
"""Characters of an error's body that are kept as an example."""


@dataclass(frozen=True)
class Ended:
    """How a request ended. `kind` is "" for an answer as expected, "429" for a throttled one, else the error's name."""

    endpoint: str
    kind: str
    milliseconds: float
    answered: bool = True
    """Whether there was any answer at all."""
    sent_bytes: int = 0
    received_bytes: int = 0
    body: str = ""


class Recorder:
    """One for a generator's process; all its users are greenlets of one thread, so that nothing needs a lock."""

    def __init__(self, worker: str, clock: Callable[[], float]) -> None:
        self._worker = worker
        self._clock = clock
        self._sequence = 0
        self._totals = Totals()
        self._cells: dict[tuple[int, str], Cell] = {}
        self._examples: list[Example] = []
        self._seen: set[tuple[str, str]] = set()

    def sent(self) -> None:
        """Count a request to the API that is about to leave."""
        self._totals = replace(self._totals, sent=self._totals.sent + 1)

    def ended(self, ended: Ended, *, counted: bool = True) -> None:
        """Count how it ended. `counted` is False for one that did not go to the API, and was not counted as sent."""
        now = self._clock()
        if counted and ended.answered:
            self._totals = replace(self._totals, answered=self._totals.answered + 1)
        elif counted:
            self._totals = replace(self._totals, failed=self._totals.failed + 1)
        cell = self._cells.setdefault((int(now), ended.endpoint), Cell())
        cell.sent_bytes += ended.sent_bytes
        cell.received_bytes += ended.received_bytes
        if not ended.kind:
            cell.take_good(ended.milliseconds)
            return
        if ended.kind == "429":
            cell.throttled += 1
        else:
            cell.take_error(ended.kind)
        if (ended.endpoint, ended.kind) not in self._seen:
            self._seen.add((ended.endpoint, ended.kind))
            self._examples.append(Example(ended.endpoint, ended.kind, ended.body[:BODY_LENGTH], now))

    def flush(self, users: int, cpu: float) -> Batch:
        """What has come since the last time."""
        batch = Batch(
            worker=self._worker,
            sequence=self._sequence,
            moment=self._clock(),
            users=users,
            cpu=cpu,
            totals=self._totals,
            cells=tuple((second, endpoint, cell) for (second, endpoint), cell in self._cells.items()),
            examples=tuple(self._examples),
        )
        self._sequence += 1
        self._cells, self._examples = {}, []
        return batch
