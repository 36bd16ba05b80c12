"""The backplane's state outlives its process. Each test kills the engine with SIGKILL and starts it again."""

from __future__ import annotations

import contextlib
import io
import json
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from tests.integration.settled import settle

from windtunnel.config import Settings
from windtunnel.engines.orders import STATE_VARIABLE
from windtunnel.engines.process import end_tree, marked_processes, read_record
from windtunnel.engines.waiting import wait_until
from windtunnel.harness import Harness
from windtunnel.plugin.snapshot_fork import in_fork
from windtunnel.testing.engine import apart

ROLE = "arn:aws:iam::000000000000:role/any"
HANDLER = "def handler(event, context):\n    return {'got': event}\n"
MOMENTS = [("10", 0.8), ("0", 1.4), ("0", 2.4)]
"""How long snapshots may wait, and how many seconds of a deployment pass. WINDTUNNEL_MOMENTS=1 takes more of them."""
if "WINDTUNNEL_MOMENTS" in os.environ:
    MOMENTS += [("10", 0.05), ("10", 1.6), ("0", 0.6), ("0", 1.8)]


@dataclass(frozen=True)
class Backplane:
    """An engine that keeps its state."""

    harness: Harness
    snapshots: Path

    @classmethod
    def of(cls, settings: Settings) -> Backplane:
        return cls(Harness(settings, lambda _event: None), settings.state_dir / "snapshots")

    @property
    def log(self) -> str:
        return (self.snapshots.parent / "engine/engine.log").read_text(errors="replace")

    def client(self, service: str) -> Any:
        return self.harness.client(service)

    def writer(self, service: str) -> Any:
        """A client that sees a kill at once."""
        engine, once = self.harness.engine, Config(retries={"total_max_attempts": 1, "mode": "standard"})
        return engine.session().client(service, endpoint_url=engine.endpoint_url, config=once)  # type: ignore[call-overload]

    def kill(self) -> None:
        record = read_record(self.snapshots.parent / "engine/process.json")
        assert record is not None
        process = psutil.Process(record.pid)
        process.kill()
        process.wait(10)

    def start(self) -> None:
        self.harness.engine.start(lambda _line: None)

    def restart(self) -> None:
        self.kill()
        self.start()

    def generation(self) -> str:
        pointer = self.snapshots / "current"
        return pointer.read_text() if pointer.exists() else ""

    def next_generation(self) -> None:
        """Until another snapshot is written."""
        seen = self.generation()
        wait_until(lambda: self.generation() != seen or None, what="a snapshot", timeout=60)

    def written(self) -> None:
        """Until what was done is on disk."""
        settle(self.harness.engine.endpoint_url)


