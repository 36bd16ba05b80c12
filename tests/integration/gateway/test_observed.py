"""Access logs and metrics in CloudWatch.

Sources: API Gateway Developer Guide, "Set up CloudWatch logging for REST APIs" and "Amazon API Gateway dimensions and
metrics".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws


def wait_for(look: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def test_an_access_log_line_is_in_the_stages_format(gateway: Api, gateway_aws: Aws, gateway_stack: Stack) -> None:
    logs = gateway_aws.client("logs")
    group = gateway_stack.outputs["AccessLogGroup"]
    answers = [gateway.get("/open"), gateway.get("/keyed"), gateway.get("/answer", params={"which": "text"})]
    ids = {answer.headers["x-amzn-RequestId"] for answer in answers}

    def lines() -> list[dict[str, str]] | None:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        found = [json.loads(event["message"]) for page in pages for event in page["events"]]
        ours = [line for line in found if line["id"] in ids]
        return ours if len(ours) == len(ids) else None

    written = {line["path"]: line for line in wait_for(lines)}
    assert (written["/open"]["status"], written["/open"]["integration"]) == ("200", "200")
    assert (written["/keyed"]["status"], written["/keyed"]["error"]) == ("403", "INVALID_API_KEY")
    assert (written["/answer"]["status"], written["/open"]["error"]) == ("502", "-")


@pytest.fixture
def observed(gateway_stack: Stack, gateway_aws: Aws) -> Iterator[Api]:
    """The API in a stage of this test's own, whose requests are all that counts there."""
    from windtunnel.testing.clients import Api

    client, api_id = gateway_aws.client("apigateway"), gateway_stack.api_id
    known = client.get_stage(restApiId=api_id, stageName=gateway_stack.api_stage)
    name = f"observed-{uuid4().hex[:8]}"
    client.create_stage(
        restApiId=api_id, stageName=name, deploymentId=known["deploymentId"], variables=known["variables"]
    )
    api = Api(f"{gateway_stack.api_url.removesuffix(gateway_stack.api_stage)}{name}", "")
    with api.session:
        yield api
    client.delete_stage(restApiId=api_id, stageName=name)


def test_every_request_is_counted_once(observed: Api, gateway_aws: Aws) -> None:
    cloudwatch = gateway_aws.client("cloudwatch")
    stage = observed.base_url.rpartition("/")[2]
    dimensions = [{"Name": "ApiName", "Value": "windtunnel-gateway-gateway"}, {"Name": "Stage", "Value": stage}]

    def total(metric: str) -> float:
        now = datetime.now(UTC)
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/ApiGateway",
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=2),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    def totals() -> list[float]:
        return [total("Count"), total("4XXError"), total("5XXError")]

    # what is asked before the stage is known is not the stage's
    wait_for(lambda: observed.get("/open").status_code == 200)
    for _ in range(4):
        observed.get("/open")
    for _ in range(3):
        observed.get("/keyed")
    observed.get("/answer", params={"which": "text"})

    wait_for(lambda: all(now >= sent for now, sent in zip(totals(), [9, 3, 1], strict=True)), 60.0)
    assert totals() == [9, 3, 1]
