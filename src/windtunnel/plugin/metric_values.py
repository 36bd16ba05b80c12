"""Metrics that are counted already, put into LocalStack's CloudWatch: its SQLite database, a row a metric and minute.

LocalStack would write a row for every single value of a request. Beside it a table of our own has how often each value
came, which percentiles are computed from: LocalStack knows none. Its readers are mended to answer as AWS: dimensions
match exactly ("you must specify the same dimensions that were used when the metrics were created"), and a start time
counts from its whole minute ("Round down to the nearest whole minute": both GetMetricStatistics in the API reference).
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from itertools import accumulate, groupby
from typing import Any

from windtunnel.plugin.localstack import CloudwatchDatabase, CloudwatchProvider

KNOWN = 20_000
"""Rows that are remembered; one that is forgotten gets a second row, which is as good."""

Row = tuple[str, str, str, str, int, str | None, str | None]
"""Account, region, namespace, name, timestamp, dimensions, unit."""

ROW = """
WHERE id = ? AND account_id = ? AND region = ? AND namespace = ? AND metric_name = ? AND timestamp = ?
AND dimensions IS ? AND unit IS ?
"""
ADD = f"""
UPDATE AGGREGATED_METRICS SET sample_count = sample_count + ?, sum = sum + ?, min = MIN(min, ?), max = MAX(max, ?) {ROW}
"""  # noqa: S608 - of constants
REPLACE = f"UPDATE AGGREGATED_METRICS SET sample_count = ?, sum = ?, min = ?, max = ? {ROW}"  # noqa: S608
INSERT = """
INSERT INTO AGGREGATED_METRICS
(sample_count, sum, min, max, account_id, region, namespace, metric_name, timestamp, dimensions, unit)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SAME = """
account_id = :account AND region = :region AND namespace = :namespace AND metric_name = :name
AND dimensions IS :dimensions AND (:any_unit OR unit IS :unit) AND timestamp >= :start AND timestamp < :end
"""
STATISTICS = f"""
SELECT (timestamp - :start) / :period AS bucket, SUM(total), SUM(samples), MIN(low), MAX(high) FROM (
SELECT timestamp, value AS total, 1 AS samples, value AS low, value AS high FROM SINGLE_METRICS WHERE {SAME}
UNION ALL
SELECT timestamp, sum, sample_count, min, max FROM AGGREGATED_METRICS WHERE {SAME})
GROUP BY bucket ORDER BY bucket
"""  # noqa: S608 - of constants
VALUES = (
    "CREATE TABLE IF NOT EXISTS WINDTUNNEL_VALUES (id INTEGER, value NUMERIC, count INTEGER, PRIMARY KEY (id, value))"
)
"""By the id of the metric's row in AGGREGATED_METRICS."""
COUNT = """
INSERT INTO WINDTUNNEL_VALUES VALUES (?, ?, ?) ON CONFLICT (id, value) DO UPDATE SET count = count + excluded.count
"""
DISTRIBUTION = f"""
SELECT bucket, value, SUM(count) FROM (
SELECT (timestamp - :start) / :period AS bucket, value, 1 AS count FROM SINGLE_METRICS WHERE {SAME}
UNION ALL
SELECT (timestamp - :start) / :period, value, count FROM AGGREGATED_METRICS JOIN WINDTUNNEL_VALUES USING (id)
WHERE {SAME})
GROUP BY bucket, value ORDER BY bucket, value
"""  # noqa: S608
PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


