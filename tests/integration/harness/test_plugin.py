"""The plugin inside LocalStack: what it tells of itself, and what it mends. Run in the engine's own environment."""

from __future__ import annotations

import subprocess
import sys

import requests

from windtunnel.config import Settings
from windtunnel.testing.plugin import Engine

# a walk over one function's environments, as LocalStack's get_environment does it, while another request adds one
WALK = """
from localstack.services.lambda_.invocation.assignment import AssignmentService
from windtunnel.plugin.mends import mend_assignment_service

def walk():
    environments = AssignmentService().environments["version"]
    environments["first"] = environments["second"] = object()
    walked = 0
    for _ in environments.values():
        environments[f"added {walked}"] = object()
        walked += 1
    return walked

try:
    walk()
except RuntimeError as error:
    print("before:", error)
mend_assignment_service()
print("after:", walk())
"""


def in_engine(settings: Settings, code: str, *options: str) -> subprocess.CompletedProcess[str]:
    python = settings.install_dir / "engine-venv/bin/python"
    return subprocess.run([python, *options, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_the_status_tells_what_is_really_loaded(engine: Engine) -> None:
    status = requests.get(f"{engine.endpoint_url}/_windtunnel/status", timeout=5).json()

    assert status["executor"] == "windtunnel"
    assert status["providers"] == dict.fromkeys(["cognito-idp", "dynamodb", "dynamodbstreams"], "windtunnel")
    assert status["ready"] is True
    assert status["localstack"].startswith("4.14.0")


def test_dynamodb_and_its_streams_are_served_without_java(engine: Engine) -> None:
    client, streams = engine.client("dynamodb"), engine.client("dynamodbstreams")
    client.create_table(
        TableName="plugin-test",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    client.put_item(TableName="plugin-test", Item={"id": {"S": "1"}})

    stream = streams.list_streams(TableName="plugin-test")["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    client.delete_table(TableName="plugin-test")

    assert [record["eventName"] for record in records] == ["INSERT"]


def test_environments_can_be_walked_while_others_are_added(windtunnel_settings: Settings) -> None:
    done = in_engine(windtunnel_settings, WALK)

    # the first line goes when LocalStack has mended it, and the mend with it
    assert done.stdout.splitlines() == ["before: dictionary changed size during iteration", "after: 2"], done.stderr


def test_a_localstack_without_a_name_the_plugin_needs_is_said_by_name(windtunnel_settings: Settings) -> None:
    code = (
        "import localstack.services.lambda_.invocation.runtime_executor as module\n"
        "del module.get_runtime_executor\n"
        "import windtunnel.plugin.executor\n"
    )

    done = in_engine(windtunnel_settings, code)

    assert done.returncode == 1
    assert "is not the 4.14.0 that windtunnel's plugin is written for" in done.stderr
    assert "get_runtime_executor" in done.stderr


def test_the_engine_and_the_harness_have_environments_of_their_own(windtunnel_settings: Settings) -> None:
    code = "import boto3, sys; print(boto3.__version__, sys.prefix)"

    inside = in_engine(windtunnel_settings, code).stdout.split()
    outside = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert inside[0].startswith("1.42.")  # LocalStack 4.14.0 pins it
    assert inside != outside
