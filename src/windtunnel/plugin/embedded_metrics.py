"""Metrics that functions write into their log: CloudWatch's embedded metric format, read out of log events.

Sources: CloudWatch User Guide, "Specification: Embedded metric format"; for what is wrong, its AWS/Logs metrics:
EMFParsingErrors (it says that it is the format, and is not) and EMFValidationErrors (a metric that breaks a rule).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

MARK = '"CloudWatchMetrics"'
"""In every event of the format: all that is looked for in the others."""
MOST_METRICS, MOST_VALUES, MOST_DIMENSIONS = 100, 100, 30
NAMESPACE_LENGTH, NAME_LENGTH, DIMENSION_LENGTH, VALUE_LENGTH = 256, 255, 250, 1024
PAST, FUTURE = 14 * 24 * 3600, 2 * 3600
"""Seconds: PutMetricData takes no value that is older than two weeks, or more than two hours ahead."""
HIGH_RESOLUTION, MINUTE = 1, 60
SIZES = tuple(f"{size}{kind}" for size in ("", "Kilo", "Mega", "Giga", "Tera") for kind in ("bytes", "bits"))
UNITS = frozenset(
    [
        *("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"),
        *(f"{size.capitalize()}{rate}" for size in SIZES for rate in ("", "/Second")),
    ]
)
"""StandardUnit in the CloudWatch API Reference."""
LOGS = "AWS/Logs"


Dimensions = tuple[tuple[str, str], ...]


class Invalid(ValueError):
    """A rule of the format is broken."""


@dataclass(frozen=True)
class Series:
    """A metric in a minute, or in a second where it has high resolution."""

    namespace: str
    name: str
    dimensions: Dimensions
    unit: str
    timestamp: int


def embedded_metrics(entry: Mapping[str, Any], pairs: Iterable[Sequence[Any]], now: float) -> Iterator[dict[str, Any]]:
    """What the events of a log stream, [ms, message] each, embed of metrics, counted as MetricStore takes them.

    `entry` names account, region and log group; `now` is in seconds.
    """
    found: dict[Series, Counter[float]] = {}
    for written, message in pairs:
        if MARK in message:
            for series, values in _of_event(entry["group"], message, int(written) // 1000, now):
                found.setdefault(series, Counter()).update(values)
    for series, counts in found.items():
        yield {
            "account": entry["account"],
            "region": entry["region"],
            "namespace": series.namespace,
            "name": series.name,
            "dimensions": dict(series.dimensions),
            # LocalStack keeps no unit where there is none
            "unit": None if series.unit == "None" else series.unit,
            "timestamp": series.timestamp,
            "values": list(counts),
            "counts": list(counts.values()),
        }


def _of_event(group: str, message: str, written: int, now: float) -> Iterator[tuple[Series, list[float]]]:
    def wrong(name: str) -> tuple[Series, list[float]]:
        return Series(LOGS, name, (("LogGroupName", group),), "Count", _whole(written, MINUTE)), [1]

    try:
        root = json.loads(message)
    except ValueError:
        # text around it, or half of it: no document of the format
        return
    metadata = root.get("_aws") if isinstance(root, dict) else None
    if not isinstance(metadata, dict) or "CloudWatchMetrics" not in metadata:
        return
    directives, timestamp = metadata["CloudWatchMetrics"], metadata.get("Timestamp")
    if not isinstance(directives, list) or not _is_number(timestamp):
        yield wrong("EMFParsingErrors")
        return
    moment = timestamp / 1000
    if not now - PAST <= moment <= now + FUTURE:
        yield wrong("EMFValidationErrors")
        return
    for directive in directives:
        try:
            namespace, sets, metrics = _directive(root, directive)
        except Invalid:
            yield wrong("EMFValidationErrors")
            continue
        for metric in metrics:
            try:
                name, unit, resolution, values = _metric(root, metric)
            except Invalid:
                yield wrong("EMFValidationErrors")
                continue
            for dimensions in sets:
                yield Series(namespace, name, dimensions, unit, _whole(int(moment), resolution)), values


def _directive(root: Mapping[str, Any], directive: Any) -> tuple[str, list[Dimensions], list[Any]]:
    """A directive's namespace, dimensions and metrics. Raises Invalid."""
    if not isinstance(directive, dict):
        raise Invalid("a directive is an object")
    metrics = directive.get("Metrics")
    if not isinstance(metrics, list) or len(metrics) > MOST_METRICS:
        raise Invalid(f"a directive has a list of at most {MOST_METRICS} metrics")
    sets = list(_dimension_sets(root, directive.get("Dimensions")))
    return _text(directive.get("Namespace"), NAMESPACE_LENGTH), sets, metrics


def _metric(root: Mapping[str, Any], metric: Any) -> tuple[str, str, int, list[float]]:
    """A metric's name, unit, resolution and values. Raises Invalid."""
    if not isinstance(metric, dict):
        raise Invalid("a metric is an object")
    name, unit = _text(metric.get("Name"), NAME_LENGTH), metric.get("Unit", "None")
    resolution = metric.get("StorageResolution", MINUTE)
    if not isinstance(unit, str) or unit not in UNITS:
        raise Invalid("a unit is one of CloudWatch's")
    if resolution not in (HIGH_RESOLUTION, MINUTE):
        raise Invalid("a storage resolution is 1 or 60")
    return name, unit, resolution, _values(root.get(name))


def _dimension_sets(root: Mapping[str, Any], sets: Any) -> Iterator[Dimensions]:
    if not isinstance(sets, list):
        raise Invalid("dimensions are a list of lists")
    for names in sets:
        if not isinstance(names, list) or len(names) > MOST_DIMENSIONS:
            raise Invalid(f"a set of dimensions is a list of at most {MOST_DIMENSIONS}")
        # the same names in another order are the same metric
        yield tuple(sorted((_text(name, DIMENSION_LENGTH), _text(root.get(name), VALUE_LENGTH)) for name in names))


def _values(target: Any) -> list[float]:
    """A metric's value, or values, at the root. Raises Invalid."""
    values = target if isinstance(target, list) else [target]
    if len(values) > MOST_VALUES or not all(_is_number(value) for value in values):
        raise Invalid(f"a metric has a number, or a list of at most {MOST_VALUES} numbers")
    return values


def _text(value: Any, length: int) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > length:
        raise Invalid(f"text of 1 to {length} characters")
    return value


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(moment: int, resolution: int) -> int:
    return moment // resolution * resolution