@pytest.fixture
def snapshots_settings(windtunnel_settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    state = tmp_path / "state"
    kept = {"WINDTUNNEL_SNAPSHOT_DIR": str(state / "snapshots")}
    yield apart(windtunnel_settings, state, engine_environment=kept)
    for process in marked_processes(STATE_VARIABLE, str(state)):
        end_tree(process, grace=2)


@pytest.fixture
def backplane(snapshots_settings: Settings) -> Backplane:
    there = Backplane.of(snapshots_settings)
    there.start()
    return there


def archive(source: str = HANDLER) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("index.py", source)
    return file.getvalue()


def create_function(backplane: Backplane, name: str, source: str = HANDLER, **options: Any) -> None:
    functions = backplane.client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": archive(source)},
        **options,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def create_table(dynamodb: Any, name: str) -> None:
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def deploy_as_far_as_it_goes(backplane: Backplane) -> None:
    """The engine is killed meanwhile: how this ends is not what is tested."""
    with contextlib.suppress(Exception):
        backplane.harness.deploy()


def eventually(probe: Callable[[], Any], what: str, timeout: float = 20.0) -> Any:
    return wait_until(lambda: probe() or None, what=what, timeout=timeout)


def test_a_deployed_stack_is_served_after_a_kill_without_a_deployment(backplane: Backplane) -> None:
    stack = backplane.harness.deploy()
    headers = {"x-api-key": stack.api_key}
    user = requests.post(f"{stack.api_url}/users", headers=headers, json={"name": "Ada", "email": "ada@b.co", "age": 3})
    assert user.status_code == 201
    backplane.written()

    backplane.restart()

    there = requests.get(f"{stack.api_url}/users/{user.json()['userId']}", headers=headers)
    assert (there.status_code, there.json()) == (200, user.json())
    assert requests.get(f"{stack.api_url}/users", headers={"x-api-key": "another"}).status_code == 403
    described = backplane.client("cloudformation").describe_stacks(StackName="windtunnel")["Stacks"][0]
    assert described["StackStatus"] == "CREATE_COMPLETE"
    again = backplane.harness.deploy()
    assert (again.api_url, again.api_key) == (stack.api_url, stack.api_key)

    backplane.client("cloudformation").delete_stack(StackName="windtunnel")

    eventually(lambda: backplane.client("lambda").list_functions()["Functions"] == [], "the stack to be deleted")


def test_services_have_what_they_had(backplane: Backplane) -> None:
    checks = [make(backplane) for make in SERVICES]
    backplane.written()

    backplane.restart()

    failures = []
    for make, check in zip(SERVICES, checks, strict=True):
        try:
            check()
        except Exception as error:  # noqa: BLE001  every check is to be heard
            failures.append(f"{make.__name__}: {error!r}")
    assert not failures, "\n".join(failures)
    assert "cannot be written" not in backplane.log
    assert "may not work in full" not in backplane.log


@pytest.mark.parametrize(("patience", "moment"), MOMENTS)
def test_a_kill_at_any_moment_of_a_deployment_leaves_an_engine_that_starts_and_deploys(
    snapshots_settings: Settings, patience: str, moment: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {**snapshots_settings.engine_environment, "WINDTUNNEL_SNAPSHOT_PATIENCE": patience}
    backplane = Backplane.of(replace(snapshots_settings, engine_environment=environment))
    backplane.start()
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # the deployment sees the kill at once
    deployment = threading.Thread(target=deploy_as_far_as_it_goes, args=[backplane])
    deployment.start()
    time.sleep(moment)

    backplane.kill()
    deployment.join(60)
    monkeypatch.undo()
    backplane.start()

    stack = backplane.harness.deploy()
    user = {"name": "Ada", "email": "ada@b.co", "age": 3}
    made = requests.post(f"{stack.api_url}/users", headers={"x-api-key": stack.api_key}, json=user)
    assert made.status_code == 201


def test_under_load_snapshots_go_on_and_what_they_have_outlives_a_kill(backplane: Backplane) -> None:
    s3 = backplane.client("s3")
    s3.create_bucket(Bucket="load")
    writer = backplane.writer("s3")
    acknowledged: list[str] = []

    def load() -> None:
        with contextlib.suppress(BotoCoreError, ClientError):
            while True:
                writer.put_object(Bucket="load", Key=str(len(acknowledged)), Body=b"x")
                acknowledged.append(str(len(acknowledged)))

    loading = threading.Thread(target=load)
    loading.start()
    wait_until(lambda: len(acknowledged) > 100 or None, what="objects", timeout=60)
    old = set(acknowledged)
    backplane.next_generation()  # one may have been under way
    backplane.next_generation()
    backplane.kill()
    loading.join(60)

    backplane.start()

    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="load")
    there = {entry["Key"] for page in pages for entry in page["Contents"]}
    assert len(acknowledged) > len(old)
    assert old <= there


def test_dynamodb_loses_nothing_that_it_acknowledged(backplane: Backplane) -> None:
    dynamodb = backplane.client("dynamodb")
    create_table(dynamodb, "load")
    writer = backplane.writer("dynamodb")
    acknowledged: list[str] = []

    def load() -> None:
        with contextlib.suppress(BotoCoreError, ClientError):
            while True:
                identifier = str(len(acknowledged))
                writer.put_item(TableName="load", Item={"id": {"S": identifier}})
                acknowledged.append(identifier)

    loading = threading.Thread(target=load)
    loading.start()
    wait_until(lambda: len(acknowledged) > 100 or None, what="items", timeout=60)
    backplane.kill()
    loading.join(60)

    backplane.start()

    pages = dynamodb.get_paginator("scan").paginate(TableName="load")
    there = {item["id"]["S"] for page in pages for item in page["Items"]}
    assert set(acknowledged) <= there


def test_what_was_done_last_is_written_at_an_orderly_end(backplane: Backplane) -> None:
    backplane.client("sqs").create_queue(QueueName="last")

    backplane.harness.engine.stop(lambda _line: None)
    backplane.start()

    assert backplane.client("sqs").get_queue_url(QueueName="last")["QueueUrl"]


@pytest.mark.parametrize("damage", [b"not what was written", None])
def test_a_damaged_file_costs_its_service_alone(backplane: Backplane, damage: bytes | None) -> None:
    backplane.client("sqs").create_queue(QueueName="kept")
    backplane.client("sns").create_topic(Name="lost")
    backplane.written()
    backplane.kill()
    file = next(backplane.snapshots.glob("generations/*/sns.state"))
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)

    backplane.start()

    assert backplane.client("sqs").get_queue_url(QueueName="kept")["QueueUrl"]
    assert backplane.client("sns").list_topics()["Topics"] == []
    assert "sns starts empty: all that was in it is lost" in backplane.log
    assert [path.name.endswith("sns.state") for path in backplane.snapshots.glob("set-aside/*")] == (
        [] if damage is None else [True]
    )
    backplane.client("sns").create_topic(Name="new")
    backplane.written()
    backplane.restart()
    assert len(backplane.client("sns").list_topics()["Topics"]) == 1


