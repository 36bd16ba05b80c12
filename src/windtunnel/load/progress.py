"""What a person sees while a run goes on: one line that is renewed, or a line now and then where it is no terminal."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from windtunnel.load.figures import ALL, Stretch, summarise
from windtunnel.load.plan import Plan
from windtunnel.load.samples import Samples

WINDOW = 5
"""Seconds that the figures of the line are over."""
QUIET_SECONDS = 5.0
"""How often there is a line where it is no terminal."""


def line(plan: Plan, samples: Samples, now: float) -> str:
    """The line: where the run is, and the last seconds' figures."""
    began = samples.moment("began")
    if began is None:
        return "starting Locust"
    if samples.moment("ended") is not None:
        over = "; the web UI begins another test, Ctrl-C ends with a report of this one" if plan.interactive else ""
        return f"ending: {samples.totals.in_flight} requests on their way{over}"
    elapsed = now - began
    # the newest second is not whole yet, and workers tell a little later
    end = int(now) - 1
    figures = summarise(samples, Stretch(max(int(began), end - WINDOW), end))[ALL]
    users = sum(batch.users for batch in samples.last.values())
    phase = " (warming up)" if elapsed < plan.warmup else ""
    left = "until Ctrl-C" if plan.interactive else f"{max(0.0, plan.seconds - elapsed):.0f} s left"
    text = f"{figures.rate:,.0f}/s  p95 {figures.p95:,.0f} ms  {figures.errors} errors"
    if figures.throttled:
        text += f"  {figures.throttled} 429s"
    text += f"  {users} users  {left}{phase}"
    steps = [mark for mark in samples.marks if mark.mark == "step"]
    if steps:
        text += f"  (step {len(steps) + 1}; {'held' if steps[-1].met else 'broke'} at {steps[-1].rate:,.0f}/s)"
    return text


@dataclass
class LiveLine:
    """Writes lines over each other."""

    out: TextIO
    clock: Callable[[], float]
    _last: float = 0.0
    _width: int = 0

    def show(self, text: str) -> None:
        """Show a line in the place of the one before."""
        if self.out.isatty():
            # a line that wraps cannot be renewed
            text = text[: shutil.get_terminal_size().columns - 4]
            self.out.write("\r  " + text + " " * max(0, self._width - len(text)))
            self._width = len(text)
        elif self.clock() - self._last >= QUIET_SECONDS:
            self._last = self.clock()
            self.out.write(f"  {text}\n")
        self.out.flush()

    def end(self) -> None:
        """Leave the last line where it is."""
        if self._width:
            self.out.write("\n")
            self.out.flush()
            self._width = 0
