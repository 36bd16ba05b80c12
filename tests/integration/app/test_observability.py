"""The optional part `observability`: each alarm goes off for real, and its notification arrives.

The part is deployed once more, under a name of its own, with low limits and a period of ten seconds. AWS's metrics have
a value a minute, so such an alarm sees them only in the half minute after the minute began: what provokes the alarms
goes on until each has told, and all are waited for together.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.harness import Harness
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws

pytestmark = pytest.mark.engine

LIMITS = {"AlarmPeriod": "10", "MaximumLatency": "1", "MaximumQueueAge": "5"}
ALARMS = (
    "server-errors",
    "latency",
    "function-errors",
    "throttles",
    "queue-age",
    "ordered-queue-age",
    "dead-letters",
    "ordered-dead-letters",
)
ROUND = 2.0
"""Seconds between two rounds of provocation."""
LIMIT = 240.0
"""Seconds for all of them; each half minute that is missed costs a minute."""

type Eventually = Callable[[Callable[[], Any], str], Any]


@pytest.fixture(scope="module")
def jobs(part: Callable[[str], Stack]) -> Stack:
    return part("jobs")


@pytest.fixture(scope="module")
def deploy(harness: Harness, jobs: Stack) -> Iterator[Callable[..., Stack]]:
    """Deploys the part with low limits, and others where a test gives some; it is gone afterwards."""
    from windtunnel.harness import Harness

    if harness.engine.name == "aws":
        pytest.skip("it deploys a stack and makes the application fail: not on AWS")
    settings = harness.part("observability").settings
    settings = replace(settings, stack=f"{settings.stack}-test")

    def make(**parameters: str) -> Stack:
        return Harness(replace(settings, parameters={**settings.parameters, **LIMITS, **parameters})).deploy()

    yield make
    client = harness.client("cloudformation")
    client.delete_stack(StackName=settings.stack)
    client.get_waiter("stack_delete_complete").wait(StackName=settings.stack, WaiterConfig={"Delay": 1})


@pytest.fixture
def observability(deploy: Callable[..., Stack]) -> Stack:
    return deploy()


@pytest.fixture
def notifications(observability: Stack, aws: Aws) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the topic told since it was last asked."""
    sqs, topic = aws.client("sqs"), observability.outputs["TopicArn"]
    url = sqs.create_queue(QueueName=f"{observability.name}-notifications")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def receive() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(json.loads(message["Body"])["Message"]) for message in messages]

    yield receive
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def stopped(aws: Aws) -> Iterator[Callable[..., None]]:
    """Reserves a concurrency of 0 for functions: Lambda throttles every invocation."""
    client = aws.client("lambda")
    with ExitStack() as undo:

        def stop(*names: str) -> None:
            for name in names:
                undo.callback(client.delete_function_concurrency, FunctionName=name)
                client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)

        yield stop


@pytest.fixture
def queues(jobs: Stack, aws: Aws) -> Iterator[dict[str, str]]:
    """The jobs' queues by their outputs; empty before and after."""
    urls = {name: jobs.outputs[f"{name}Url"] for name in ("Queue", "OrderedQueue", "DeadLetters", "OrderedDeadLetters")}

    def purge() -> None:
        for url in urls.values():
            aws.client("sqs").purge_queue(QueueUrl=url)

    purge()
    yield urls
    purge()


def send(aws: Aws, url: str, body: str) -> None:
    fifo = {"MessageGroupId": "test", "MessageDeduplicationId": str(time.time_ns())} if url.endswith(".fifo") else {}
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=body, **fifo)


