"""What functions tell in their logs: REPORT lines, and from them cold starts, concurrency, durations and memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from windtunnel.load.histogram import Buckets, bucket_of, percentile

_REQUEST = re.compile(r"REPORT RequestId: (\S+)")
# each whole between tabs: a SnapStart function's line has a "Billed Restore Duration" too
_FIELD = re.compile(r"\t(Duration|Billed Duration|Memory Size|Max Memory Used|Init Duration|Status): ([\w.]+)")


@dataclass(frozen=True)
class Invocation:
    """An invocation's REPORT line. Times in milliseconds; `ended` since the epoch; `init` None unless a cold start."""

    function: str
    request_id: str
    ended: int
    duration: float
    billed: int
    memory_mb: int
    used_mb: int
    init: float | None = None
    status: str = ""

    @property
    def began(self) -> float:
        return self.ended - self.duration


def parse_report(function: str, ended: int, message: str) -> Invocation | None:
    """The invocation of a REPORT line; None for any other line."""
    request = _REQUEST.match(message)
    found = dict(_FIELD.findall(message))
    if request is None or "Duration" not in found or "Billed Duration" not in found:
        return None
    init = found.get("Init Duration")
    return Invocation(
        function=function,
        request_id=request[1],
        ended=ended,
        duration=float(found["Duration"]),
        billed=int(float(found["Billed Duration"])),
        memory_mb=int(found.get("Memory Size", 0)),
        used_mb=int(found.get("Max Memory Used", 0)),
        init=None if init is None else float(init),
        status=found.get("Status", ""),
    )


@dataclass(frozen=True)
class FunctionLog:
    """A function's log of a run: its invocations, and the volume of everything in it."""

    function: str
    invocations: tuple[Invocation, ...]
    events: int
    log_bytes: int
    memory_mb: int = 0
    """As configured."""


@dataclass(frozen=True)
class FunctionFigures:
    """A function over a run. Times in milliseconds."""

    function: str
    invocations: int
    cold_starts: int
    failed: int
    p50: float
    p95: float
    p99: float
    init_p50: float
    billed_ms: int
    memory_mb: int
    used_mb: int
    """The most that any invocation used."""
    concurrency: int
    """The most at once."""
    log_bytes: int

    @property
    def gb_seconds(self) -> float:
        """What is billed: memory as configured for as long as it was billed."""
        return self.memory_mb / 1024 * self.billed_ms / 1000


def figures_of(log: FunctionLog) -> FunctionFigures:
    """A function's figures."""
    calls = log.invocations
    buckets = _buckets(call.duration for call in calls)
    inits = [call.init for call in calls if call.init is not None]
    return FunctionFigures(
        function=log.function,
        invocations=len(calls),
        cold_starts=len(inits),
        failed=sum(1 for call in calls if call.status),
        p50=percentile(buckets, 0.50),
        p95=percentile(buckets, 0.95),
        p99=percentile(buckets, 0.99),
        init_p50=percentile(_buckets(inits), 0.50),
        billed_ms=sum(call.billed for call in calls),
        memory_mb=max((call.memory_mb for call in calls), default=log.memory_mb),
        used_mb=max((call.used_mb for call in calls), default=0),
        concurrency=max(concurrency(calls).values(), default=0),
        log_bytes=log.log_bytes,
    )


def _buckets(times: Iterable[float]) -> Buckets:
    found: Buckets = {}
    for milliseconds in times:
        bucket = bucket_of(milliseconds)
        found[bucket] = found.get(bucket, 0) + 1
    return found


def concurrency(invocations: Iterable[Invocation]) -> dict[int, int]:
    """The most invocations at once in each second in which there were any."""
    changes: list[tuple[float, int]] = []
    for call in invocations:
        changes.append((call.began, 1))
        changes.append((float(call.ended), -1))
    now, peak = 0, dict[int, int]()
    second = None
    # one that ends as another begins is over
    for moment, change in sorted(changes):
        while second is not None and second < int(moment // 1000):
            second += 1
            if now:
                peak[second] = max(peak.get(second, 0), now)
        second = int(moment // 1000)
        now += change
        peak[second] = max(peak.get(second, 0), now)
    return {second: count for second, count in peak.items() if count}


def cold_starts(invocations: Iterable[Invocation]) -> Mapping[int, int]:
    """How many invocations were cold starts, by the second in which they began."""
    found: dict[int, int] = {}
    for call in invocations:
        if call.init is not None:
            second = int(call.began // 1000)
            found[second] = found.get(second, 0) + 1
    return found
