"""How often each of many things came: counters that outlive the process, in a file that the kernel keeps.

Beside a counter file is one with what each counter is of, a line for each, written before it is counted for the first
time. A process that is killed leaves both as they are, and the next one reads them.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

SLOTS = 8192
COUNTS, NAMES = ".counts", ".names"


Key = tuple[str | float, ...]
"""What is counted: nothing that is told apart by anything but its own text and numbers."""


class Tally:
    """Counts, of one minute at most. Full after SLOTS different things."""

    def __init__(self, path: Path | None, minute: int) -> None:
        """`path`: the files' without their suffixes; None: in memory. `minute`: its Unix time. Raises OSError."""
        self.minute = minute
        self._path = path
        self.slots: dict[Key, int] = {}
        """Where in `counts` each is counted. Who finds it there may count it there; others are for add()."""
        self._names: int | None = None
        self._map: mmap.mmap | None = None
        if path is None:
            self.counts = memoryview(bytearray(8 * SLOTS)).cast("Q")
            return
        counts = path.with_name(path.name + COUNTS)
        with counts.open("x+b") as file:
            # written, and no hole: one that finds no room on the disk later would kill the process
            file.write(bytes(8 * SLOTS))
            file.flush()
            self._map = mmap.mmap(file.fileno(), 8 * SLOTS)
        self.counts = memoryview(self._map).cast("Q")
        self._names = os.open(path.with_name(path.name + NAMES), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(self._names, f"{minute}\n".encode())

    def add(self, key: Key) -> bool:
        """Count it once more. False where it is full."""
        slot = self.slots.get(key)
        if slot is None:
            slot = len(self.slots)
            if slot >= SLOTS:
                return False
            self._name(slot, key)
        self.counts[slot] += 1
        return True

    def _name(self, slot: int, key: Key) -> None:
        if self._names is not None:
            self._write_name(self._names, json.dumps(key).encode() + b"\n")
        self.slots[key] = slot

    def _write_name(self, names: int, line: bytes) -> None:
        try:
            written = os.write(names, line)
        except OSError:
            written = 0
        if written < len(line):  # a full disk: from here on it is in memory only
            os.close(names)
            self._names = None

    def entries(self) -> Iterator[tuple[Key, int]]:
        """What came, and how often."""
        for key, slot in self.slots.items():
            if self.counts[slot]:
                yield key, self.counts[slot]

    def seal(self) -> None:
        """Nothing is added from now on: let go of the files."""
        if self._map is not None:
            counts = self.counts
            self.counts = memoryview(counts.tobytes()).cast("Q")
            counts.release()
            self._map.close()
            self._map = None
        if self._names is not None:
            os.close(self._names)
            self._names = None

    def delete(self) -> None:
        """Forget it, and its files."""
        self.seal()
        if self._path is not None:
            # the names last: counters without names are nobody's, and are deleted when they are found
            for suffix in (COUNTS, NAMES):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    @classmethod
    def read(cls, path: Path) -> Tally:
        """What a process left behind. Raises OSError, ValueError: it is none."""
        counts = path.with_name(path.name + COUNTS).read_bytes()
        minute, *lines = path.with_name(path.name + NAMES).read_bytes().split(b"\n")
        if len(counts) != 8 * SLOTS:
            raise ValueError(f"{path}{COUNTS} has {len(counts)} bytes")
        found = cls(None, int(minute))
        found._path = path
        found.counts = memoryview(counts).cast("Q")
        for slot, line in enumerate(lines[:-1]):  # after the last line feed is nothing, or a line that was broken off
            found.slots[tuple(json.loads(line))] = slot
        return found
