"""Targets: what a scenario and its endpoints must reach, read from slo.toml."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from windtunnel.errors import WindtunnelError, nearest

SHARED = "default"
"""The table whose targets count in every scenario that does not set them itself."""


MOST = sys.float_info.max
"""inf is no limit, and neither is nan: everything would be within the one, nothing within the other."""


class TargetsError(WindtunnelError):
    """slo.toml cannot be used."""

    exit_code = 2


@dataclass(frozen=True)
class Metric:
    """Something that can be aimed at: how it is called, its unit, and whether it is a ceiling or a floor."""

    title: str
    unit: str
    ceiling: bool = True


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "p50_ms": Metric("p50", "ms"),
        "p95_ms": Metric("p95", "ms"),
        "p99_ms": Metric("p99", "ms"),
        "error_share": Metric("errors", "share"),
        "throttled_share": Metric("429s", "share"),
        "throughput": Metric("throughput", "/s", ceiling=False),
    }
)


@dataclass(frozen=True)
class Target:
    """One thing that must be reached. `endpoint` is "all" or as in "POST /users"."""

    endpoint: str
    metric: str
    limit: float


def read_targets(path: Path, scenario: str, scenarios: Sequence[str]) -> tuple[Target, ...]:
    """The targets of one of the scenarios. Raises TargetsError, which says what is wrong where."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetsError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise TargetsError(f"{path} cannot be read: {error.strerror}", hint="give another with --slo") from error
    return parse_targets(document, scenario, scenarios, str(path))


def parse_targets(
    document: Mapping[str, Any], scenario: str, scenarios: Sequence[str], source: str = "slo.toml"
) -> tuple[Target, ...]:
    """The targets of a scenario: the shared ones, and its own in their place. Those of the others are checked too."""
    found: dict[str, dict[tuple[str, str], float]] = {}
    for table, endpoints in document.items():
        if table not in (SHARED, *scenarios):
            raise TargetsError(
                f"{source}: [{table}…] is of no scenario: nothing would ever be held against it",
                hint=nearest(table, (SHARED, *scenarios)),
            )
        if not isinstance(endpoints, Mapping):
            raise TargetsError(f"{source}: '{table}' is a table: write [{table}.all]")
        for endpoint, limits in endpoints.items():
            if not isinstance(limits, Mapping):
                raise TargetsError(f'{source}: write [{table}.all] or [{table}."POST /users"], not {endpoint} = …')
            for metric, limit in limits.items():
                checked = _limit(f"{source}: {table}.{endpoint}", metric, limit)
                found.setdefault(table, {})[endpoint, metric] = checked
    limits = {**found.get(SHARED, {}), **found.get(scenario, {})}
    return tuple(Target(endpoint, metric, limit) for (endpoint, metric), limit in limits.items())


def _limit(where: str, metric: str, limit: object) -> float:
    if metric not in METRICS:
        raise TargetsError(
            f"{where} aims at '{metric}', which is nothing that is measured", hint=nearest(metric, tuple(METRICS))
        )
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit <= MOST:
        raise TargetsError(f"{where}.{metric} is a finite number from 0, not {limit!r}")
    if METRICS[metric].unit == "share" and limit > 1:
        raise TargetsError(f"{where}.{metric} is a share from 0 to 1, not {limit!r}", hint=f"1 % is {limit} -> 0.01")
    return float(limit)
