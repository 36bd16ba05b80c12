"""What AWS tells of a run, as soon as it has told it: log lines and metrics arrive later than the answers did.

Lambda sends its metrics once a minute (AWS Lambda Developer Guide, "Using CloudWatch metrics with Lambda"), and they
can be read about two minutes later; log lines come sooner, but not at once. Nothing says that all are there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from windtunnel.load.capacity import Consumed
from windtunnel.load.function_log import FunctionLog
from windtunnel.load.overhead import GATEWAY, TABLE
from windtunnel.load.samples import Samples

EVERY_SECONDS = 20.0
LEAST_SECONDS = 120.0
"""After the run's end: before that the last minute's metrics are not there."""
STILL_SECONDS = 80.0
"""So long nothing new has come: nothing will. REPORT lines may be fewer than answers, which need no function."""
MOST_SECONDS = 300.0


@dataclass(frozen=True)
class Told:
    """What was told so far."""

    functions: tuple[FunctionLog, ...] = ()
    consumed: tuple[Consumed, ...] = ()
    function_throttles: Mapping[str, int] = field(default_factory=dict)

    @property
    def reports(self) -> int:
        return sum(len(log.invocations) for log in self.functions)


def settled(told: Told, expected: int, since_end: float, still: float) -> bool:
    """Whether all has come: as many REPORT lines as expected and the same sums as at the look before, or nothing new
    for long. `since_end`, and for how long all has been `still`, are seconds."""
    if since_end < LEAST_SECONDS:
        return False
    return still >= STILL_SECONDS or (told.reports >= expected and still >= EVERY_SECONDS)


def expected_reports(samples: Samples) -> int:
    """How many REPORT lines there should be, as near as can be known: one for each answer but API Gateway's own."""
    return sum(
        cell.good + sum(count for kind, count in cell.errors.items() if kind.isdigit())
        for endpoints in samples.cells.values()
        for endpoint, cell in endpoints.items()
        if endpoint not in (GATEWAY, TABLE)
    )


@dataclass(frozen=True)
class Wait:
    """A wait for what AWS tells. `ended`, when the run was over, and `clock` are seconds since the epoch; `most` is how
    long after the end it lasts at most."""

    read: Callable[[], Told]
    ended: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    most: float = MOST_SECONDS

    def all_told(self, expected: int) -> tuple[Told, str]:
        """What was told in the end, and what may be missing of it; "" for nothing. Ctrl-C gives the wait up."""
        told = self.read()
        changed, why = self.clock(), ""
        try:
            while not settled(told, expected, self.clock() - self.ended, self.clock() - changed):
                if self.clock() - self.ended > self.most:
                    minutes = f"{self.most / 60:g} minutes after the run they still changed"
                    why = minutes if self.most else "they were not waited for"
                    break
                self.sleep(EVERY_SECONDS)
                now = self.read()
                if now != told:
                    told, changed = now, self.clock()
        except KeyboardInterrupt:
            why = "the wait for them was given up"
        except (ClientError, BotoCoreError) as error:
            why = f"they could not be read again: {error}"
        if not why and told.reports < expected:
            why = f"{told.reports:,} REPORT lines came for {expected:,} answers (one without a function has none)"
        return told, f"CloudWatch's figures and the functions' logs may lack the last of the run: {why}" if why else ""