class MetricStore:
    """Adds to LocalStack's metrics."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._rows: dict[Row, int] = {}

    def add(self, metrics: Iterable[Mapping[str, Any]]) -> None:
        """Add what came of each metric in a minute: "values", and how often each came, "counts"."""
        self._write(metrics, ADD)

    def put(self, metrics: Iterable[Mapping[str, Any]]) -> None:
        """Have these values of each metric in a minute instead of those that it had by an earlier call."""
        self._write(metrics, REPLACE)

    def _write(self, metrics: Iterable[Mapping[str, Any]], change: str) -> None:
        with (
            self._database.DATABASE_LOCK,
            closing(sqlite3.connect(self._database.METRICS_DB)) as connection,
            connection,
        ):
            for metric in metrics:
                self._change(connection, metric, change)

    def _change(self, connection: sqlite3.Connection, metric: Mapping[str, Any], change: str) -> None:
        values, counts = metric["values"], metric["counts"]
        if not values:
            return
        total = sum(value * count for value, count in zip(values, counts, strict=True))
        added = (sum(counts), total, min(values), max(values))
        row: Row = (
            metric["account"],
            metric["region"],
            metric["namespace"],
            metric["name"],
            int(metric["timestamp"]),
            _dimensions(self._database, [{"Name": n, "Value": v} for n, v in metric["dimensions"].items()]),
            metric["unit"],
        )
        known = self._rows.get(row)
        if known is None or not connection.execute(change, (*added, known, *row)).rowcount:
            known = connection.execute(INSERT, (*added, *row)).lastrowid
            assert known is not None
            if len(self._rows) >= KNOWN:
                self._rows.clear()
            self._rows[row] = known
            change = REPLACE  # what a row had that a reset of LocalStack's state took away
        if change is REPLACE:
            connection.execute("DELETE FROM WINDTUNNEL_VALUES WHERE id = ?", (known,))
        connection.executemany(COUNT, [(known, value, count) for value, count in zip(values, counts, strict=True)])


def _dimensions(database: Any, dimensions: list[dict[str, str]] | None) -> str | None:
    """As LocalStack writes them in a row: "Name=Value", each with a tabulator after it, in the order of the names."""
    text: str | None = database._get_ordered_dimensions_with_separator([dict(entry) for entry in dimensions or ()])
    return text


def mend_cloudwatch() -> None:
    """Mend what is read of metrics. Call it before LocalStack loads its CloudWatch."""
    made = CloudwatchDatabase.__init__

    @functools.wraps(made)
    def init(self: Any) -> None:
        made(self)
        with closing(sqlite3.connect(self.METRICS_DB)) as connection, connection:
            connection.execute(VALUES)

    CloudwatchDatabase.__init__ = init
    mend_metric_reads()
    mend_requests()


def mend_metric_reads() -> None:
    """LocalStack looks for dimensions with LIKE: a metric of an API gets those of its stages added to it, and of others
    whose name begins like its own. It asks once for every period, too, and fails where a percentile is asked for."""

    def get_metric_data_stat(
        self: Any,
        account_id: str,
        region: str,
        query: Mapping[str, Any],
        start_time: datetime,
        end_time: datetime,
        scan_by: str | None,
    ) -> dict[str, list[Any]]:
        wanted = query["MetricStat"]
        metric, period, unit = wanted["Metric"], int(wanted["Period"]), wanted.get("Unit")
        start, end = int(start_time.timestamp()), int(end_time.timestamp())
        parameters = {
            "account": account_id,
            "region": region,
            "namespace": metric.get("Namespace"),
            "name": metric.get("MetricName"),
            "dimensions": _dimensions(self, metric.get("Dimensions")),
            "any_unit": not unit,
            "unit": None if unit == "NULL_VALUE" else unit,
            "start": start,
            # the last period counts in full, as LocalStack has it
            "end": start + -(-(end - start) // period) * period,
            "period": period,
        }
        percentile = PERCENTILE.fullmatch(wanted["Stat"])
        with self.DATABASE_LOCK, closing(sqlite3.connect(self.METRICS_DB_READ_ONLY, uri=True)) as connection:
            rows = connection.execute(DISTRIBUTION if percentile else STATISTICS, parameters).fetchall()
        if percentile:
            points = _percentiles(rows, float(percentile[1]))
        else:
            points = [(row[0], _statistic(wanted["Stat"], *row[1:])) for row in rows]
        if scan_by != "TimestampAscending":
            points.reverse()
        return {
            "timestamps": [start + bucket * period for bucket, _ in points],
            "values": [value for _, value in points],
        }

    CloudwatchDatabase.get_metric_data_stat = get_metric_data_stat


def _statistic(name: str, total: float, samples: float, low: float, high: float) -> float:
    every = {"Sum": total, "SampleCount": samples, "Minimum": low, "Maximum": high}
    return total / samples if name == "Average" else every[name]


def _percentiles(rows: Iterable[tuple[int, float, int]], percent: float) -> list[tuple[int, float]]:
    """Of each bucket the smallest value that so many percent of its values do not exceed."""
    points = []
    for bucket, group in groupby(rows, key=lambda row: row[0]):
        values = [(value, count) for _, value, count in group]
        wanted = percent / 100 * sum(count for _, count in values)
        reached = accumulate(count for _, count in values)
        points.append(
            (bucket, next(value for (value, _), so_far in zip(values, reached, strict=True) if so_far >= wanted))
        )
    return points


def mend_requests() -> None:
    """AWS rounds the start time down to a whole minute; LocalStack counts periods from the very second. It ignores
    ExtendedStatistics."""
    statistics, data = CloudwatchProvider.get_metric_statistics, CloudwatchProvider.get_metric_data

    @functools.wraps(statistics)
    def get_metric_statistics(self: Any, context: Any, **request: Any) -> Any:
        if request["period"] % 60 == 0:
            request["start_time"] = whole_minute(request["start_time"])
        answer = statistics(self, context, **{**request, "statistics": request.get("statistics") or []})
        for name in request.get("extended_statistics") or ():
            _extend(self.cloudwatch_database, context, request, name, answer["Datapoints"])
        return answer

    @functools.wraps(data)
    def get_metric_data(self: Any, context: Any, **request: Any) -> Any:
        periods = [query["MetricStat"]["Period"] for query in request["metric_data_queries"] if "MetricStat" in query]
        # LocalStack's own alarms ask for one period back from now at a time
        if not context.is_internal_call and all(period % 60 == 0 for period in periods):
            request["start_time"] = whole_minute(request["start_time"])
        return data(self, context, **request)

    CloudwatchProvider.get_metric_statistics = get_metric_statistics
    CloudwatchProvider.get_metric_data = get_metric_data


def _extend(database: Any, context: Any, request: Mapping[str, Any], name: str, points: list[dict[str, Any]]) -> None:
    """Add an extended statistic to the data points, or the data points that it is the first of."""
    metric = {
        "Namespace": request["namespace"],
        "MetricName": request["metric_name"],
        "Dimensions": request.get("dimensions") or [],
    }
    start, end, unit = request["start_time"], request["end_time"], request.get("unit")
    units = (
        [unit]
        if unit
        else database.get_units_for_metric_data_stat(
            context.account_id, context.region, start, end, metric["MetricName"], metric["Namespace"]
        )
    )
    for one in units:
        query = {"MetricStat": {"Metric": metric, "Period": request["period"], "Stat": name, "Unit": one}}
        found = database.get_metric_data_stat(context.account_id, context.region, query, start, end, None)
        shown = "None" if one == "NULL_VALUE" else one
        for timestamp, value in zip(found["timestamps"], found["values"], strict=True):
            same = (point for point in points if (point["Timestamp"], point["Unit"]) == (timestamp, shown))
            point = next(same, None)
            if point is None:
                point = {"Timestamp": timestamp, "Unit": shown}
                points.append(point)
            point.setdefault("ExtendedStatistics", {})[name] = float(value)


def whole_minute(moment: datetime) -> datetime:
    """The minute that a time is in."""
    return moment.replace(second=0, microsecond=0)