@pytest.mark.parametrize("spoil", ["version", "manifest", "pointer"])
def test_a_snapshot_that_is_not_this_versions_is_set_aside(backplane: Backplane, spoil: str) -> None:
    backplane.client("sqs").create_queue(QueueName="lost")
    backplane.written()
    backplane.kill()
    manifest = next(backplane.snapshots.glob("generations/*/manifest.json"))
    match spoil:
        case "version":
            manifest.write_text(manifest.read_text().replace('"localstack": "4.14.0"', '"localstack": "4.15.0"'))
        case "manifest":
            manifest.write_text("{")
        case "pointer":
            (backplane.snapshots / "current").write_text("nowhere")

    backplane.start()

    assert "QueueUrls" not in backplane.client("sqs").list_queues()
    assert "the engine starts empty" in backplane.log
    assert list(backplane.snapshots.glob("set-aside/*/generations/*/sqs.state"))


def sqs(backplane: Backplane) -> Callable[[], None]:
    client = backplane.client("sqs")
    url = client.create_queue(QueueName="plain")["QueueUrl"]
    fifo = client.create_queue(QueueName="ordered.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="kept")
    for number in range(2):
        client.send_message(
            QueueUrl=fifo, MessageBody=str(number), MessageGroupId="g", MessageDeduplicationId=str(number)
        )

    def check() -> None:
        assert client.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "kept"
        received = client.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)["Messages"]
        assert [message["Body"] for message in received] == ["0", "1"]

    return check


def sns_to_sqs(backplane: Backplane) -> Callable[[], None]:
    queues, topics = backplane.client("sqs"), backplane.client("sns")
    url = queues.create_queue(QueueName="subscriber")["QueueUrl"]
    topic = topics.create_topic(Name="topic")["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:subscriber")

    def check() -> None:
        topics.publish(TopicArn=topic, Message="after")
        message = eventually(lambda: queues.receive_message(QueueUrl=url).get("Messages"), "the notification")
        assert json.loads(message[0]["Body"])["Message"] == "after"

    return check


def events_to_sqs(backplane: Backplane) -> Callable[[], None]:
    queues, events = backplane.client("sqs"), backplane.client("events")
    url = queues.create_queue(QueueName="ruled")["QueueUrl"]
    events.create_event_bus(Name="own")
    events.put_rule(Name="rule", EventBusName="own", EventPattern=json.dumps({"source": ["test"]}))
    target = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:000000000000:ruled"}
    events.put_targets(Rule="rule", EventBusName="own", Targets=[target])
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    bus = events.describe_event_bus(Name="own")["Arn"]
    events.create_archive(ArchiveName="archive", EventSourceArn=bus)

    def check() -> None:
        entry = {"Source": "test", "DetailType": "t", "Detail": "{}", "EventBusName": "own"}
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
        message = eventually(lambda: queues.receive_message(QueueUrl=url).get("Messages"), "the event")
        assert json.loads(message[0]["Body"])["source"] == "test"
        events.disable_rule(Name="hourly")
        assert events.describe_archive(ArchiveName="archive")["State"] == "ENABLED"

    return check


