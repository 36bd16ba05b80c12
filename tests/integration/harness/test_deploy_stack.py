"""Deploying small stacks to a running engine: each test has a template, code and a stack of its own."""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
import requests
from botocore.config import Config

from windtunnel.deploy.deploy import deploy
from windtunnel.deploy.events import (
    Building,
    ChangeSetReady,
    DeployEvent,
    RemovingLeftover,
    ResourceProgress,
    Unchanged,
    Uploading,
    Waiting,
)
from windtunnel.deploy.request import DeployRequest, DeployResult
from windtunnel.errors import DeployError, TemplateError, WindtunnelError

API = """
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: hello}
Resources:
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: live}}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Handler: app.handler
      Runtime: python3.13
      Timeout: 10
      Environment: {Variables: {GREETING: !Ref Greeting}}
      Events:
        Get: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /hello, Method: GET}}
Outputs:
  ApiId: {Value: !Ref Api}
"""
CODE = """
import os

def handler(event, context):
    return {"statusCode": 200, "body": os.environ["GREETING"] + " from version 1"}
"""
QUEUE = "Resources:\n  Jobs: {Type: AWS::SQS::Queue}\n"
# LocalStack and AWS both refuse a role that is no ARN
BROKEN = (
    QUEUE
    + """
  Worker:
    Type: AWS::Lambda::Function
    DependsOn: Jobs
    Properties: {Runtime: python3.13, Handler: index.h, Role: nobody, Code: {ZipFile: 'h = print'}}
"""
)


