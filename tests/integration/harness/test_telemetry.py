"""What the edge sends, read back from CloudWatch Logs and CloudWatch by AWS's own client."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests

from windtunnel.apigateway.definition import stage_from_document
from windtunnel.apigateway.metrics import StageMetrics
from windtunnel.config import Settings
from windtunnel.edge.telemetry import Telemetry
from windtunnel.harness import temporary
from windtunnel.testing.engine import apart
from windtunnel.testing.plugin import Engine

ACCOUNT = "000000000000"
STATISTICS = ["Sum", "SampleCount", "Average", "Minimum", "Maximum"]
FUNCTION = """
import base64, gzip
def handler(event, context):
    print("got", gzip.decompress(base64.b64decode(event["awslogs"]["data"])).decode())
"""

Post = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def engine(windtunnel_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine of this module's own: nobody else logs to it."""
    with temporary(apart(windtunnel_settings, tmp_path_factory.mktemp("telemetry")), lambda event: None) as harness:
        yield Engine(harness)


@pytest.fixture
def post(engine: Engine) -> Post:
    def send(document: object, token: str = engine.token) -> requests.Response:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        url = f"{engine.backplane_url}/_windtunnel/telemetry"
        return requests.post(url, data=body, headers={"x-windtunnel-token": token}, timeout=30)

    return send


def in_engine(settings: Settings, code: str) -> subprocess.CompletedProcess[str]:
    python = settings.install_dir / "engine-venv/bin/python"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def now_ms() -> int:
    return int(time.time() * 1000)


def logs(engine: Engine, group: str, events: list[list[Any]], stream: str = "one", **more: Any) -> dict[str, Any]:
    where = {"account": ACCOUNT, "region": engine.region, "group": group, "stream": stream}
    return {"logs": [{**where, "events": events}], **more}


def metric(engine: Engine, name: str, values: list[float], counts: list[int], **dimensions: str) -> dict[str, Any]:
    return {
        "account": ACCOUNT,
        "region": engine.region,
        "namespace": "AWS/ApiGateway",
        "name": name,
        "dimensions": dimensions,
        "unit": "Count",
        "timestamp": int(time.time() // 60) * 60,
        "values": values,
        "counts": counts,
    }


def statistics(engine: Engine, name: str, start: datetime, namespace: str = "AWS/ApiGateway", **dimensions: str) -> Any:
    """The statistics of each minute from one in which `start` is, to now."""
    return engine.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=start,
        EndTime=datetime.now(UTC) + timedelta(seconds=1),
        Period=60,
        Statistics=STATISTICS,
    )["Datapoints"]


def test_log_events_come_out_as_on_aws(engine: Engine, post: Post) -> None:
    group, start = f"/aws/lambda/{uuid4()}", now_ms()
    events = [[start + 2, "second\n"], [start + 1, 'first "ü" \\ \ud83d\ude00\n'], [start + 3, "third\n"]]

    posted = post(logs(engine, group, events))

    client = engine.client("logs")
    assert posted.status_code == 200, posted.text
    got = client.get_log_events(logGroupName=group, logStreamName="one", startFromHead=True)["events"]
    # GetLogEvents lists by timestamp
    assert [event["message"] for event in got] == ['first "ü" \\ \U0001f600\n', "second\n", "third\n"]
    assert [event["timestamp"] for event in got] == [start + 1, start + 2, start + 3]
    assert all(start <= event["ingestionTime"] <= now_ms() for event in got)
    found = client.filter_log_events(logGroupName=group, startTime=start + 2, endTime=start + 2)["events"]
    assert [(event["message"], event["logStreamName"]) for event in found] == [("second\n", "one")]
    (stream,) = client.describe_log_streams(logGroupName=group)["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (start + 1, start + 3)
    assert start <= stream["lastIngestionTime"] <= now_ms()


def test_pages_of_a_packed_stream_hold_every_event_once(engine: Engine, post: Post) -> None:
    group, start, number = f"/aws/lambda/{uuid4()}", now_ms(), 3000
    for first in range(0, number, 500):
        events = [[start + first + i, f"event {first + i} {uuid4()} {'x' * 60}"] for i in range(500)]
        assert post(logs(engine, group, events)).status_code == 200

    client = engine.client("logs")
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, PaginationConfig={"PageSize": 700})
    found = [event for page in pages for event in page["events"]]

    assert [event["timestamp"] for event in found] == list(range(start, start + number))
    assert len({event["eventId"] for event in found}) == number
    (described,) = client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert described["storedBytes"] == sum(len(event["message"]) for event in found)


