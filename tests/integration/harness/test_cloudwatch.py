"""What the engine puts into CloudWatch beside what the edge counts: metrics of logs, and of queues."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import requests

from windtunnel.testing.plugin import Engine

ACCOUNT = "000000000000"


def now_ms() -> int:
    return int(time.time() * 1000)


def log(engine: Engine, group: str, *messages: str) -> None:
    """Log as the edge does."""
    where = {"account": ACCOUNT, "region": engine.region, "group": group, "stream": "one"}
    body = {"logs": [{**where, "events": [[now_ms(), message] for message in messages]}]}
    url, headers = f"{engine.backplane_url}/_windtunnel/telemetry", {"x-windtunnel-token": engine.token}
    requests.post(url, json=body, headers=headers, timeout=30).raise_for_status()


def statistics(engine: Engine, namespace: str, name: str, start: datetime, **dimensions: str) -> list[Any]:
    points: list[Any] = engine.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=start,
        EndTime=datetime.now(UTC) + timedelta(seconds=1),
        Period=60,
        Statistics=["Sum", "SampleCount", "Maximum"],
    )["Datapoints"]
    return points


def test_metrics_that_a_function_embeds_in_its_log_are_cloudwatchs(engine: Engine) -> None:
    name, start, namespace = f"Made{uuid4().hex}", datetime.now(UTC), f"shop-{uuid4()}"
    metadata = {
        "Timestamp": now_ms(),
        "CloudWatchMetrics": [
            {"Namespace": namespace, "Dimensions": [["service"]], "Metrics": [{"Name": name, "Unit": "Count"}]}
        ],
    }
    line = json.dumps({"_aws": metadata, "service": "users", name: [1, 4]})
    group = f"/aws/lambda/{uuid4()}"

    log(engine, group, line, "nothing of it", line)

    points = statistics(engine, namespace, name, start, service="users")
    assert [(p["Sum"], p["SampleCount"], p["Maximum"], p["Unit"]) for p in points] == [(10, 4, 4, "Count")]
    # the events are log events all the same
    events = engine.client("logs").filter_log_events(logGroupName=group)["events"]
    assert [event["message"] for event in events] == [line, "nothing of it", line]


def test_a_queue_tells_once_a_minute_how_old_its_oldest_message_is(engine: Engine) -> None:
    sqs, name, start = engine.client("sqs"), f"queue-{uuid4()}", datetime.now(UTC)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="old")
    sqs.receive_message(QueueUrl=url)  # in flight is not deleted

    def points(metric: str) -> Any:
        return statistics(engine, "AWS/SQS", metric, start, QueueName=name)

    # it is looked at every five seconds: two seconds old after the second look at the latest
    wait_for(lambda: any(p["Maximum"] >= 2 for p in points("ApproximateAgeOfOldestMessage")), "the message's age")
    assert {point["SampleCount"] for point in points("ApproximateAgeOfOldestMessage")} == {1}
    assert {point["SampleCount"] for point in points("ApproximateNumberOfMessagesVisible")} == {1}
    assert points("ApproximateNumberOfMessagesNotVisible")[-1]["Maximum"] == 1


def test_a_dashboard_that_is_no_json_fails_the_stack(engine: Engine) -> None:
    client, name = engine.client("cloudformation"), f"dashboard-{uuid4().hex[:8]}"
    resource = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": "{widgets"}}

    client.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Board": resource}}))

    def reason() -> Any:
        events = client.describe_stack_events(StackName=name)["StackEvents"]
        return next((e.get("ResourceStatusReason") for e in events if e["LogicalResourceId"] == "Board"), None)

    assert "DashboardBody" in wait_for(reason, "the dashboard to fail")
    client.delete_stack(StackName=name)


def wait_for(ask: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 30
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"waited 30 s for {what}"
        time.sleep(0.2)
    return answer
