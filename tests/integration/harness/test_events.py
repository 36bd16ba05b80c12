"""Events on their way to functions: LocalStack's queues and event source mappings, and the edge's environments.

An engine of its own, whose events are tried again after a second instead of a minute (LAMBDA_RETRY_BASE_DELAY).
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from windtunnel.config import Settings
from windtunnel.engines.waiting import wait_until
from windtunnel.harness import Harness
from windtunnel.testing.engine import throwaway_engine

from .test_executor import create_function

COUNT = "import os\ndef count(n):\n  with open('%s', 'a') as file: file.write(str(n) + '\\n')\n"
Create = Callable[..., str]


@pytest.fixture(scope="module")
def engine(windtunnel_settings: Settings) -> Iterator[Harness]:
    more = {"LAMBDA_RETRY_BASE_DELAY": "1", "ENABLE_CONFIG_UPDATES": "1", "DEBUG": "1"}
    environment = {**windtunnel_settings.engine_environment, **more}
    with throwaway_engine(replace(windtunnel_settings, engine_environment=environment), lambda _event: None) as harness:
        yield harness


@pytest.fixture
def create(engine: Harness) -> Iterator[Create]:
    made: list[str] = []

    def create(source: str, **changes: Any) -> str:
        made.append(create_function(engine.client("lambda"), source, **changes))
        return made[-1]

    yield create
    for name in made:
        engine.client("lambda").delete_function(FunctionName=name)


class Queue:
    """An SQS queue of the test's own."""

    def __init__(self, engine: Harness, **attributes: str) -> None:
        self.client = engine.client("sqs")
        self.url = self.client.create_queue(QueueName=f"q-{uuid4().hex[:8]}", Attributes=attributes)["QueueUrl"]
        asked = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn: str = asked["Attributes"]["QueueArn"]

    def next(self, timeout: float = 20.0) -> Any:
        """The next message, taken out of the queue."""

        def read() -> Any:
            answer = self.client.receive_message(
                QueueUrl=self.url, WaitTimeSeconds=1, MessageAttributeNames=["All"], MaxNumberOfMessages=1
            )
            return answer.get("Messages") or None

        message = wait_until(read, what="a message", timeout=timeout)[0]
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return message

    @property
    def size(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))


def send(engine: Harness, name: str, event: object) -> None:
    """Invoke it asynchronously."""
    answer = engine.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    assert answer["StatusCode"] == 202


def lines(engine: Harness, name: str, word: str, count: int, timeout: float = 30.0) -> list[str]:
    """The messages with `word` in a function's log, once there are `count` of them."""

    def read() -> list[str] | None:
        try:
            events = engine.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except ClientError:
            return None
        found = [event["message"].rstrip("\n") for event in events if word in event["message"]]
        return found if len(found) >= count else None

    return wait_until(read, what=f"{count} times {word} in the log of {name}", timeout=timeout)


def engine_delay(engine: Harness, seconds: int) -> None:
    """Set LocalStack's delay before the second attempt, while it runs (its /_localstack/config)."""
    body = json.dumps({"variable": "LAMBDA_RETRY_BASE_DELAY_SECONDS", "value": seconds}).encode()
    request = urllib.request.Request(f"{engine.settings.endpoint_url}/_localstack/config", body, method="POST")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


# AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation": two more attempts,
# then the failed-event destination and the dead-letter queue


def test_an_event_that_fails_is_tried_twice_more_and_then_told_of(engine: Harness, create: Create) -> None:
    dead, failed = Queue(engine), Queue(engine)
    name = create(
        "def handler(e, c):\n  print('try', c.aws_request_id)\n  raise KeyError('no')\n",
        DeadLetterConfig={"TargetArn": dead.arn},
    )
    engine.client("lambda").put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": failed.arn}}
    )

    send(engine, name, {"n": 1})

    record = json.loads(failed.next()["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"] == {"n": 1}
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorType"] == "KeyError"
    assert json.loads(dead.next()["Body"]) == {"n": 1}
    tries = lines(engine, name, "try ", 3)
    assert tries == [f"try {record['requestContext']['requestId']}"] * 3


def test_an_event_that_succeeds_is_told_of_where_it_is_asked_for(engine: Harness, create: Create) -> None:
    done = Queue(engine)
    name = create("def handler(e, c):\n  return [e]\n")
    engine.client("lambda").put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": done.arn}}
    )

    send(engine, name, 1)

    record = json.loads(done.next()["Body"])
    assert (record["requestContext"]["condition"], record["responsePayload"]) == ("Success", [1])
    assert record["requestContext"]["approximateInvokeCount"] == 1