def test_log_events_that_others_put_to_the_same_stream_are_there_too(engine: Engine, post: Post) -> None:
    group, start, client = f"/shared/{uuid4()}", now_ms(), engine.client("logs")
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="one")

    def put(moment: int, message: str) -> None:
        event = {"timestamp": moment, "message": message}
        client.put_log_events(logGroupName=group, logStreamName="one", logEvents=[event])

    put(start, "theirs")
    post(logs(engine, group, [[start + 1, "ours"]]))
    put(start + 2, "theirs again")

    got = client.get_log_events(logGroupName=group, logStreamName="one", startFromHead=True)["events"]
    assert [event["message"] for event in got] == ["theirs", "ours", "theirs again"]


def test_what_comes_late_does_not_make_a_deleted_group_anew(engine: Engine, post: Post) -> None:
    client, group, before = engine.client("logs"), f"/deleted/{uuid4().hex}", now_ms()
    post(logs(engine, group, [[before, "of before"]]))
    client.delete_log_group(logGroupName=group)

    post(logs(engine, group, [[before, "late"]]))

    assert client.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    # a function that goes on, makes its group anew, as on AWS
    post(logs(engine, group, [[before, "late"], [now_ms() + 1, "of after"]]))
    events = client.filter_log_events(logGroupName=group)["events"]
    assert [event["message"] for event in events] == ["of after"]


def test_only_who_knows_the_token_may_send(engine: Engine, post: Post) -> None:
    group = f"/aws/lambda/{uuid4()}"

    refused = [post(logs(engine, group, [[now_ms(), "x"]]), token=token) for token in ("", "another")]

    assert [response.status_code for response in refused] == [403, 403]
    assert engine.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []


def test_what_is_no_batch_is_refused(post: Post) -> None:
    assert post(b"{").status_code == 400


def test_a_batch_that_is_sent_again_counts_once(engine: Engine, post: Post) -> None:
    group, api, sender = f"/aws/lambda/{uuid4()}", f"api-{uuid4()}", uuid4().hex
    start = datetime.now(UTC)
    entry = metric(engine, "Count", [1], [5], ApiName=api)
    batch = logs(engine, group, [[now_ms(), "once"]], id=f"{sender}-7", metrics=[entry])

    answers = [post(batch).status_code, post(batch).status_code, post({**batch, "id": f"{sender}-6"}).status_code]
    next_one = post({**batch, "id": f"{sender}-8", "logs": []}).status_code

    assert [*answers, next_one] == [200, 200, 200, 200]
    assert len(engine.client("logs").filter_log_events(logGroupName=group)["events"]) == 1
    assert sum(point["Sum"] for point in statistics(engine, "Count", start, ApiName=api)) == 10


def test_statistics_are_those_of_every_single_value(engine: Engine, post: Post) -> None:
    api, start = f"api-{uuid4()}", datetime.now(UTC)
    entries = [
        metric(engine, "Latency", [3, 10], [9, 1], ApiName=api),
        metric(engine, "Latency", [1], [2], ApiName=api),
    ]

    post({"logs": [], "metrics": entries[:1]})
    post({"logs": [], "metrics": entries[1:]})

    points = statistics(engine, "Latency", start, ApiName=api)
    assert sum(point["Sum"] for point in points) == 39
    assert sum(point["SampleCount"] for point in points) == 12
    assert min(point["Minimum"] for point in points) == 1
    assert max(point["Maximum"] for point in points) == 10
    if len(points) == 1:  # unless a minute ended in between
        assert points[0]["Average"] == 39 / 12
        assert points[0]["Unit"] == "Count"


