"""kill -9 of each of an engine's processes while requests are under way: the same API goes on without a new deploy."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests
from tests.integration.settled import settle

from windtunnel.engines.process import ChildReport, read_children
from windtunnel.testing.engine import throwaway_engine

if TYPE_CHECKING:
    from windtunnel.config import Settings
    from windtunnel.harness import Harness
    from windtunnel.stack import Stack

PATIENCE = 60.0


class Victim:
    """An engine of this module's own, with the gateway's stack, whose processes may be killed."""

    def __init__(self, harness: Harness, stack: Stack) -> None:
        self.harness = harness
        self.stack = stack

    def child(self, name: str) -> ChildReport:
        reports = read_children(self.harness.settings.state_dir / "engine/children.json")
        return next(report for report in reports if report.name == name)

    def kill(self, name: str) -> None:
        """kill -9, and wait until there is another in its place."""
        before = self.child(name)
        assert before.pid
        os.kill(before.pid, signal.SIGKILL)
        wait_for(lambda: self.child(name).starts > before.starts and self.child(name).pid, f"another {name}")

    def ready(self) -> bool:
        return self.harness.engine.status().state == "up"


def wait_for[T](look: Callable[[], T], what: str) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def victim(windtunnel_settings: Settings) -> Iterator[Victim]:
    from windtunnel.harness import Harness

    with throwaway_engine(windtunnel_settings, lambda _event: None) as harness:
        settings = replace(
            harness.settings,
            stack="windtunnel-gateway",
            template=Path(__file__).with_name("template.yaml"),
            parameters=MappingProxyType({}),
        )
        flying = Harness(settings)
        yield Victim(flying, flying.deploy())


def _at_least(answers: Counter[Any], count: int) -> bool:
    return answers[200] >= count


@contextmanager
def load(url: str) -> Iterator[Counter[Any]]:
    """Eight clients that ask without a pause; counts what they are answered, or "broken" for a broken connection."""
    answers: Counter[Any] = Counter()
    stop = threading.Event()

    def client() -> None:
        with requests.Session() as session:
            while not stop.is_set():
                try:
                    answers[session.get(url, timeout=30).status_code] += 1
                except requests.RequestException:
                    answers["broken"] += 1

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join(40)


def test_the_edge_is_killed_under_load_and_serves_the_same_api_again(victim: Victim) -> None:
    url = f"{victim.stack.api_url}/open"
    functions = {p.pid for p in psutil.Process(victim.child("edge").pid).children(recursive=True)}

    with load(url) as answers:
        wait_for(lambda: answers[200] > 50, "requests")
        for _ in range(3):
            victim.kill("edge")
            enough = answers[200] + 50
            wait_for(partial(_at_least, answers, enough), "requests after the kill")

    # connections that were open are broken; nobody is told anything false, and nobody is refused
    assert set(answers) <= {200, 500, 502, 503, "broken"}
    assert answers["broken"] <= 3 * 8
    assert not any(psutil.pid_exists(pid) for pid in functions)
    assert requests.get(victim.stack.root_url + "/open", timeout=30).status_code == 200


def test_the_backplane_is_killed_under_load_and_the_api_goes_on(victim: Victim) -> None:
    url = f"{victim.stack.api_url}/open"
    cloudformation = victim.harness.client("cloudformation")
    gateway = victim.harness.client("apigateway")

    with load(url) as answers:
        wait_for(lambda: answers[200] > 50, "requests")
        victim.kill("backplane")
        while_down = requests.get(f"{victim.harness.engine.endpoint_url}/restapis", timeout=30)
        wait_for(victim.ready, "the backplane")

    # functions that were warm do not need it
    assert set(answers) == {200}
    assert while_down.status_code == 503
    assert while_down.headers["Retry-After"]
    # and it knows again what it knew
    status = cloudformation.describe_stacks(StackName=victim.stack.name)["Stacks"][0]["StackStatus"]
    assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    assert victim.stack.api_id in [api["id"] for api in gateway.get_rest_apis()["items"]]
    assert requests.get(url, timeout=30).status_code == 200


def test_dynamodb_is_killed_amid_writes_and_has_all_that_it_acknowledged(victim: Victim) -> None:
    client = victim.harness.client("dynamodb")
    client.create_table(
        TableName="survives",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    acknowledged: list[int] = []
    stop = threading.Event()

    def write() -> None:
        # boto3 tries again where the connection broke; nobody is refused
        while not stop.is_set():
            number = len(acknowledged)
            client.put_item(TableName="survives", Item={"id": {"N": str(number)}})
            acknowledged.append(number)

    def more_than(count: int) -> bool:
        return len(acknowledged) > count

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(3):
            wait_for(partial(more_than, len(acknowledged) + 100), "writes")
            victim.kill("dynamodb")
        wait_for(partial(more_than, len(acknowledged) + 100), "writes after the kills")
    finally:
        stop.set()
        writing.join(60)

    pages = client.get_paginator("scan").paginate(TableName="survives")
    assert {int(item["id"]["N"]) for page in pages for item in page["Items"]} >= set(acknowledged)


COUNT = """
import boto3