def test_no_more_attempts_than_it_is_configured_for(engine: Harness, create: Create) -> None:
    failed = Queue(engine)
    name = create("def handler(e, c):\n  print('try')\n  raise KeyError('no')\n")
    engine.client("lambda").put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": failed.arn}}
    )

    send(engine, name, 1)

    assert json.loads(failed.next()["Body"])["requestContext"]["approximateInvokeCount"] == 1


def test_an_event_that_gets_too_old_is_told_of(engine: Harness, create: Create) -> None:
    """No attempt is made after MaximumEventAgeInSeconds: here not a second one, which would be after two minutes."""
    failed = Queue(engine)
    name = create("def handler(e, c):\n  print('try')\n  raise KeyError('no')\n")
    engine.client("lambda").put_function_event_invoke_config(
        FunctionName=name, MaximumEventAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": failed.arn}}
    )
    engine_delay(engine, 120)
    try:
        send(engine, name, 1)
        context = json.loads(failed.next()["Body"])["requestContext"]
    finally:
        engine_delay(engine, 1)

    assert (context["condition"], context["approximateInvokeCount"]) == ("EventAgeExceeded", 1)


def test_an_event_that_is_throttled_waits_and_is_no_failed_attempt(engine: Harness, create: Create) -> None:
    """For throttling errors (429) … Lambda returns the event to the queue (invocation-async.html)."""
    name = create(
        "import time\ndef handler(e, c):\n  print('ran', e)\n  time.sleep(e)\n  if not e: raise KeyError(e)\n",
        Timeout=15,
    )
    client, failed = engine.client("lambda"), Queue(engine)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": failed.arn}}
    )
    with ThreadPoolExecutor() as pool:
        # by way of the edge alone: LocalStack knows nothing of it
        busy = pool.submit(client.invoke, FunctionName=name, Payload=b"3")
        time.sleep(0.5)

        send(engine, name, 0)

        assert "FunctionError" not in busy.result()
    record = json.loads(failed.next()["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responsePayload"]["errorType"] == "KeyError"
    assert len(lines(engine, name, "ran 0", 1)) == 1


def test_a_function_without_concurrency_gets_no_events(engine: Harness, create: Create) -> None:
    """Recorded: LocalStack's TestLambdaConcurrency, ZeroReservedConcurrency."""
    failed = Queue(engine)
    name = create("def handler(e, c):\n  pass\n")
    client = engine.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": failed.arn}}
    )

    send(engine, name, 1)

    assert json.loads(failed.next()["Body"])["requestContext"]["condition"] == "ZeroReservedConcurrency"
    with pytest.raises(ClientError) as refused:
        client.invoke(FunctionName=name)
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    response: Any = refused.value.response
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_an_event_may_have_a_megabyte(engine: Harness, create: Create) -> None:
    """Since October 2025 (AWS Lambda Developer Guide, "Lambda quotas")."""
    name = create("def handler(e, c):\n  print('length', len(e))\n")

    send(engine, name, "x" * (1024 * 1024 - 2))

    assert lines(engine, name, "length", 1) == [f"length {1024 * 1024 - 2}"]
    with pytest.raises(ClientError) as refused:
        send(engine, name, "x" * (1024 * 1024 - 1))
    # the words are recorded with the limits before: ASFHyP3/hyp3 issue 2241
    assert refused.value.response["Error"] == {
        "Code": "RequestEntityTooLargeException",
        "Message": "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
    }


