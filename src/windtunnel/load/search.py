"""The search for the highest rate that meets the targets: when more users tell nothing more, and what it came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from windtunnel.load.figures import ALL, Figures
from windtunnel.load.sample import UNPACED
from windtunnel.load.samples import ENDED, STEP, Mark
from windtunnel.load.targets import METRICS, Target

FOUND = "found"
"""The note of a run's end where the search is finished: a step broke, and little below it one held."""
GROWN = 1.05
"""What counts as more answers than before."""
NEAR = 0.9
"""The share of the highest rate that is sent from which on it is the limit."""


def ceilings(targets: Iterable[Target]) -> tuple[Target, ...]:
    """The targets that a step is judged by. A floor under the throughput is for the whole run: few users cannot reach
    it, and more of them do not break it."""
    return tuple(target for target in targets if METRICS[target.metric].ceiling)


def limited(held: Sequence[float], figures: Mapping[str, Figures], max_rate: float | None) -> str:
    """Why no more users need be tried after a step that held; "" where they need. `held` are the answers a second of
    the steps that held, in order of their users, with this one's."""
    everything = figures[ALL]
    sent = sum(found.requests for name, found in figures.items() if name not in (ALL, UNPACED))
    if max_rate is not None and everything.seconds and sent / everything.seconds >= NEAR * max_rate:
        return f"the limit of {max_rate:g} requests a second was reached, with the probes"
    if len(held) > 2 and held[-1] < GROWN * held[-3] and held[-2] < GROWN * held[-3]:
        return "more users brought no more answers"
    return ""


def failure(marks: Iterable[Mark], step_seconds: float) -> str:
    """Why a search came to nothing; "" where a step held."""
    steps = [mark for mark in marks if mark.mark == STEP]
    if not steps:
        return f"it ended before one step was over, which takes {step_seconds:g} s after the warm-up"
    return "" if any(step.met for step in steps) else "no step met the targets"


def outcome(marks: Sequence[Mark]) -> dict[str, Any]:
    """Whether the search finished, and if not, what is known of more users."""
    note = next((mark.note for mark in marks if mark.mark == ENDED), "")
    broke = [mark.users for mark in marks if mark.mark == STEP and not mark.met]
    if note == FOUND:
        return {"finished": True, "why": ""}
    if broke:
        note = f"it ended while it searched below {min(broke)} users"
    return {"finished": False, "why": note or "nothing broke while it lasted"}