def s3(backplane: Backplane) -> Callable[[], None]:
    client = backplane.client("s3")
    client.create_bucket(Bucket="kept")
    client.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    large = bytes(range(256)) * 8192
    old = client.put_object(Bucket="kept", Key="a/b", Body=b"old")["VersionId"]
    client.put_object(Bucket="kept", Key="a/b", Body=large)
    upload = client.create_multipart_upload(Bucket="kept", Key="parts")["UploadId"]
    part = client.upload_part(Bucket="kept", Key="parts", UploadId=upload, PartNumber=1, Body=large)

    def check() -> None:
        assert client.get_object(Bucket="kept", Key="a/b")["Body"].read() == large
        assert client.get_object(Bucket="kept", Key="a/b", VersionId=old)["Body"].read() == b"old"
        parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
        client.complete_multipart_upload(Bucket="kept", Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
        assert client.get_object(Bucket="kept", Key="parts")["Body"].read() == large

    return check


def dynamodb(backplane: Backplane) -> Callable[[], None]:
    client = backplane.client("dynamodb")
    create_table(client, "items")
    client.put_item(TableName="items", Item={"id": {"S": "1"}, "n": {"N": "1.5"}, "b": {"B": b"\x00\xff"}})

    def check() -> None:
        item = client.get_item(TableName="items", Key={"id": {"S": "1"}})["Item"]
        assert item == {"id": {"S": "1"}, "n": {"N": "1.5"}, "b": {"B": b"\x00\xff"}}
        client.put_item(TableName="items", Item={"id": {"S": "2"}})

    return check


def functions(backplane: Backplane) -> Callable[[], None]:
    create_function(backplane, "echo")
    client = backplane.client("lambda")
    version = client.publish_version(FunctionName="echo")["Version"]
    client.create_alias(FunctionName="echo", Name="live", FunctionVersion=version)

    def check() -> None:
        answer = client.invoke(FunctionName="echo", Qualifier="live", Payload=b'"hi"')
        assert json.load(answer["Payload"]) == {"got": "hi"}
        client.update_function_code(FunctionName="echo", ZipFile=archive("def handler(e, c):\n    return 2\n"))
        client.get_waiter("function_updated_v2").wait(FunctionName="echo", WaiterConfig={"Delay": 1})
        assert json.load(client.invoke(FunctionName="echo")["Payload"]) == 2
        assert client.get_alias(FunctionName="echo", Name="live")["FunctionVersion"] == version

    return check


def event_source(backplane: Backplane) -> Callable[[], None]:
    queues, client = backplane.client("sqs"), backplane.client("lambda")
    source = queues.create_queue(QueueName="source")["QueueUrl"]
    create_function(backplane, "consumer")
    client.create_event_source_mapping(
        FunctionName="consumer", EventSourceArn="arn:aws:sqs:us-east-1:000000000000:source", BatchSize=1
    )

    def check() -> None:
        queues.send_message(QueueUrl=source, MessageBody="to be consumed")
        logs = backplane.client("logs")

        def consumed() -> bool:
            groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/consumer")["logGroups"]
            return bool(groups and logs.filter_log_events(logGroupName="/aws/lambda/consumer")["events"])

        eventually(consumed, "the message to be consumed", timeout=30)

    return check


def keys_and_secrets(backplane: Backplane) -> Callable[[], None]:
    kms, ssm, secrets = (backplane.client(name) for name in ("kms", "ssm", "secretsmanager"))
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    pair = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    ciphertext = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    signed = kms.sign(KeyId=pair, Message=b"m", SigningAlgorithm="RSASSA_PSS_SHA_256")["Signature"]
    ssm.put_parameter(Name="/a/b", Value="v", Type="String")
    secrets.create_secret(Name="s", SecretString="hidden")

    def check() -> None:
        assert kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == b"secret"
        verified = kms.verify(KeyId=pair, Message=b"m", Signature=signed, SigningAlgorithm="RSASSA_PSS_SHA_256")
        assert verified["SignatureValid"]
        assert ssm.get_parameter(Name="/a/b")["Parameter"]["Value"] == "v"
        assert secrets.get_secret_value(SecretId="s")["SecretString"] == "hidden"

    return check


def step_functions(backplane: Backplane) -> Callable[[], None]:
    client = backplane.client("stepfunctions")
    quick = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 1, "End": True}}}
    slow = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
    machine = client.create_state_machine(name="quick", definition=json.dumps(quick), roleArn=ROLE)["stateMachineArn"]
    other = client.create_state_machine(name="slow", definition=json.dumps(slow), roleArn=ROLE)["stateMachineArn"]
    done = client.start_execution(stateMachineArn=machine)["executionArn"]
    waiting = client.start_execution(stateMachineArn=other)["executionArn"]
    eventually(lambda: client.describe_execution(executionArn=done)["status"] == "SUCCEEDED", "the execution")

    def check() -> None:
        assert client.describe_execution(executionArn=done)["output"] == "1"
        assert len(client.get_execution_history(executionArn=done)["events"]) == 4
        assert client.describe_execution(executionArn=waiting)["status"] == "ABORTED"
        again = client.start_execution(stateMachineArn=machine)["executionArn"]
        eventually(lambda: client.describe_execution(executionArn=again)["status"] == "SUCCEEDED", "another execution")

    return check