def test_percentiles_are_those_of_every_single_value(engine: Engine, post: Post) -> None:
    api, start, client = f"api-{uuid4()}", datetime.now(UTC), engine.client("cloudwatch")
    entry = metric(engine, "Latency", [1, 5, 20, 300], [50, 40, 9, 1], ApiName=api)
    for _ in range(2):
        post({"logs": [], "metrics": [entry]})
    common = {"Namespace": "AWS/ApiGateway", "MetricName": "Latency"}
    dimensions, end = [{"Name": "ApiName", "Value": api}], datetime.now(UTC) + timedelta(seconds=1)

    (point,) = client.get_metric_statistics(
        **common,
        Dimensions=dimensions,
        StartTime=start,
        EndTime=end,
        Period=60,
        ExtendedStatistics=["p50", "p90", "p99", "p100"],
    )["Datapoints"]
    wanted = {"Metric": {**common, "Dimensions": dimensions}, "Period": 60, "Stat": "p99.5"}
    data = client.get_metric_data(MetricDataQueries=[{"Id": "q", "MetricStat": wanted}], StartTime=start, EndTime=end)

    assert point["ExtendedStatistics"] == {"p50": 1, "p90": 5, "p99": 20, "p100": 300}
    assert (point["Unit"], point["Timestamp"].timestamp()) == ("Count", entry["timestamp"])
    assert data["MetricDataResults"][0]["Values"] == [300]


def test_dimensions_match_exactly(engine: Engine, post: Post) -> None:
    """CloudWatch API reference, GetMetricStatistics: "CloudWatch treats each unique combination of dimensions as a
    separate metric [...] you must specify the same dimensions that were used when the metrics were created"."""
    api, start = f"api-{uuid4()}", datetime.now(UTC)
    entries = [
        metric(engine, "Count", [1], [4], ApiName=api),
        metric(engine, "Count", [1], [3], ApiName=api, Stage="Prod"),
        metric(engine, "Count", [1], [1], ApiName=api, Stage="Production"),
    ]

    post({"logs": [], "metrics": entries})

    def total(**dimensions: str) -> Any:
        return sum(point["Sum"] for point in statistics(engine, "Count", start, **dimensions))

    assert [total(ApiName=api), total(ApiName=api, Stage="Prod")] == [4, 3]
    listed = engine.client("cloudwatch").list_metrics(
        Namespace="AWS/ApiGateway", Dimensions=[{"Name": "ApiName", "Value": api}]
    )
    assert len(listed["Metrics"]) == 3


def test_metrics_of_others_read_as_before(engine: Engine) -> None:
    client, start = engine.client("cloudwatch"), datetime.now(UTC)
    name = f"Custom{uuid4().hex}"
    client.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": name, "Value": value} for value in (2, 5)])

    points = statistics(engine, name, start, namespace="Mine")
    query = {
        "Id": "q",
        "MetricStat": {"Metric": {"Namespace": "Mine", "MetricName": name}, "Period": 60, "Stat": "Sum"},
    }
    data = client.get_metric_data(
        MetricDataQueries=[query], StartTime=start, EndTime=datetime.now(UTC) + timedelta(seconds=1)
    )

    assert sum(point["Sum"] for point in points) == 7
    assert max(point["Maximum"] for point in points) == 5
    assert sum(data["MetricDataResults"][0]["Values"]) == 7


def test_a_thousand_requests_are_counted_exactly(engine: Engine, post: Post) -> None:
    api, group, start = f"api-{uuid4()}", f"/access/{uuid4()}", datetime.now(UTC)
    document = {
        "account": ACCOUNT,
        "region": engine.region,
        "restApi": {"id": "abc", "name": api},
        "stage": {"stageName": "Prod"},
    }
    metrics = StageMetrics(stage_from_document(document))

    async def serve() -> bool:
        async def send(body: bytes) -> bool:
            return (await asyncio.to_thread(post, body)).status_code == 200

        telemetry = Telemetry(send, interval=0.01, metrics_interval=0.0)
        telemetry.start()
        for number in range(1000):
            metrics.record(telemetry, 500 if number % 10 == 0 else 200, 12.4, None if number % 4 else 11.6, None)
            telemetry.write(ACCOUNT, engine.region, group, "stream", now_ms(), f"request {number}")
            if number % 100 == 0:
                await asyncio.sleep(0.02)
        taken = await telemetry.flush()
        await telemetry.close()
        return taken

    assert asyncio.run(serve())

    def total(name: str, what: str = "Sum") -> Any:
        return sum(point[what] for point in statistics(engine, name, start, ApiName=api, Stage="Prod"))

    assert [total("Count"), total("5XXError"), total("4XXError")] == [1000, 100, 0]
    assert total("5XXError", "SampleCount") == 1000
    assert [total("Latency"), total("IntegrationLatency", "SampleCount")] == [12000, 250]
    pages = engine.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    assert [event["message"] for page in pages for event in page["events"]] == [f"request {n}" for n in range(1000)]


