"""A run's samples: what its generators told, merged; and the file they are kept in, a line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from windtunnel.load.sample import Batch, Cell, Example, Totals

BEGAN, ENDED, STEP = "began", "ended", "step"
UNPREPARED = "unprepared"
"""What the scenario needs could not be made, and the note says why: there is no run."""


@dataclass(frozen=True)
class Mark:
    """A moment of the run: it "began", it "ended" (nothing new is sent), or a "step" of the stairs was judged."""

    mark: str
    moment: float
    note: str = ""
    users: int = 0
    rate: float = 0.0
    met: bool = False
    first: int = 0
    end: int = 0
    """A step's seconds that were judged, from `first` to before `end`."""


class Samples:
    """All that was told so far."""

    def __init__(self) -> None:
        self.cells: dict[int, dict[str, Cell]] = {}
        self.users: dict[int, dict[str, int]] = {}
        """By second and generator: its users."""
        self.cpu: dict[str, list[float]] = {}
        """By generator: its own share of a core in percent, once a second."""
        self.examples: dict[tuple[str, str], Example] = {}
        self.marks: list[Mark] = []
        self.lost = 0
        """Batches that never came."""
        self.last: dict[str, Batch] = {}
        """Each generator's newest batch."""

    def take(self, batch: Batch) -> None:
        """Add a batch."""
        before = self.last.get(batch.worker)
        self.lost += batch.sequence - (before.sequence + 1 if before else 0)
        self.last[batch.worker] = batch
        self.users.setdefault(int(batch.moment), {})[batch.worker] = batch.users
        self.cpu.setdefault(batch.worker, []).append(batch.cpu)
        for second, endpoint, cell in batch.cells:
            self.cells.setdefault(second, {}).setdefault(endpoint, Cell()).merge(cell)
        for example in batch.examples:
            self.examples.setdefault((example.endpoint, example.kind), example)

    def mark(self, mark: Mark) -> None:
        """Add a mark. A run that begins anew, from Locust's web UI, is measured from there."""
        if mark.mark == BEGAN:
            self.marks = []
        self.marks.append(mark)

    @property
    def totals(self) -> Totals:
        """Of all generators together."""
        return sum((batch.totals for batch in self.last.values()), Totals())

    def moment(self, mark: str) -> float | None:
        """When a mark was set first."""
        return next((found.moment for found in self.marks if found.mark == mark), None)

    def idle_since(self, moment: float) -> bool:
        """Whether every generator told after `moment` that it has no users and nothing on its way."""
        return bool(self.last) and all(
            batch.moment > moment and batch.users == 0 and batch.totals.in_flight == 0 for batch in self.last.values()
        )

    def take_line(self, line: str) -> None:
        """Add a line of the file."""
        document: Mapping[str, Any] = json.loads(line)
        if "mark" in document:
            self.mark(Mark(**document))
        else:
            self.take(Batch.from_document(document))


class SampleFile:
    """Where samples are kept: appended to as they come, each line whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def append(self, entry: Batch | Mark) -> None:
        """Write one."""
        document = entry.document() if isinstance(entry, Batch) else asdict(entry)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(document, separators=(",", ":")) + "\n")

    def new_lines(self) -> Iterable[str]:
        """The whole lines that came since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        return whole.decode().splitlines()


def read_samples(path: Path) -> Samples:
    """A stored run's samples; empty where it came to none."""
    samples = Samples()
    for line in SampleFile(path).new_lines():
        samples.take_line(line)
    return samples
