"""What the application's cost and encryption settings do: the layer's budget, the memory sweep, the parameters."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.harness import Harness
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Aws

pytestmark = pytest.mark.engine

BUDGET = 2_000_000
"""Bytes of the shared layer's archive."""

type Script = Callable[..., subprocess.CompletedProcess[str]]
type Eventually = Callable[[Callable[[], Any], str], Any]


def test_the_shared_layer_keeps_its_budget(aws: Aws, resources: Mapping[str, str]) -> None:
    function = aws.client("lambda").get_function_configuration(FunctionName=resources["CreateUserFunction"])

    (layer,) = function["Layers"]
    assert 0 < layer["CodeSize"] <= BUDGET


def test_a_memory_sweep_shows_each_size_and_leaves_the_functions_own(
    aws: Aws, resources: Mapping[str, str], script: Script
) -> None:
    name = resources["GetItemFunction"]
    before = aws.client("lambda").get_function_configuration(FunctionName=name)["MemorySize"]

    swept = script("tune", "get-item", "--sizes", "128,512", "--count", "2")

    assert swept.returncode == 0, swept.stdout + swept.stderr
    rows = [line.split() for line in swept.stdout.splitlines() if line.startswith("│")]
    assert [row[1] for row in rows] == ["128", "512"]
    assert all(float(row[-2]) > 0 for row in rows)
    assert aws.client("lambda").get_function_configuration(FunctionName=name)["MemorySize"] == before


def test_a_sweep_that_fails_leaves_the_functions_own_size(
    aws: Aws, resources: Mapping[str, str], script: Script, tmp_path: Any
) -> None:
    name, event = resources["GetItemFunction"], tmp_path / "event.json"
    # the handler cannot even log an event that is null
    event.write_text("null")

    swept = script("tune", "get-item", "--sizes", "512", "--count", "1", "--event", str(event))

    assert swept.returncode == 1
    assert "failed" in swept.stderr
    assert aws.client("lambda").get_function_configuration(FunctionName=name)["MemorySize"] == 256


@pytest.fixture(scope="module")
def secured(harness: Harness, stack: Stack, aws: Aws) -> Iterator[tuple[Stack, str]]:
    """The jobs, deployed once more: under a key of one's own, for arm64."""
    from windtunnel.harness import Harness

    if harness.engine.name == "aws":
        pytest.skip("a key of one's own costs a dollar a month in AWS: deploy with KmsKeyArn=… to see it")
    key = aws.client("kms").create_key(Description="a test's")["KeyMetadata"]["Arn"]
    jobs = harness.part("jobs").settings
    parameters = {"KmsKeyArn": key, "Architecture": "arm64"}
    own = Harness(replace(jobs, stack=f"{stack.name}-secured", parameters=parameters))
    yield own.deploy(), key
    aws.client("cloudformation").delete_stack(StackName=own.settings.stack)


def test_tables_and_queues_are_under_the_key_and_work(
    secured: tuple[Stack, str], aws: Aws, eventually: Eventually
) -> None:
    from windtunnel.testing.clients import Api

    stack, key = secured
    described = {
        item["LogicalResourceId"]: item["PhysicalResourceId"]
        for item in aws.client("cloudformation").describe_stack_resources(StackName=stack.name)["StackResources"]
    }
    table = aws.client("dynamodb").describe_table(TableName=described["JobsTable"])["Table"]
    queues = [described[name] for name in ("Queue", "DeadLetters", "OrderedQueue", "OrderedDeadLetters")]
    keys = {
        aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])["Attributes"][
            "KmsMasterKeyId"
        ]
        for url in queues
    }
    api = Api(stack.api_url, stack.api_key)
    job = api.post("/jobs", json={"kind": "count-words", "payload": {"text": "the cat"}}).json()

    assert (table["SSEDescription"]["SSEType"], table["SSEDescription"]["KMSMasterKeyArn"]) == ("KMS", key)
    assert keys == {key}
    eventually(lambda: api.get(f"/jobs/{job['jobId']}").json()["state"] == "succeeded", "the job to be done")
    role = described["WorkRole"]
    policy = aws.client("iam").get_role_policy(RoleName=role, PolicyName="use-the-key")["PolicyDocument"]
    assert policy["Statement"][0]["Resource"] == key


def test_functions_are_for_the_architecture_that_is_asked_for(
    secured: tuple[Stack, str], aws: Aws, resources: Mapping[str, str]
) -> None:
    lambda_ = aws.client("lambda")

    def architectures(name: str) -> list[str]:
        found: list[str] = lambda_.get_function_configuration(FunctionName=name)["Architectures"]
        return found

    assert architectures(f"{secured[0].name}-work") == ["arm64"]
    assert architectures(resources["CreateUserFunction"]) == ["x86_64"]
