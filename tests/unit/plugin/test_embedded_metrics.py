"""Source: CloudWatch User Guide, "Specification: Embedded metric format"; what is wrong counts in AWS/Logs by log group
("Monitoring with CloudWatch metrics" of the CloudWatch Logs User Guide)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from windtunnel.plugin.embedded_metrics import embedded_metrics

NOW = 1_795_000_000.0
"""At 26.67 s of its minute."""
MINUTE = 1_794_999_960
ENTRY = {"account": "000000000000", "region": "eu-central-1", "group": "/aws/lambda/shop-create-user"}


def directive(**fields: Any) -> dict[str, Any]:
    metrics = [{"Name": "UserCreated", "Unit": "Count"}]
    return {"Namespace": "shop", "Dimensions": [["service"]], "Metrics": metrics, **fields}


def document(*directives: dict[str, Any], timestamp: Any = NOW * 1000, **root: Any) -> str:
    metadata = {"Timestamp": timestamp, "CloudWatchMetrics": list(directives) or [directive()]}
    return json.dumps({"_aws": metadata, "service": "users", "UserCreated": 1, **root})


def read(*messages: str) -> list[dict[str, Any]]:
    return list(embedded_metrics(ENTRY, [[int(NOW * 1000), message] for message in messages], NOW))


def shown(metrics: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(each["namespace"], each["name"], each["dimensions"], each["values"], each["counts"]) for each in metrics]


def wrong(name: str, count: int = 1) -> list[tuple[Any, ...]]:
    return [("AWS/Logs", name, {"LogGroupName": ENTRY["group"]}, [1], [count])]


def test_a_metric_of_an_event_is_counted_in_its_minute() -> None:
    assert read(document()) == [
        {
            "account": "000000000000",
            "region": "eu-central-1",
            "namespace": "shop",
            "name": "UserCreated",
            "dimensions": {"service": "users"},
            "unit": "Count",
            "timestamp": MINUTE,
            "values": [1],
            "counts": [1],
        }
    ]


def test_events_of_a_batch_are_counted_together() -> None:
    found = read(document(), "START RequestId: 1", document(), document(UserCreated=[1, 2, 2]))

    assert shown(found) == [("shop", "UserCreated", {"service": "users"}, [1, 2], [3, 2])]


def test_every_set_of_dimensions_is_a_metric_of_its_own_and_none_is_one_too() -> None:
    found = read(document(directive(Dimensions=[[], ["service"], ["tier", "service"]]), tier="free"))

    assert [each["dimensions"] for each in found] == [{}, {"service": "users"}, {"service": "users", "tier": "free"}]


def test_high_resolution_is_kept_by_the_second_and_no_unit_as_none() -> None:
    (found,) = read(document(directive(Metrics=[{"Name": "UserCreated", "StorageResolution": 1}])))

    assert (found["timestamp"], found["unit"]) == (int(NOW), None)


def test_the_metrics_of_powertools_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(name="UserCreated", unit=MetricUnit.Count, value=1, namespace="shop") as metric:
        metric.add_dimension("service", "users")
    written = json.loads(capsys.readouterr().out)
    written["_aws"]["Timestamp"] = NOW * 1000

    assert shown(read(json.dumps(written))) == [("shop", "UserCreated", {"service": "users"}, [1.0], [1])]


@pytest.mark.parametrize(
    "message",
    ["plain text", 'text around it: {"_aws": {"CloudWatchMetrics": []}}', '["CloudWatchMetrics"]', '{"_aws": 5}'],
)
def test_what_is_not_the_format_is_only_a_log_event(message: str) -> None:
    assert read(message) == []


@pytest.mark.parametrize("metadata", [{"CloudWatchMetrics": {}, "Timestamp": 1}, {"CloudWatchMetrics": []}])
def test_metadata_of_another_shape_is_a_parsing_error(metadata: dict[str, Any]) -> None:
    assert shown(read(json.dumps({"_aws": metadata}))) == wrong("EMFParsingErrors")


@pytest.mark.parametrize(
    "fields",
    [
        {"Namespace": ""},
        {"Namespace": "n" * 257},
        {"Dimensions": "service"},
        {"Dimensions": [["missing"]]},
        {"Dimensions": [["UserCreated"]]},
        {"Dimensions": [["service"] * 31]},
        {"Metrics": [{"Name": "UserCreated"}] * 101},
    ],
)
def test_a_directive_that_breaks_a_rule_gives_no_metric_and_the_others_do(fields: dict[str, Any]) -> None:
    found = read(document(directive(**fields), directive()))

    assert shown(found) == [*wrong("EMFValidationErrors"), *shown(read(document()))]


@pytest.mark.parametrize(
    "metric",
    [
        {"Name": "Missing"},
        {"Name": "service"},
        {"Name": "Flag"},
        {"Name": "Many"},
        {"Name": "UserCreated", "Unit": "Users"},
        {"Name": "UserCreated", "Unit": ["Count"]},
        {"Name": "UserCreated", "StorageResolution": 5},
        {},
    ],
)
def test_a_metric_that_breaks_a_rule_is_left_out_alone(metric: dict[str, Any]) -> None:
    found = read(document(directive(Metrics=[metric, {"Name": "UserCreated"}]), Flag=True, Many=[1] * 101))

    assert [each["name"] for each in found] == ["EMFValidationErrors", "UserCreated"]


@pytest.mark.parametrize("unit", ["Bytes", "Kilobytes", "Terabits", "Megabytes/Second", "Count/Second", "Percent"])
def test_cloudwatchs_units_are_known(unit: str) -> None:
    (found,) = read(document(directive(Metrics=[{"Name": "UserCreated", "Unit": unit}])))

    assert found["unit"] == unit


@pytest.mark.parametrize("days", [-15, 1])
def test_a_time_that_cloudwatch_does_not_take_is_an_error(days: int) -> None:
    assert shown(read(document(timestamp=(NOW + days * 86_400) * 1000))) == wrong("EMFValidationErrors")