def messages_in(aws: Aws, url: str) -> int:
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def test_every_alarm_goes_off_and_is_told(
    observability: Stack,
    stack: Stack,
    jobs: Stack,
    api: Api,
    aws: Aws,
    queues: dict[str, str],
    stopped: Callable[..., None],
    notifications: Callable[[], list[dict[str, Any]]],
) -> None:
    work = {"Queue": f"{jobs.name}-work", "OrderedQueue": f"{jobs.name}-work-in-order"}
    stopped(f"{stack.name}-list-users")
    for name in work:
        send(aws, queues[name], "no worker can do this")

    told: dict[str, dict[str, Any]] = {}
    answers: set[int] = set()
    began = time.monotonic()
    while len(told) < len(ALARMS) and time.monotonic() - began < LIMIT:
        # an event that is no object makes the handler raise; a function that may not run makes API Gateway answer 500
        aws.client("lambda").invoke(FunctionName=f"{stack.name}-get-user", Payload=b"5")
        answers.add(api.get("/users").status_code)
        api.get(f"/users/{uuid.uuid4()}")  # it asks the table: more than a millisecond
        if work and messages_in(aws, queues["DeadLetters"]) and messages_in(aws, queues["OrderedDeadLetters"]):
            # the two were given up: from now on nobody works, and others get old
            stopped(*work.values())
            for name in work:
                send(aws, queues[name], "nobody takes this")
            work = {}
        until = time.monotonic() + ROUND
        while time.monotonic() < until:
            for message in notifications():
                if message["NewStateValue"] == "ALARM":
                    told.setdefault(message["AlarmName"], message)
                    print(f"{message['AlarmName']} after {time.monotonic() - began:.0f} s")
            time.sleep(0.2)

    assert answers == {500}
    assert told.keys() == {f"{observability.name}-{name}" for name in ALARMS}
    latency = told[f"{observability.name}-latency"]["Trigger"]
    assert (latency["Namespace"], latency["MetricName"], latency["Threshold"]) == ("AWS/ApiGateway", "Latency", 1.0)


def test_what_the_part_gets_from_the_other_stacks_and_changed_limits_are_in_alarms_and_dashboard(
    deploy: Callable[..., Stack], stack: Stack, jobs: Stack, aws: Aws
) -> None:
    client, name = aws.client("cloudwatch"), deploy().name

    deploy(AlarmPeriod="30", MaximumLatency="7")

    found = client.describe_alarms(AlarmNamePrefix=f"{name}-")["MetricAlarms"]
    alarms = {alarm["AlarmName"].removeprefix(f"{name}-"): alarm for alarm in found}
    assert alarms.keys() == set(ALARMS)
    assert {alarm["Period"] for alarm in found} == {30}
    assert alarms["latency"]["Threshold"] == 7
    assert {"Name": "ApiName", "Value": stack.outputs["ApiName"]} in alarms["latency"]["Dimensions"]
    assert alarms["dead-letters"]["Dimensions"] == [{"Name": "QueueName", "Value": jobs.outputs["DeadLettersName"]}]
    body = json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"])
    (latency,) = (w["properties"] for w in body["widgets"] if w["properties"]["title"] == "Latency (ms)")
    assert latency["annotations"]["horizontal"][0]["value"] == 7


def test_created_users_are_counted_once_each(
    create_user: Callable[..., dict[str, Any]], api: Api, stack: Stack, aws: Aws, eventually: Eventually
) -> None:
    def counted() -> float:
        now = datetime.now(UTC)
        points = aws.client("cloudwatch").get_metric_statistics(
            Namespace=stack.outputs["MetricsNamespace"],
            MetricName="UserCreated",
            Dimensions=[{"Name": "service", "Value": "users"}],
            StartTime=now - timedelta(minutes=30),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    before = counted()

    for _ in range(3):
        create_user()
    assert api.post("/users", json={}).status_code == 400

    eventually(lambda: counted() == before + 3, "three users to be counted")


def test_a_request_is_in_the_access_log_with_its_functions_request_id(
    api: Api, stack: Stack, aws: Aws, eventually: Eventually
) -> None:
    sent = api.get("/users?limit=1").headers["x-amzn-RequestId"]

    def logged() -> Any:
        events = aws.client("logs").filter_log_events(logGroupName=f"/aws/apigateway/{stack.name}", filterPattern="")
        lines = [json.loads(event["message"]) for event in events["events"]]
        return next((line for line in lines if line["requestId"] == sent), None)

    line = eventually(logged, "the request in the access log")
    assert (line["method"], line["resource"], line["status"]) == ("GET", "/users", "200")
    assert len(line["functionRequestId"]) == 36
    assert line["traceId"].startswith("1-")
