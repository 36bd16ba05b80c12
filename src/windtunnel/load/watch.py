"""Whether a run is in trouble that no waiting mends: the engine is gone, or nobody answers any more."""

from __future__ import annotations

from windtunnel.engines import Engine
from windtunnel.load.sample import beside
from windtunnel.load.samples import Samples

ASK_SECONDS = 2.0
DOWN_TIMES = 2
"""How often in a row the engine must be found gone: its supervisor may just be starting it again."""
SILENT_SECONDS = 20.0
"""The longest time without any answer as expected. A supervisor starts a dead edge again in a few seconds."""


class Watch:
    """Asked about twice a second."""

    def __init__(self, engine: Engine, *, local: bool) -> None:
        self._engine = engine
        self._local = local
        self._asked = 0.0
        self._down = 0

    def trouble(self, samples: Samples, now: float) -> str:
        """What is wrong; "" for nothing."""
        began = samples.moment("began")
        if began is None or samples.moment("ended") is not None:
            return ""
        last = last_good(samples)
        silent = now - (began if last is None else last + 1)
        if silent > SILENT_SECONDS:
            return f"nothing was answered as expected for {silent:.0f} s, {now - began:.0f} s into the run"
        # one that answers is up, however busy it is: it is asked only when it went quiet
        if self._local and silent > 2 and now - self._asked >= ASK_SECONDS:
            self._asked = now
            status = self._engine.status()
            self._down = self._down + 1 if status.state == "down" else 0
            if self._down >= DOWN_TIMES:
                return f"the engine died: its last answer came {now - silent - began:.0f} s into the run"
        return ""


def last_good(samples: Samples) -> int | None:
    """The newest second with an answer as expected."""
    for second in sorted(samples.cells, reverse=True):
        if any(cell.good for endpoint, cell in samples.cells[second].items() if not beside(endpoint)):
            return second
    return None
