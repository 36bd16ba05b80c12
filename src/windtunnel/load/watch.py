"""Whether a run is in trouble that no waiting mends: the engine or a generator is gone, or nobody answers any more.

Silence alone is none: users may think for a minute, the rate may be held low, and in the web UI there may be no users.
"""

from __future__ import annotations

from windtunnel.engines import Engine
from windtunnel.load.sample import beside
from windtunnel.load.samples import Samples

ASK_SECONDS = 2.0
DOWN_TIMES = 2
"""How often in a row the engine must be found gone: its supervisor may just be starting it again."""
SILENT_SECONDS = 20.0
"""How long everything may end badly, or an engine that does not tell how it is may leave requests without an end. A
supervisor starts a dead edge again in a few seconds."""
WAITING_SECONDS = 31.0
"""How long requests may be on their way without an end of any: API Gateway's own limit is 29 s."""
MUTE_SECONDS = 10.0
"""How long a generator may tell nothing: it tells once a second."""


class Watch:
    """Asked about twice a second."""

    def __init__(self, engine: Engine, *, local: bool) -> None:
        self._engine = engine
        self._local = local
        self._asked = 0.0
        self._state = "up"
        self._down = 0
        self._began: float | None = None
        self._before: dict[str, int] = {}
        self._told: dict[str, tuple[int, float]] = {}
        self._came_to_an_end = -1
        self._waiting_since = 0.0

    def trouble(self, samples: Samples, now: float) -> str:
        """What is wrong; "" for nothing."""
        began = samples.moment("began")
        if began is None or samples.moment("ended") is not None:
            return ""
        if began != self._began:
            # who told something in an earlier test only may have left since
            self._began, self._before = began, {worker: batch.sequence for worker, batch in samples.last.items()}
            self._told, self._waiting_since = {}, now
        wrong = (
            self._mute_generator(samples, now)
            or self._gone(samples, now, began)
            or self._no_answers(samples, now, began)
        )
        return f"{wrong}, {now - began:.0f} s into the run" if wrong else ""

    def _mute_generator(self, samples: Samples, now: float) -> str:
        """By when its news came here: its clock may be another."""
        for worker, batch in samples.last.items():
            if self._before.get(worker) == batch.sequence:
                continue
            told, when = self._told.get(worker, (-1, now))
            if told != batch.sequence:
                self._told[worker] = batch.sequence, now
            elif now - when > MUTE_SECONDS:
                return f"the load generator {worker} has told nothing for {now - when:.0f} s"
        return ""

    def _gone(self, samples: Samples, now: float, began: float) -> str:
        """Whether the engine is. One that answers is up, however busy it is: it is asked only when it went quiet."""
        last = _quiet_since(samples, began)
        if now - last <= ASK_SECONDS:
            self._state, self._down = "up", 0
        elif self._local and now - self._asked >= ASK_SECONDS:
            self._asked, self._state = now, self._engine.status().state
            self._down = self._down + 1 if self._state == "down" else 0
        return f"the engine died: its last answer came {now - last:.0f} s before" if self._down >= DOWN_TIMES else ""

    def _no_answers(self, samples: Samples, now: float, began: float) -> str:
        totals = samples.totals
        ends = totals.answered + totals.failed
        if totals.in_flight == 0 or ends != self._came_to_an_end:
            self._came_to_an_end, self._waiting_since = ends, now
        waiting = now - self._waiting_since
        if waiting > (WAITING_SECONDS if self._state == "up" else SILENT_SECONDS):
            return f"nothing was answered for {waiting:.0f} s"
        quiet = _quiet_since(samples, began)
        bad = [second for second in range(int(quiet), int(now) + 1) if _ended_badly(samples, second)]
        if bad and bad[-1] - bad[0] >= SILENT_SECONDS:
            return f"nothing was answered as expected for {now - quiet:.0f} s"
        return ""


def _quiet_since(samples: Samples, began: float) -> float:
    """The end of the newest second with an answer as expected; the run's beginning where there was none."""
    last = last_good(samples)
    return began if last is None else max(began, last + 1)


def _ended_badly(samples: Samples, second: int) -> bool:
    cells = samples.cells.get(second, {})
    return any(cell.requests > cell.good for endpoint, cell in cells.items() if not beside(endpoint))


def last_good(samples: Samples) -> int | None:
    """The newest second with an answer as expected."""
    for second in sorted(samples.cells, reverse=True):
        if any(cell.good for endpoint, cell in samples.cells[second].items() if not beside(endpoint)):
            return second
    return None
