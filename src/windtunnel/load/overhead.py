"""How much of the time was the emulator's: what was measured in the run beside the scenario, by probes.

gateway    a route whose answer is API Gateway's own (MOCK): the way there and back, and every rule on it
handing    what a request took beyond that and beyond the function's own duration: waiting for an execution environment,
           the runtime API, the way of event and answer between processes; a function without work shows it bare
function   the function's own duration, from its REPORT line; DynamoDB's time, if the handler waits for it, is in it
table      a GetItem without any function: what one call costs the emulator's DynamoDB at least
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from windtunnel.load.figures import Figures
from windtunnel.load.sample import PROBE

GATEWAY, FUNCTION, TABLE = f"{PROBE}gateway", f"{PROBE}function", f"{PROBE}table"


@dataclass(frozen=True)
class Overhead:
    """Medians in milliseconds. `table` is None where it was not measured: on AWS."""

    gateway: float
    handing: float
    table: float | None
    rows: tuple[Share, ...]

    @property
    def emulator(self) -> float:
        """What every request with a function pays at least."""
        return self.gateway + self.handing


@dataclass(frozen=True)
class Share:
    """An endpoint's median and what it is made of, in milliseconds. The parts add up to `total`."""

    endpoint: str
    total: float
    gateway: float
    handing: float
    table: float
    rest: float
    """The application's: handler, runtime, its libraries; and whatever waited for a core."""

    @property
    def emulator_share(self) -> float:
        return (self.gateway + self.handing + self.table) / self.total if self.total else 0.0


def split(
    figures: Mapping[str, Figures],
    durations: Mapping[str, float],
    tables: Mapping[str, int],
    scenario: Iterable[str],
) -> Overhead | None:
    """Split each endpoint's median. None where the probes measured nothing.

    `durations` are the functions' own medians by endpoint, the no-op's too; where an endpoint's is not known, handing
    over is taken to be what it is for the no-op. `tables` says how many DynamoDB calls an endpoint makes.
    """
    gateway, function = figures.get(GATEWAY), figures.get(FUNCTION)
    if not gateway or not function or not gateway.good or not function.good:
        return None
    way = gateway.p50
    noop_handing = max(0.0, function.p50 - way - durations.get(FUNCTION, 0.0))
    table = figures.get(TABLE)
    call = table.p50 if table and table.good else None
    rows = []
    for endpoint in scenario:
        total = figures[endpoint].p50
        # medians of different requests: no part may be more than what is left
        own_way = min(way, total)
        left = total - own_way
        handing = min(left, left - durations[endpoint] if endpoint in durations else noop_handing)
        handing = max(0.0, handing)
        own_table = min((call or 0.0) * tables.get(endpoint, 0), left - handing)
        rows.append(Share(endpoint, total, own_way, handing, own_table, left - handing - own_table))
    return Overhead(way, noop_handing, call, tuple(rows))