def wait_for(ask: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 30
    while not (answer := ask()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited 30 s for {what}")
        time.sleep(0.05)
    return answer


def test_metric_filters_count_the_events_of_their_group(engine: Engine, post: Post) -> None:
    client, group, start = engine.client("logs"), f"/filtered/{uuid4()}", datetime.now(UTC)
    name = f"Lines{uuid4().hex}"
    client.create_log_group(logGroupName=group)
    transformation = {"metricName": name, "metricNamespace": "Mine", "metricValue": "1"}
    client.put_metric_filter(
        logGroupName=group, filterName="lines", filterPattern="", metricTransformations=[transformation]
    )

    post(logs(engine, group, [[now_ms(), "one"], [now_ms(), "two"]]))
    post(logs(engine, f"/other/{uuid4()}", [[now_ms(), "three"]]))

    wait_for(lambda: client.filter_log_events(logGroupName=group)["events"], "the events")
    client.delete_metric_filter(logGroupName=group, filterName="lines")
    assert sum(point["Sum"] for point in statistics(engine, name, start, namespace="Mine")) == 2


def test_a_function_that_subscribes_gets_the_events(engine: Engine, post: Post) -> None:
    client, functions = engine.client("logs"), engine.client("lambda")
    group, name = f"/subscribed/{uuid4()}", f"subscriber-{uuid4().hex[:8]}"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", FUNCTION)
    client.create_log_group(logGroupName=group)
    created = functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=f"arn:aws:iam::{ACCOUNT}:role/any",
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    client.put_subscription_filter(
        logGroupName=group, filterName="all", filterPattern="", destinationArn=created["FunctionArn"]
    )

    post(logs(engine, group, [[now_ms(), "to be told"]]))

    def told() -> list[str]:
        try:
            events = client.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except client.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events if event["message"].startswith("got ")]

    (message,) = wait_for(told, "the subscriber")
    data = json.loads(message.removeprefix("got "))
    assert (data["logGroup"], data["logStream"]) == (group, "one")
    assert [event["message"] for event in data["logEvents"]] == ["to be told"]


# a stream's events within a bound: of 20 000, packed, the newest are there
BOUND = """
from types import SimpleNamespace
from windtunnel.plugin.log_events import Events, Store, put_events

store = Store(limit=100_000, unpacked=50_000)
stream = SimpleNamespace(events=[], stored_bytes=0, upload_sequence_token=0)
for first in range(0, 20_000, 100):
    put_events(store, stream, [[i, f"event {i} {hash(str(i)):x}"] for i in range(first, first + 100)], 1)
kept = [event.timestamp for event in stream.events]
print(kept == list(range(kept[0], 20_000)), 0 < kept[0] == store.dropped, store.held <= 100_000, len(kept) > 1000)
print(len(kept) == len(stream.events), stream.events.bounds() == (kept[0], 19_999))
print([event.message.split()[1] for event in stream.events.between(19_000, 19_001)])
"""


def test_the_oldest_events_go_when_there_are_too_many(windtunnel_settings: Settings) -> None:
    done = in_engine(windtunnel_settings, BOUND)

    assert done.stdout.splitlines() == ["True True True True", "True True", "['19000', '19001']"], done.stderr


CALLS = """
from windtunnel.plugin.telemetry import calls
many = list(calls([[i, "x"] for i in reversed(range(10_001))]))
print([len(call) for call in many], many[0][0]["timestamp"])
print([len(call) for call in calls([[1, "x" * 600_000], [2, "y" * 600_000], [3, "z"]])])
"""


def test_calls_of_put_log_events_keep_within_its_limits(windtunnel_settings: Settings) -> None:
    """CloudWatch Logs API reference, PutLogEvents: 10,000 events and 1,048,576 bytes, in chronological order."""
    done = in_engine(windtunnel_settings, CALLS)

    assert done.stdout.splitlines() == ["[10000, 1] 0", "[1, 2]"], done.stderr
