"""A stage's execution metrics in CloudWatch, namespace AWS/ApiGateway.

Source: API Gateway Developer Guide, "Amazon API Gateway dimensions and metrics".
"""

from __future__ import annotations

from dataclasses import dataclass

from windtunnel.apigateway.definition import Method, Stage
from windtunnel.functions.series import COUNT, MILLISECONDS, Dimensions, MetricSink, Series

__all__ = ["COUNT", "MILLISECONDS", "Dimensions", "MetricSink", "Series", "StageMetrics", "metric_name"]

NAMESPACE = "AWS/ApiGateway"


@dataclass(frozen=True, slots=True)
class _Recorded:
    """The series that one request adds to."""

    count: Series
    client_error: Series
    server_error: Series
    latency: Series
    integration_latency: Series


class StageMetrics:
    """What a stage's requests count for: API, stage and, with detailed metrics, method."""

    def __init__(self, stage: Stage) -> None:
        name = ("ApiName", metric_name(stage.api_name, stage.api_id))
        of_stage = ("Stage", stage.stage_name)
        common: tuple[Dimensions, ...] = ((name,), (name, of_stage))
        self._stage = _recorded(stage, common)
        self._detailed = {
            (method.resource_path, method.http_method): _recorded(
                stage,
                (*common, (name, ("Method", method.http_method), ("Resource", method.resource_path), of_stage)),
            )
            for method in stage.methods
            if method.settings.metrics
        }

    def record(
        self,
        telemetry: MetricSink,
        status: int,
        latency_ms: float,
        integration_latency_ms: float | None,
        method: Method | None,
    ) -> None:
        """Count one request; `method` is None where it was for none, the integration's latency where it asked none.

        The two errors get 0 or 1 of each request: their average is the error rate.
        """
        series = self._stage
        if method is not None and self._detailed:
            series = self._detailed.get((method.resource_path, method.http_method), series)
        telemetry.add(series.count, 1)
        telemetry.add(series.client_error, 1 if 400 <= status < 500 else 0)
        telemetry.add(series.server_error, 1 if status >= 500 else 0)
        telemetry.add(series.latency, round(latency_ms))
        if integration_latency_ms is not None:
            telemetry.add(series.integration_latency, round(integration_latency_ms))


def metric_name(api_name: str, api_id: str) -> str:
    """The value of ApiName: non-ASCII characters are removed; where nothing is left, it is the API's id."""
    return "".join(character for character in api_name if character.isascii()) or api_id


def _recorded(stage: Stage, dimension_sets: tuple[Dimensions, ...]) -> _Recorded:
    def series(name: str, unit: str) -> Series:
        return Series(stage.account, stage.region, NAMESPACE, name, dimension_sets, unit)

    return _Recorded(
        count=series("Count", COUNT),
        client_error=series("4XXError", COUNT),
        server_error=series("5XXError", COUNT),
        latency=series("Latency", MILLISECONDS),
        integration_latency=series("IntegrationLatency", MILLISECONDS),
    )
