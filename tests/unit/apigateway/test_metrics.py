"""Execution metrics, by API Gateway Developer Guide, "Amazon API Gateway dimensions and metrics"."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from windtunnel.apigateway.definition import Stage, stage_from_document
from windtunnel.apigateway.metrics import Series, StageMetrics, metric_name


class Sink:
    """Keeps the values by the metric's name."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = defaultdict(list)
        self.series: dict[str, Series] = {}

    def add(self, series: Series, value: float) -> None:
        self.values[series.name].append(value)
        self.series[series.name] = series


def stage(settings: dict[str, Any] | None = None) -> Stage:
    methods = {name: {"httpMethod": name} for name in ("GET", "POST")}
    return stage_from_document(
        {
            "account": "000000000000",
            "region": "us-east-1",
            "restApi": {"id": "abc123", "name": "My API"},
            "stage": {"stageName": "Prod", "methodSettings": settings or {}},
            "resources": [{"id": "r", "path": "/users/{userId}", "methods": methods}],
        }
    )


def test_a_request_counts_for_the_api_and_for_its_stage() -> None:
    sink = Sink()

    StageMetrics(stage()).record(sink, 200, 12.4, 11.6, None)

    assert sink.values == {
        "Count": [1],
        "4XXError": [0],
        "5XXError": [0],
        "Latency": [12],
        "IntegrationLatency": [12],
    }
    for series in sink.series.values():
        assert series.namespace == "AWS/ApiGateway"
        assert series.dimension_sets == ((("ApiName", "My API"),), (("ApiName", "My API"), ("Stage", "Prod")))
    units = {name: series.unit for name, series in sink.series.items()}
    assert {units["Latency"], units["IntegrationLatency"]} == {"Milliseconds"}
    assert {units["Count"], units["4XXError"], units["5XXError"]} == {"Count"}


@pytest.mark.parametrize(
    ("status", "errors"), [(200, (0, 0)), (302, (0, 0)), (400, (1, 0)), (499, (1, 0)), (502, (0, 1))]
)
def test_the_average_of_the_errors_is_their_rate(status: int, errors: tuple[int, int]) -> None:
    # "The Average statistic represents the 4XXError error rate [...] The denominator corresponds to the Count metric"
    sink = Sink()

    StageMetrics(stage()).record(sink, status, 1, 1, None)

    assert (sink.values["4XXError"], sink.values["5XXError"]) == ([errors[0]], [errors[1]])


def test_a_request_that_asks_no_integration_has_no_integration_latency() -> None:
    sink = Sink()

    StageMetrics(stage()).record(sink, 403, 0.4, None, None)

    assert sink.values["IntegrationLatency"] == []
    assert sink.values["Latency"] == [0]


def test_detailed_metrics_count_for_the_method_as_well() -> None:
    # "API Gateway will not send these metrics unless you have explicitly enabled detailed CloudWatch metrics"
    observed = stage({"users/{userId}/GET": {"metricsEnabled": True}})
    get, post = observed.methods
    metrics, of_get, of_post, of_none = StageMetrics(observed), Sink(), Sink(), Sink()

    metrics.record(of_get, 200, 1, 1, get)
    metrics.record(of_post, 200, 1, 1, post)
    metrics.record(of_none, 403, 1, None, None)

    detailed = (("ApiName", "My API"), ("Method", "GET"), ("Resource", "/users/{userId}"), ("Stage", "Prod"))
    common = ((("ApiName", "My API"),), (("ApiName", "My API"), ("Stage", "Prod")))
    assert of_get.series["Count"].dimension_sets == (*common, detailed)
    assert of_post.series["Count"].dimension_sets == common
    assert of_none.series["Count"].dimension_sets == common


@pytest.mark.parametrize(
    ("name", "expected"), [("plain", "plain"), ("café ☕", "caf "), ("日本", "abc123"), ("", "abc123")]
)
def test_the_name_is_without_characters_that_are_not_ascii(name: str, expected: str) -> None:
    # "API Gateway removes non-ASCII characters from the ApiName dimension [...] If the APIName contains no ASCII
    # characters, the API ID is used as the ApiName"
    assert metric_name(name, "abc123") == expected
