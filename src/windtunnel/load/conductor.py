"""Steers a run: how many users there are now, when it is over, and when everything sent has come to an end.

It lives in the process that has no users (Locust's master, or the only one), and is asked once a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from windtunnel.load.figures import Stretch, summarise
from windtunnel.load.plan import Plan
from windtunnel.load.samples import BEGAN, ENDED, STEP, Mark, SampleFile, Samples
from windtunnel.load.search import FOUND, ceilings, limited
from windtunnel.load.shape import Stairs, users_at
from windtunnel.load.verdict import judge, sentence

STOP = "stop"
"""A file in the run's folder that ends it early; what it says is why."""
LEAST_STEP = 4.0
SETTLE_SECONDS, LEAST_JUDGED = 3.0, 3.0
"""The beginning of a step is not judged, as long as so much of it is left."""
ARRIVAL_SECONDS = 2.0
"""What generators tell a little later."""
DRAIN_SECONDS = 45.0
"""The longest wait for what is on its way: an answer may take 29 s."""
PROBES = 1
"""Users that measure the emulator, beside the scenario's."""


class Conductor:
    """One run. `clock` is seconds since the epoch."""

    def __init__(self, plan: Plan, samples: Samples, file: SampleFile, clock: Callable[[], float]) -> None:
        self._plan = plan
        self._samples = samples
        self._file = file
        self._clock = clock
        self._began: float | None = None
        self._draining: float | None = None
        self._stairs: Stairs | None = Stairs(plan.users) if plan.shape == "step" else None
        self._step_began = 0.0
        self._again = False
        self._held: list[float] = []

    def tick(self) -> int | None:
        """How many users there are to be now, probes too; None when all is over."""
        now = self._clock()
        if self._began is None:
            self._began = now
            self._step_began = now + self._plan.warmup
            self._mark(Mark(BEGAN, now))
        if self._draining is not None:
            over = self._samples.idle_since(self._draining) or now - self._draining > DRAIN_SECONDS
            return None if over else 0
        elapsed = now - self._began
        told = self.told_to_stop()
        if elapsed >= self._plan.seconds or told is not None:
            return self._drain(now, told or "")
        if self._plan.shape != "step":
            return users_at(self._plan.shape, elapsed / self._plan.seconds, self._plan.users) + PROBES
        why = self._climb(now)
        return self._drain(now, why) if why or self._stairs is None else self._stairs.users + PROBES

    def told_to_stop(self) -> str | None:
        """Why the run is to end early, or None."""
        path = Path(self._plan.folder) / STOP
        return path.read_text(encoding="utf-8") if path.exists() else None

    def _drain(self, now: float, note: str) -> int:
        self._draining = now
        self._mark(Mark(ENDED, now, note))
        return 0

    def _climb(self, now: float) -> str:
        """Judge the step where it is over, and go to the next; why the search ends, or "" while it goes on."""
        stairs, length = self._stairs, max(self._plan.step_seconds, LEAST_STEP)
        end = self._step_began + length
        if stairs is None or now < end + ARRIVAL_SECONDS:
            return ""
        settle = min(SETTLE_SECONDS, length - LEAST_JUDGED)
        stretch = Stretch(int(self._step_began + settle) + 1, int(end))
        figures = summarise(self._samples, stretch)
        verdict = judge(ceilings(self._plan.targets), figures)
        why = verdict.reason or "; ".join(_sentences(sentence(judged) for judged in verdict.missed))
        step = Mark(STEP, now, why, stairs.users, figures["all"].rate, verdict.met, stretch.first, stretch.end)
        self._mark(step)
        # anything may disturb a machine for a second: only what breaks twice is broken
        again = not verdict.met and not self._again
        self._stairs = stairs if again else stairs.after(verdict.met)
        self._again = again
        self._step_began = now
        if self._stairs is None:
            return FOUND
        if not verdict.met or stairs.broke is not None:
            return ""  # it searches below what broke: that ends by itself
        self._held.append(figures["all"].rate)
        return limited(self._held, figures, self._plan.max_rate)

    def _mark(self, mark: Mark) -> None:
        self._samples.mark(mark)
        self._file.append(mark)


def _sentences(found: Iterable[str], most: int = 3) -> list[str]:
    sentences = list(found)
    return sentences[:most] + ([f"and {len(sentences) - most} more"] if len(sentences) > most else [])
