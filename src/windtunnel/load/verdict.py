"""The verdict: each target met or missed, and by how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from windtunnel.load.figures import Figures
from windtunnel.load.targets import METRICS, Target


@dataclass(frozen=True)
class Judged:
    """A target with what was measured. `actual` is None where nothing was: then it is missed."""

    target: Target
    actual: float | None
    met: bool

    @property
    def margin(self) -> float | None:
        """By how much it was met (positive) or missed (negative), as a share of the target; None without either."""
        if self.actual is None or self.target.limit == 0:
            return None
        distance = (self.target.limit - self.actual) / self.target.limit
        return distance if METRICS[self.target.metric].ceiling else -distance


@dataclass(frozen=True)
class Verdict:
    """The run's verdict. `reason` says why there is none but failure: the engine died, nothing was measured."""

    judged: tuple[Judged, ...]
    reason: str = ""

    @property
    def met(self) -> bool:
        return not self.reason and all(judged.met for judged in self.judged)

    @property
    def missed(self) -> tuple[Judged, ...]:
        return tuple(judged for judged in self.judged if not judged.met)


def value_of(figures: Figures, metric: str) -> float | None:
    """What was measured of a metric; None where there was nothing to measure it on."""
    if metric == "throughput":
        return figures.rate
    if metric in ("error_share", "throttled_share"):
        share = figures.error_share if metric == "error_share" else figures.throttled_share
        return share if figures.requests else None
    return float(getattr(figures, metric.removesuffix("_ms"))) if figures.good else None


def judge(targets: Iterable[Target], figures: Mapping[str, Figures], reason: str = "") -> Verdict:
    """Hold the figures against the targets. An endpoint that was never asked misses its targets."""
    judged = []
    for target in targets:
        found = figures.get(target.endpoint)
        actual = value_of(found, target.metric) if found else None
        if actual is None:
            met = False
        elif METRICS[target.metric].ceiling:
            met = actual <= target.limit
        else:
            met = actual >= target.limit
        judged.append(Judged(target, actual, met))
    everything = figures.get("all")
    if not reason and (everything is None or everything.requests == 0):
        reason = "nothing was measured: no request came to an end after the warm-up"
    return Verdict(tuple(judged), reason)


def written(metric: str, value: float | None) -> str:
    """A metric's value as a person reads it."""
    if value is None:
        return "nothing measured"
    unit = METRICS[metric].unit
    if unit == "share":
        return f"{value:.2%}" if value < 0.1 else f"{value:.1%}"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}" if unit == "ms" else f"{value:,.{digits}f}{unit}"


def sentence(judged: Judged) -> str:
    """The target, what was measured, and by how much it was met or missed."""
    target = judged.target
    metric = METRICS[target.metric]
    sign = "≤" if metric.ceiling else "≥"
    text = f"{target.endpoint}: {metric.title} {written(target.metric, judged.actual)}"
    text += f" (target {sign} {written(target.metric, target.limit)})"
    said = distance(judged)
    return f"{text}, {said}" if said else text


def distance(judged: Judged) -> str:
    """By how much a target was met or missed, in words; "" where that cannot be said."""
    margin, ceiling = judged.margin, METRICS[judged.target.metric].ceiling
    if margin is None:
        return ""
    if margin >= 0:
        return f"{margin:.0%} to spare" if ceiling else f"{1 + margin:,.1f} times the target"
    if not ceiling:
        return f"missed: {1 + margin:.1%} of the target"
    return f"missed by {-margin:.0%}" if margin > -9 else f"missed: {1 - margin:,.0f} times the target"