def logs_and_metrics(backplane: Backplane) -> Callable[[], None]:
    logs, metrics = backplane.client("logs"), backplane.client("cloudwatch")
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="stream")
    event = {"timestamp": int(time.time() * 1000), "message": "said"}
    logs.put_log_events(logGroupName="group", logStreamName="stream", logEvents=[event])
    metrics.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 3}])
    metrics.put_metric_alarm(
        AlarmName="alarm",
        MetricName="m",
        Namespace="N",
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )

    def check() -> None:
        events = logs.get_log_events(logGroupName="group", logStreamName="stream")["events"]
        assert [event["message"] for event in events] == ["said"]
        assert metrics.list_metrics(Namespace="N")["Metrics"][0]["MetricName"] == "m"
        assert metrics.describe_alarms()["MetricAlarms"][0]["AlarmName"] == "alarm"

    return check


def roles(backplane: Backplane) -> Callable[[], None]:
    iam, sts = backplane.client("iam"), backplane.client("sts")
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17"}))["Role"]
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_role_policy(RoleName="role", PolicyName="p", PolicyDocument=policy)
    iam.attach_role_policy(RoleName="role", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")

    def check() -> None:
        assert iam.get_role(RoleName="role")["Role"]["Arn"] == role["Arn"]
        assert iam.list_role_policies(RoleName="role")["PolicyNames"] == ["p"]
        sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session")

    return check


SERVICES = (
    sqs,
    sns_to_sqs,
    events_to_sqs,
    s3,
    dynamodb,
    functions,
    event_source,
    keys_and_secrets,
    step_functions,
    logs_and_metrics,
    roles,
)


forking = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@forking
def test_a_fork_answers_with_what_was_there_when_it_began() -> None:
    state = {"n": 1}

    outcome = in_fork(lambda: {"n": state["n"]}, timeout=30)

    assert (outcome.answer, outcome.error) == ({"n": 1}, "")


@forking
def test_a_fork_that_fails_says_why() -> None:
    assert "ZeroDivisionError" in in_fork(lambda: {"n": 1 // 0}, timeout=30).error


@forking
def test_a_fork_that_hangs_is_killed() -> None:
    lock = threading.Lock()
    lock.acquire()

    began = time.monotonic()
    outcome = in_fork(lambda: {"n": lock.acquire()}, timeout=0.5)

    assert "longer than" in outcome.error
    assert time.monotonic() - began < 10