def handler(event, context):
    table = boto3.resource("dynamodb").Table("counted")
    for record in event["Records"]:
        table.update_item(
            Key={"id": record["dynamodb"]["Keys"]["id"]["S"]},
            UpdateExpression="ADD times :one",
            ExpressionAttributeValues={":one": 1},
        )
"""


def stream_end(victim: Victim, stream: str) -> str:
    """The last sequence number of a stream of one shard."""
    client = victim.harness.client("dynamodbstreams")
    shard = client.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = client.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    last: str = client.get_records(ShardIterator=iterator["ShardIterator"])["Records"][-1]["dynamodb"]["SequenceNumber"]
    return last


def test_a_mapping_goes_on_where_it_was_when_the_backplane_was_killed(victim: Victim) -> None:
    client, functions = victim.harness.client("dynamodb"), victim.harness.client("lambda")
    key = {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    client.create_table(TableName="counted", **key)
    stream = client.create_table(
        TableName="watched", **key, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    )["TableDescription"]["LatestStreamArn"]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("index.py", COUNT)
    functions.create_function(
        FunctionName="counts",
        Runtime="python3.13",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": file.getvalue()},
    )
    mapping = functions.create_event_source_mapping(
        FunctionName="counts", EventSourceArn=stream, StartingPosition="TRIM_HORIZON", BatchSize=10
    )["UUID"]
    position = victim.harness.settings.state_dir / f"engine/snapshot/checkpoints/{mapping}.json"

    def times() -> dict[str, int]:
        return {item["id"]["S"]: int(item["times"]["N"]) for item in client.scan(TableName="counted")["Items"]}

    def put(*names: str) -> None:
        for name in names:
            client.put_item(TableName="watched", Item={"id": {"S": name}})

    put("a", "b")
    wait_for(lambda: times().keys() == {"a", "b"}, "the first records")
    # what was done is written down after it was done
    last = stream_end(victim, stream)
    wait_for(lambda: position.exists() and last in json.loads(position.read_text()).values(), "the mapping's position")
    settle(victim.harness.engine.endpoint_url)
    victim.kill("backplane")
    put("c")  # DynamoDB goes on meanwhile
    wait_for(victim.ready, "the backplane")
    put("d")

    wait_for(lambda: times().keys() == {"a", "b", "c", "d"}, "the records after the kill")
    assert set(times().values()) == {1}


def test_after_both_were_killed_a_new_deploy_changes_the_same_api(victim: Victim) -> None:
    victim.kill("backplane")
    victim.kill("edge")
    wait_for(victim.ready, "the engine")

    again = victim.harness.deploy()

    assert again.api_id == victim.stack.api_id
    assert requests.get(f"{again.api_url}/open", timeout=30).status_code == 200


def test_a_key_and_its_usage_survive_the_edge(victim: Victim) -> None:
    client = victim.harness.client("apigateway")
    stages = [{"apiId": victim.stack.api_id, "stage": victim.stack.api_stage}]
    plan = client.create_usage_plan(name="survives", apiStages=stages, quota={"limit": 4, "period": "DAY"})["id"]
    key = client.create_api_key(name="survives", enabled=True)
    client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")

    def ask() -> int:
        return requests.get(
            f"{victim.stack.api_url}/keyed", headers={"x-api-key": key["value"]}, timeout=30
        ).status_code

    usage = victim.harness.settings.state_dir / "engine/edge/usage.json"

    def written() -> int:
        plans = json.loads(usage.read_text()) if usage.exists() else {}
        days: dict[str, int] = plans.get(plan, {"keys": {}})["keys"].get(key["id"], {})
        return sum(days.values())

    assert [ask(), ask()] == [200, 200]
    # it is written down every second
    wait_for(lambda: written() == 2, "the usage on disk")
    victim.kill("edge")

    # 420 is how the template answers a quota that is used up
    assert [ask() for _ in range(3)] == [200, 200, 420]