# "Using Lambda with Amazon SQS", "Implementing partial batch responses"

PARTIAL = """
import json
def handler(event, context):
  failed = []
  for record in event['Records']:
    text, identity = read(record)
    print('read', text)
    if text == 'bad': failed.append({'itemIdentifier': identity})
  return {'batchItemFailures': failed}
"""


def test_only_the_messages_that_failed_come_again(engine: Harness, create: Create) -> None:
    dead = Queue(engine)
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "2"})
    queue = Queue(engine, VisibilityTimeout="1", RedrivePolicy=redrive)
    name = create(PARTIAL + "def read(record): return record['body'], record['messageId']\n", Timeout=1)
    engine.client("lambda").create_event_source_mapping(
        FunctionName=name, EventSourceArn=queue.arn, FunctionResponseTypes=["ReportBatchItemFailures"]
    )

    for body in ("good", "bad"):
        queue.client.send_message(QueueUrl=queue.url, MessageBody=body)

    assert dead.next(40)["Body"] == "bad"
    assert sorted(lines(engine, name, "read ", 3)) == ["read bad", "read bad", "read good"]
    assert queue.size == 0


def test_a_stream_goes_on_from_the_record_that_failed(engine: Harness, create: Create) -> None:
    table = f"t-{uuid4().hex[:8]}"
    dynamodb, client, failed = engine.client("dynamodb"), engine.client("lambda"), Queue(engine)
    made = dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    read = "def read(record): return record['dynamodb']['Keys']['k']['S'], record['dynamodb']['SequenceNumber']\n"
    name = create(PARTIAL + read)
    client.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=made["TableDescription"]["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig={"OnFailure": {"Destination": failed.arn}},
    )

    for key in ("first", "bad", "last"):
        dynamodb.put_item(TableName=table, Item={"k": {"S": key}})

    said = lines(engine, name, "read last", 1)
    assert said
    assert json.loads(failed.next()["Body"])["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert len(lines(engine, name, "read first", 1)) == 1
    assert len(lines(engine, name, "read bad", 2)) >= 2


def test_an_invocation_is_counted_once(engine: Harness, create: Create) -> None:
    """AWS Lambda Developer Guide, "Types of metrics for Lambda functions"."""
    name = create("def handler(e, c):\n  return 1 / e\n")
    client = engine.client("lambda")
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)

    client.invoke(FunctionName=name, Payload=b"1")
    send(engine, name, 1)
    send(engine, name, 0)
    lines(engine, name, "REPORT", 3)

    def sums() -> dict[str, float] | None:
        found = {}
        for metric in ("Invocations", "Errors"):
            points = engine.client("cloudwatch").get_metric_statistics(
                Namespace="AWS/Lambda", MetricName=metric, Dimensions=[{"Name": "FunctionName", "Value": name}],
                StartTime=time.time() - 600, EndTime=time.time() + 600, Period=3600, Statistics=["Sum"],
            )["Datapoints"]  # fmt: skip
            found[metric] = sum(point["Sum"] for point in points)
        return found if found["Invocations"] >= 3 else None

    assert wait_until(sums, what="the metrics", timeout=20) == {"Invocations": 3.0, "Errors": 1.0}
    time.sleep(1)
    assert sums() == {"Invocations": 3.0, "Errors": 1.0}


def test_the_backplane_has_nothing_to_say_of_environments(engine: Harness, create: Create) -> None:
    """No warning of missing logs, no credentials that nobody uses."""
    name = create("def handler(e, c):\n  pass\n")
    log = Path(engine.settings.state_dir) / "engine"

    for n in range(5):
        send(engine, name, n)
    lines(engine, name, "REPORT", 5)

    text = "".join(file.read_text(errors="replace") for file in log.rglob("*.log"))
    assert "Ready." in text
    assert "Received no logs" not in text
    assert "Failed invocation" not in text
    assert "Got an invocation for function" in text
    assert "Starting new environment" not in text
