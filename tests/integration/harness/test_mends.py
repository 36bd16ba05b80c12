"""What of LocalStack is mended, seen from outside: stacks that change, and go on as on AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from windtunnel.errors import DeployError
from windtunnel.harness import Harness
from windtunnel.stack import Stack
from windtunnel.testing.plugin import Engine

Deploy = Callable[[str], Stack]
API = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties: {{StageName: live, Variables: {{word: {word}}}{more}}}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: {name}
      Runtime: python3.13
      Handler: index.handler
      InlineCode: |
        def handler(event, context):
            return {{"statusCode": 200, "body": event["path"] + " " + event["stageVariables"]["word"]}}
      Events:
        Get: {{Type: Api, Properties: {{RestApiId: !Ref Api, Path: {path}, Method: GET}}}}
"""
GROUPS = """
Resources:
  Longer: {{Type: AWS::Logs::LogGroup, Properties: {{LogGroupName: {name}-more}}}}
  Group:
    Type: AWS::Logs::LogGroup
    DependsOn: Longer
    Properties: {{LogGroupName: {name}{retention}}}
Outputs:
  Arn: {{Value: !GetAtt Group.Arn}}
"""
STACK = """
Resources:
  First:
    Type: AWS::SSM::Parameter
    Properties: {{Name: /{name}/first, Type: String, Value: "{value}"}}
  {broken}
  Last:
    Type: AWS::Logs::LogGroup
    {depends}
    Properties: {{LogGroupName: {name}}}
"""


@pytest.fixture
def name() -> str:
    return f"mend-{uuid4().hex[:8]}"


@pytest.fixture
def deploy(engine: Engine, tmp_path: Path, name: str) -> Iterator[Deploy]:
    """Deploys a template as a stack of the test's own."""
    settings = replace(engine.settings, template=tmp_path / "template.yaml", stack=name)

    def deploy(template: str) -> Stack:
        settings.template.write_text(template)
        return Harness(settings).deploy()

    yield deploy
    engine.client("cloudformation").delete_stack(StackName=name)


def get(stack: Stack, path: str) -> requests.Response:
    return requests.get(stack.api_url + path, timeout=15)


def resources(engine: Engine, name: str) -> dict[str, Any]:
    listed = engine.client("cloudformation").list_stack_resources(StackName=name)["StackResourceSummaries"]
    return {resource["LogicalResourceId"]: resource for resource in listed}


def test_a_changed_route_is_served_and_the_old_one_is_gone(engine: Engine, deploy: Deploy, name: str) -> None:
    before = deploy(API.format(name=name, path="/old", word="w", more=""))
    assert get(before, "/old").text == "/old w"

    after = deploy(API.format(name=name, path="/new", word="w", more=""))

    assert after.api_url == before.api_url
    assert get(after, "/new").text == "/new w"
    assert get(after, "/old").status_code == 403
    # the permission was replaced under its name, and is still known as the stack's
    assert "HelloGetPermissionlive" in resources(engine, name)


def test_changed_stage_variables_are_served(deploy: Deploy, name: str) -> None:
    deploy(API.format(name=name, path="/x", word="one", more=""))

    after = deploy(API.format(name=name, path="/x", word="two", more=""))

    assert get(after, "/x").text == "/x two"


def test_a_changed_gateway_response_is_served(deploy: Deploy, name: str) -> None:
    first = deploy(API.format(name=name, path="/x", word="w", more=""))
    assert get(first, "/none").json() == {"message": "Missing Authentication Token"}

    responses = (
        ", GatewayResponses: {MISSING_AUTHENTICATION_TOKEN: "
        '{StatusCode: 404, ResponseTemplates: {application/json: \'{"message": "no such path"}\'}}}'
    )
    after = deploy(API.format(name=name, path="/x", word="w", more=responses))

    assert get(after, "/none").status_code == 404


def test_a_log_groups_retention_is_set_changed_and_removed(engine: Engine, deploy: Deploy, name: str) -> None:
    found = []
    for retention in (", RetentionInDays: 14", ", RetentionInDays: 30", ""):
        stack = deploy(GROUPS.format(name=name, retention=retention))
        groups = engine.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        found.append([group.get("retentionInDays") for group in groups if group["logGroupName"] == name])

    assert found == [[14], [30], [None]]
    assert stack.outputs["Arn"].split(":log-group:")[1].split(":")[0] == name


def test_a_failed_update_forgets_nothing_and_the_next_one_works(engine: Engine, deploy: Deploy, name: str) -> None:
    broken = (
        "Bad: {Type: AWS::Lambda::Permission, DependsOn: [First, New], Properties: "
        "{FunctionName: nobody, Action: lambda:InvokeFunction, Principal: x.amazonaws.com}}\n"
        f"  New: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {name}}}}}"
    )
    logs, ssm = engine.client("logs"), engine.client("ssm")
    deploy(STACK.format(name=name, value=1, broken="", depends=""))
    created = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["creationTime"]

    with pytest.raises(DeployError, match="Bad"):
        deploy(STACK.format(name=name, value=2, broken=broken, depends="DependsOn: Bad"))
    kept = set(resources(engine, name))
    deploy(STACK.format(name=name, value=1, broken="", depends=""))

    # nothing was deleted and made anew, what was half-way is as the template has it, and what was new is gone
    assert {"First", "Last", "New"} <= kept
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["creationTime"] == created
    assert ssm.get_parameter(Name=f"/{name}/first")["Parameter"]["Value"] == "1"
    assert set(resources(engine, name)) == {"First", "Last"}
    assert "QueueUrls" not in engine.client("sqs").list_queues(QueueNamePrefix=name)


def test_what_a_failed_create_left_can_be_deleted_and_made_anew(deploy: Deploy, name: str) -> None:
    good = API.format(name=name, path="/x", word="w", more="")
    bad = (
        "  Bad: {Type: AWS::Lambda::Permission, Properties: "
        "{FunctionName: nobody, Action: lambda:InvokeFunction, Principal: x.amazonaws.com}}\n"
    )
    with pytest.raises(DeployError, match="Bad"):
        deploy(good + bad)

    assert get(deploy(good), "/x").text == "/x w"