@dataclass
class Project:
    """A folder with a template and code, deployed as one stack."""

    folder: Path
    engine: Any
    request: DeployRequest
    events: list[DeployEvent] = field(default_factory=list)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def deploy(self, template: str | None = None, **changes: Any) -> DeployResult:
        """Deploy, and remember this deployment's events."""
        if template is not None:
            self.write("template.yaml", template)
        self.events = []
        return deploy(replace(self.request, **changes), self.engine.client, self.events.append)

    def told[T](self, kind: type[T]) -> list[T]:
        """This deployment's events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def get(self, api_id: str, path: str) -> requests.Response:
        return requests.get(f"{self.engine.endpoint_url}/_aws/execute-api/{api_id}/live{path}", timeout=15)


@pytest.fixture
def project(engine: Any, tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[Project]:
    stack_name = f"deploy-{uuid4().hex[:8]}"
    uv = pytestconfig.rootpath / ".venv/bin/uv"
    request = DeployRequest(
        template=tmp_path / "template.yaml",
        stack_name=stack_name,
        build_dir=tmp_path / "build",
        wheels=tmp_path / "wheels",
        uv=uv,
        python=Path(sys.executable),
        timeout_seconds=60,
    )
    project = Project(tmp_path, engine, request)
    project.write("hello/app.py", CODE)
    yield project
    engine.client("cloudformation").delete_stack(StackName=stack_name)


def refuse_clients(service: str) -> Any:
    """Stands where a client would be made, for what must be found before anything is sent."""
    raise AssertionError(f"a client for {service} was asked for")


def test_a_first_deploy_shows_each_resource_and_gives_the_outputs(project: Project) -> None:
    result = project.deploy(API)

    assert result.changed
    assert {"Api", "Hello", "HelloRole"} <= {resource.logical_id for resource in result.resources}
    assert all(resource.status == "CREATE_COMPLETE" and resource.physical_id for resource in result.resources)
    assert project.get(result.outputs["ApiId"], "/hello").text == "hello from version 1"

    assert project.told(Building) == [Building("hello", ("Hello",), cached=False)]
    assert [event.already_there for event in project.told(Uploading)] == [False]
    (ready,) = project.told(ChangeSetReady)
    assert {change.action for change in ready.changes} == {"Add"}
    shown = [(event.logical_id, event.status) for event in project.told(ResourceProgress)]
    assert len(shown) == len(set(shown))
    for resource in result.resources:
        begun, done = (resource.logical_id, "CREATE_IN_PROGRESS"), (resource.logical_id, "CREATE_COMPLETE")
        assert shown.index(begun) < shown.index(done)
    assert shown[-1] == (project.request.stack_name, "CREATE_COMPLETE")


def test_a_second_deploy_without_a_change_says_so(project: Project) -> None:
    first = project.deploy(API)

    second = project.deploy()

    assert not second.changed
    assert second.outputs == first.outputs
    assert second.resources == first.resources
    assert project.told(Unchanged) == [Unchanged(project.request.stack_name)]
    assert [event.cached for event in project.told(Building)] == [True]
    assert [event.already_there for event in project.told(Uploading)] == [True]
    assert project.told(ResourceProgress) == []


def test_an_unchanged_deploy_leaves_no_change_set_behind(project: Project) -> None:
    project.deploy(API)
    cloudformation = project.engine.client("cloudformation")
    abandoned = cloudformation.create_change_set(
        StackName=project.request.stack_name, ChangeSetName="windtunnel-killed", TemplateBody=QUEUE
    )

    project.deploy()

    names = cloudformation.list_change_sets(StackName=project.request.stack_name)["Summaries"]
    assert [summary["ChangeSetName"] for summary in names if summary["ExecutionStatus"] == "AVAILABLE"] == []
    with pytest.raises(cloudformation.exceptions.ChangeSetNotFoundException):
        cloudformation.describe_change_set(ChangeSetName=abandoned["Id"])


def test_changed_code_is_built_deployed_and_served(project: Project) -> None:
    api_id = project.deploy(API).outputs["ApiId"]
    assert project.get(api_id, "/hello").text == "hello from version 1"

    project.write("hello/app.py", CODE.replace("version 1", "version 2"))
    result = project.deploy()

    assert result.changed
    assert [event.cached for event in project.told(Building)] == [False]
    (ready,) = project.told(ChangeSetReady)
    assert ("Modify", "Hello") in {(change.action, change.logical_id) for change in ready.changes}
    assert project.get(api_id, "/hello").text == "hello from version 2"
    assert not project.deploy().changed


def test_a_changed_parameter_is_deployed(project: Project) -> None:
    api_id = project.deploy(API).outputs["ApiId"]

    assert project.deploy(parameters={"Greeting": "welcome"}).changed

    assert project.get(api_id, "/hello").text == "welcome from version 1"
    assert not project.deploy(parameters={"Greeting": "welcome"}).changed


def test_changed_outputs_alone_are_deployed(project: Project) -> None:
    project.deploy(API)

    result = project.deploy(API + "  Extra: {Value: more}\n")

    assert result.changed
    assert result.outputs["Extra"] == "more"


def test_requirements_are_installed_without_a_network(project: Project) -> None:
    write_wheel(project.folder / "wheels", "windtunnel_test_greeter", "GREETING = 'installed'\n")
    project.write("hello/requirements.txt", "windtunnel-test-greeter==1.0\n")
    project.write(
        "hello/app.py",
        "import windtunnel_test_greeter as greeter\n\n"
        "def handler(event, context):\n    return {'statusCode': 200, 'body': greeter.GREETING}\n",
    )

    api_id = project.deploy(API).outputs["ApiId"]

    assert project.get(api_id, "/hello").text == "installed"


def test_a_template_that_is_too_long_to_send_goes_by_way_of_the_bucket(project: Project) -> None:
    long = QUEUE + "Metadata: {Padding: '" + "x" * 60_000 + "'}\n"

    assert project.deploy(long).changed

    assert not project.deploy(long).changed


def test_a_failing_resource_is_named_with_its_reason(project: Project) -> None:
    with pytest.raises(DeployError) as caught:
        project.deploy(BROKEN)

    assert "Worker (AWS::Lambda::Function) is CREATE_FAILED" in str(caught.value)
    assert "'role'" in str(caught.value)
    assert ("Worker", "CREATE_FAILED") in {(e.logical_id, e.status) for e in project.told(ResourceProgress)}


def test_what_a_failed_create_left_is_replaced(project: Project) -> None:
    with pytest.raises(DeployError, match="ROLLBACK_COMPLETE"):
        project.deploy(BROKEN)

    result = project.deploy(QUEUE)

    assert project.told(RemovingLeftover) == [RemovingLeftover(project.request.stack_name, "ROLLBACK_COMPLETE")]
    assert result.changed
    assert [(r.logical_id, r.status) for r in result.resources] == [("Jobs", "CREATE_COMPLETE")]


def test_a_failed_update_does_not_stop_the_next_deploy(project: Project) -> None:
    project.deploy(QUEUE)
    with pytest.raises(DeployError, match="Worker"):
        project.deploy(BROKEN)

    result = project.deploy(QUEUE + "  More: {Type: AWS::SQS::Queue}\n")

    assert not project.told(RemovingLeftover)
    assert [r.logical_id for r in result.resources] == ["Jobs", "More"]


def test_the_same_failing_template_fails_again(project: Project) -> None:
    project.deploy(QUEUE)

    for _ in range(2):
        with pytest.raises(DeployError, match="Worker"):
            project.deploy(BROKEN)


def test_two_deployments_at_once_make_one_stack(project: Project) -> None:
    project.write("template.yaml", API)
    told: list[DeployEvent] = []

    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(deploy, project.request, project.engine.client, told.append) for _ in range(2)]
        results = [task.result() for task in tasks]

    assert sorted(result.changed for result in results) == [False, True]
    assert results[0].outputs == results[1].outputs
    assert [event for event in told if isinstance(event, Waiting)]


def test_a_stack_that_was_never_executed_is_replaced(project: Project) -> None:
    project.engine.client("cloudformation").create_change_set(
        StackName=project.request.stack_name, ChangeSetName="by-hand", ChangeSetType="CREATE", TemplateBody=QUEUE
    )

    assert project.deploy(QUEUE).changed

    assert project.told(RemovingLeftover) == [RemovingLeftover(project.request.stack_name, "REVIEW_IN_PROGRESS")]


def test_what_cloudformation_refuses_is_said_and_leaves_no_stack(project: Project) -> None:
    with pytest.raises(DeployError, match="Nowhere"):
        project.deploy("Resources:\n  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Nowhere}}\n")

    assert project.deploy(QUEUE).changed


def test_a_template_that_sam_refuses_is_said(project: Project) -> None:
    with pytest.raises(DeployError, match="Hello"):
        project.deploy(API.replace("Path: /hello, ", ""))

    assert project.deploy(API).changed


def test_an_engine_that_is_not_there_is_said(project: Project) -> None:
    def client(service: str) -> Any:
        return boto3.Session("test", "test", region_name="us-east-1").client(
            service,  # type: ignore[call-overload]
            endpoint_url="http://127.0.0.1:9",
            config=Config(retries={"total_max_attempts": 1}),
        )

    project.write("template.yaml", QUEUE)

    with pytest.raises(DeployError, match="nothing answers") as caught:
        deploy(project.request, client, project.events.append)

    assert "make up" in caught.value.hint


@pytest.mark.parametrize(
    ("template", "error", "said"),
    [
        (None, TemplateError, "no template at"),
        ("Resources:\n  Hello:\n   Type: [\n", TemplateError, "template.yaml:4:1: broken YAML"),
        (API.replace("hello/", "nowhere/"), TemplateError, "CodeUri of Hello is 'nowhere/'"),
        (API.replace("app.handler", "apq.handler"), TemplateError, "there is no apq.py in its CodeUri"),
        (API.replace("Resources:", "Resource:"), TemplateError, "has no Resources"),
    ],
)
def test_what_is_wrong_on_this_side_is_found_before_anything_is_sent(
    project: Project, template: str | None, error: type[WindtunnelError], said: str
) -> None:
    if template:
        project.write("template.yaml", template)

    with pytest.raises(error, match=said):
        deploy(project.request, refuse_clients, project.events.append)


def write_wheel(folder: Path, name: str, code: str) -> None:
    """A wheel of one module, version 1.0."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    hashed: Callable[[str], str] = lambda text: (  # noqa: E731
        base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    )
    record = "".join(f"{path},sha256={hashed(text)},{len(text)}\n" for path, text in files.items())
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            wheel.writestr(path, text)
