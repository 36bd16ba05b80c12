"""Changes of files, in batches: what is saved at once comes at once."""

from __future__ import annotations

import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Collection, Mapping
from pathlib import Path

import watchfiles

from windtunnel.errors import EngineError
from windtunnel.watch.places import Place, is_silent

STEP = 30
"""Milliseconds without a further change after which a batch is whole."""
DEBOUNCE = 1000
"""Milliseconds that a batch may take at most."""
FEW = 4
"""Files: more of them at once were not saved by hand."""
CALM, CALM_AT_MOST = 0.25, 3.0
"""Seconds without a further change after which a batch of many is whole, and that it may take at most."""
POLL = 200
"""Milliseconds between two looks at a file system that tells nothing."""
ARMED_SECONDS = 30.0


class Changes:
    """Watches places from its making on: what changes after that is told by `next()`. `close()` it."""

    def __init__(self, places: Collection[Place], mounts: Mapping[Path, str]) -> None:
        self._queue: queue.SimpleQueue[set[Path] | Exception] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._probe = Path(tempfile.mkdtemp(prefix="windtunnel-watch-")).resolve()
        self.polled = frozenset(place.path for place in places if is_silent(place.path, mounts))
        kinds: dict[tuple[bool, bool], list[Path]] = {}
        for place in places:
            kinds.setdefault((place.recursive, place.path in self.polled), []).append(place.path)
        self._threads = [
            threading.Thread(target=self._watch, args=(paths, recursive, polled), name="windtunnel-watch", daemon=True)
            for (recursive, polled), paths in kinds.items()
        ]
        self._armed = threading.Semaphore(0)
        for thread in self._threads:
            thread.start()
        try:
            self._await_armed()
        except BaseException:
            self.close()
            raise

    def next(self, seconds: float) -> set[Path] | None:
        """The next batch; None after so many seconds without one. Raises OSError where watching is at an end."""
        try:
            batch = self._queue.get(timeout=seconds)
        except queue.Empty:
            return None
        # those of other threads that are there already belong to it; and a checkout of many files takes its breaths
        calm = time.monotonic() + CALM_AT_MOST
        while True:
            if isinstance(batch, Exception):
                raise batch
            many = len(batch) > FEW and time.monotonic() < calm
            try:
                more = self._queue.get(timeout=CALM) if many else self._queue.get_nowait()
            except queue.Empty:
                return batch
            batch = more if isinstance(more, Exception) else batch | more

    def close(self) -> None:
        """End the threads."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        shutil.rmtree(self._probe, ignore_errors=True)

    def _await_armed(self) -> None:
        """A thread sees changes once it has seen one in a folder of our own, which it watches after all others."""
        deadline = time.monotonic() + ARMED_SECONDS
        for count, _thread in enumerate(self._threads):
            while not self._armed.acquire(timeout=0.02):
                (self._probe / f"{count}-{time.monotonic_ns()}").touch()
                if time.monotonic() > deadline:
                    raise EngineError(f"no change of a file was seen within {ARMED_SECONDS:.0f} s")

    def _watch(self, paths: list[Path], recursive: bool, polled: bool) -> None:
        armed = False
        try:
            for changed in watchfiles.watch(
                *paths,
                self._probe,
                watch_filter=None,
                step=STEP,
                debounce=DEBOUNCE,
                stop_event=self._stop,
                recursive=recursive,
                force_polling=polled,
                poll_delay_ms=POLL,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                found = {Path(path) for _kind, path in changed}
                real = {path for path in found if path.parent != self._probe and path != self._probe}
                if not armed and real != found:
                    armed = True
                    self._armed.release()
                if real:
                    self._queue.put(real)
        except Exception as error:  # noqa: BLE001 - a thread's boundary: whoever waits gets it
            self._queue.put(OSError(f"files cannot be watched: {error}"))
            if not armed:
                self._armed.release()
