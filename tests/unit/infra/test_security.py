"""What every template promises about security: policies, log retention, encryption by a key of one's own, linters."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted((ROOT / "infra/sam").glob("**/template.yaml"))
each_template = pytest.mark.parametrize(
    "path", [path for path in TEMPLATES if ".aws-sam" not in path.parts], ids=lambda path: path.parent.name
)

UNSCOPED = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
"""Actions that AWS lets one allow for "*" only: Service Authorization Reference, "AWS X-Ray", no resource types."""

type Json = dict[str, Any]
type Render = Callable[..., Json]


def statements(template: Json) -> Iterator[tuple[str, Json]]:
    """Every statement of every policy, with the logical id of what has it. Trust policies name no resource."""

    def walk(value: Any, of: str) -> Iterator[tuple[str, Json]]:
        if isinstance(value, dict):
            for name, part in value.items():
                if name == "Statement":
                    yield from ((of, statement) for statement in part)
                yield from walk(part, of)
        elif isinstance(value, list):
            for part in value:
                yield from walk(part, of)

    for logical_id, resource in template["Resources"].items():
        yield from walk(resource, logical_id)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def too_wide(resource: Any) -> bool:
    """Whether a policy's resource is more than one thing.

    A logical id is one thing. Of a bucket's objects a function has those below one prefix: S3 has no other way to name
    objects that are still to come, and the prefix is what tells the functions' parts of the bucket apart.
    """
    if isinstance(resource, dict):
        ((kind, value),) = resource.items()
        if kind in ("Fn::GetAtt", "Ref"):
            return False
        resource = value[0] if isinstance(value, list) else value
    pattern = str(resource)
    bucket, _, key = pattern.rpartition(":::")[2].partition("/")
    below_a_prefix = pattern.count("*") == 1 and key.endswith("/*") and len(key) > 2 and "*" not in bucket
    return any(wild in pattern for wild in "*?") and not (":s3:::" in pattern and below_a_prefix)


@each_template
def test_no_policy_has_a_wildcard_resource(path: Path, render: Render) -> None:
    found = list(statements(render(path)))
    wide = [
        (of, statement)
        for of, statement in found
        if statement["Effect"] == "Allow"
        and not set(listed(statement["Action"])) <= UNSCOPED
        and any(too_wide(resource) for resource in listed(statement.get("Resource", [])))
    ]

    assert wide == []
    if "observability" not in path.parts:
        assert any("Resource" in statement for _, statement in found)


@each_template
def test_no_policy_allows_an_action_by_a_pattern(path: Path, render: Render) -> None:
    actions = [action for _, statement in statements(render(path)) for action in listed(statement["Action"])]

    assert [action for action in actions if "*" in action or ":" not in action] == []
    assert not any("NotAction" in statement or "NotResource" in statement for _, statement in statements(render(path)))


AWS_POLICIES = {"AWSXRayDaemonWriteAccess", "service-role/AmazonAPIGatewayPushToCloudWatchLogs"}
"""AWS's own, for actions that know no resource: traces, and API Gateway's logs of a whole account."""


def is_function_s(role: Any) -> bool:
    return "lambda.amazonaws.com" in str(role["Properties"]["AssumeRolePolicyDocument"])


@each_template
def test_no_role_takes_a_policy_of_somebody_elses(path: Path, render: Render) -> None:
    roles = [item for item in render(path)["Resources"].values() if item["Type"] == "AWS::IAM::Role"]

    taken = {
        arn["Fn::Sub"].rpartition(":policy/")[2]
        for role in roles
        for arn in role["Properties"].get("ManagedPolicyArns", [])
    }
    assert taken <= AWS_POLICIES


@pytest.mark.parametrize(
    ("resource", "wide"),
    [
        ("*", True),
        ("arn:aws:dynamodb:*:*:table/*", True),
        ("arn:aws:s3:::pictures/*", True),
        ("arn:aws:s3:::pictures*/incoming/*", True),
        ("arn:aws:s3:::pictures/*/thumbnails/*", True),
        ({"Fn::Sub": "${UsersTable.Arn}/index/*"}, True),
        ({"Fn::Sub": "${UsersTable.Arn}/index/byEmail"}, False),
        ({"Fn::Sub": "arn:${AWS::Partition}:s3:::${AWS::StackName}-pictures/incoming/*"}, False),
        ({"Fn::GetAtt": ["UsersTable", "Arn"]}, False),
        ({"Ref": "KmsKeyArn"}, False),
    ],
)
def test_such_a_resource_would_be_found(resource: Any, wide: bool) -> None:
    assert too_wide(resource) is wide


@each_template
def test_every_function_has_a_log_group_with_a_retention(path: Path, render: Render) -> None:
    resources = render(path)["Resources"].values()
    named = {
        json.dumps(item["Properties"]["LogGroupName"]) for item in resources if item["Type"] == "AWS::Logs::LogGroup"
    }

    assert all("RetentionInDays" in item["Properties"] for item in resources if item["Type"] == "AWS::Logs::LogGroup")
    for item in resources:
        if item["Type"] == "AWS::Lambda::Function":
            assert json.dumps({"Fn::Sub": f"/aws/lambda/{item['Properties']['FunctionName']['Fn::Sub']}"}) in named


@each_template
def test_every_table_and_queue_is_encrypted_with_the_key_that_is_named(path: Path, render: Render) -> None:
    template = render(path)
    resources = template["Resources"]
    kept = [item for item in resources.values() if item["Type"] in ("AWS::DynamoDB::Table", "AWS::SQS::Queue")]

    for item in kept:
        name = "SSESpecification" if item["Type"] == "AWS::DynamoDB::Table" else "KmsMasterKeyId"
        condition, encrypted, otherwise = item["Properties"][name]["Fn::If"]
        assert condition == "EncryptsWithKey"
        assert {"Ref": "KmsKeyArn"} in (encrypted, encrypted.get("KMSMasterKeyId"))
        assert otherwise == {"Ref": "AWS::NoValue"}
    if kept:
        # off where nobody names a key
        assert template["Parameters"]["KmsKeyArn"]["Default"] == ""
        # and every role may use it
        roles = {name for name, item in resources.items() if item["Type"] == "AWS::IAM::Role" and is_function_s(item)}
        assert {role["Ref"] for role in resources["KeyPolicy"]["Properties"]["Roles"]} == roles


@each_template
def test_cfn_lint_finds_nothing(path: Path) -> None:
    linted = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "us-east-1", "--", str(path)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert linted.returncode == 0, linted.stdout + linted.stderr


@each_template
def test_sam_validate_finds_nothing(path: Path) -> None:
    command = [str(Path(sys.executable).with_name("sam")), "validate", "--lint", "--template", str(path)]

    # sam wants to know which region the template is for, and asks nobody
    validated = subprocess.run(
        [*command, "--region", "us-east-1"], capture_output=True, text=True, timeout=120, check=False
    )

    assert validated.returncode == 0, validated.stdout + validated.stderr
