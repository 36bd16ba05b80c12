"""Metrics that are counted already, put into LocalStack's CloudWatch: its SQLite database, a row a metric and minute.

LocalStack would write a row for every single value of a request. Its readers are mended to answer as AWS: dimensions
match exactly ("you must specify the same dimensions that were used when the metrics were created"), and a start time
counts from its whole minute ("Round down to the nearest whole minute": both GetMetricStatistics in the API reference).
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

from windtunnel.plugin.localstack import CloudwatchDatabase, CloudwatchProvider

KNOWN = 20_000
"""Rows that are remembered; one that is forgotten gets a second row, which is as good."""

Row = tuple[str, str, str, str, int, str | None, str | None]
"""Account, region, namespace, name, timestamp, dimensions, unit."""

ADD = """
UPDATE AGGREGATED_METRICS SET sample_count = sample_count + ?, sum = sum + ?, min = MIN(min, ?), max = MAX(max, ?)
WHERE id = ? AND account_id = ? AND region = ? AND namespace = ? AND metric_name = ? AND timestamp = ?
AND dimensions IS ? AND unit IS ?
"""
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


class MetricStore:
    """Adds to LocalStack's metrics."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._rows: dict[Row, int] = {}

    def add(self, metrics: Iterable[Mapping[str, Any]]) -> None:
        """Add what came of each metric in a minute: "values", and how often each came, "counts"."""
        with (
            self._database.DATABASE_LOCK,
            closing(sqlite3.connect(self._database.METRICS_DB)) as connection,
            connection,
        ):
            for metric in metrics:
                self._add(connection, metric)

    def _add(self, connection: sqlite3.Connection, metric: Mapping[str, Any]) -> None:
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
        if (known := self._rows.get(row)) and connection.execute(ADD, (*added, known, *row)).rowcount:
            return
        if len(self._rows) >= KNOWN:
            self._rows.clear()
        cursor = connection.execute(INSERT, (*added, *row))
        assert cursor.lastrowid is not None
        self._rows[row] = cursor.lastrowid


def _dimensions(database: Any, dimensions: list[dict[str, str]] | None) -> str | None:
    """As LocalStack writes them in a row: "Name=Value", each with a tabulator after it, in the order of the names."""
    text: str | None = database._get_ordered_dimensions_with_separator([dict(entry) for entry in dimensions or ()])
    return text


def mend_cloudwatch() -> None:
    """Mend what is read of metrics. Call it before LocalStack loads its CloudWatch."""
    mend_dimensions()
    mend_start_time()


def mend_dimensions() -> None:
    """LocalStack looks for dimensions with LIKE: a metric of an API gets those of its stages added to it, and of others
    whose name begins like its own. It asks once for every period, too."""

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
        with self.DATABASE_LOCK, closing(sqlite3.connect(self.METRICS_DB_READ_ONLY, uri=True)) as connection:
            rows = connection.execute(STATISTICS, parameters).fetchall()
        if scan_by != "TimestampAscending":
            rows.reverse()
        return {
            "timestamps": [start + row[0] * period for row in rows],
            "values": [_statistic(wanted["Stat"], *row[1:]) for row in rows],
        }

    CloudwatchDatabase.get_metric_data_stat = get_metric_data_stat


def _statistic(name: str, total: float, samples: float, low: float, high: float) -> float:
    every = {"Sum": total, "SampleCount": samples, "Minimum": low, "Maximum": high}
    return total / samples if name == "Average" else every[name]


def mend_start_time() -> None:
    """AWS rounds the start time down to a whole minute; LocalStack counts periods from the very second."""
    statistics, data = CloudwatchProvider.get_metric_statistics, CloudwatchProvider.get_metric_data

    @functools.wraps(statistics)
    def get_metric_statistics(self: Any, context: Any, **request: Any) -> Any:
        if request["period"] % 60 == 0:
            request["start_time"] = whole_minute(request["start_time"])
        return statistics(self, context, **request)

    @functools.wraps(data)
    def get_metric_data(self: Any, context: Any, **request: Any) -> Any:
        periods = [query["MetricStat"]["Period"] for query in request["metric_data_queries"] if "MetricStat" in query]
        # LocalStack's own alarms ask for one period back from now at a time
        if not context.is_internal_call and all(period % 60 == 0 for period in periods):
            request["start_time"] = whole_minute(request["start_time"])
        return data(self, context, **request)

    CloudwatchProvider.get_metric_statistics = get_metric_statistics
    CloudwatchProvider.get_metric_data = get_metric_data


def whole_minute(moment: datetime) -> datetime:
    """The minute that a time is in."""
    return moment.replace(second=0, microsecond=0)
