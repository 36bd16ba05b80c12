from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from windtunnel.deploy.artifact import find_artifacts
from windtunnel.deploy.build import Builder
from windtunnel.deploy.events import Building, DeployEvent, Notice, Uploading
from windtunnel.deploy.publish import build_artifacts, publish
from windtunnel.deploy.requirements import Installer
from windtunnel.deploy.template import Template
from windtunnel.errors import DeployError

TEXT = """
Globals: {Function: {Runtime: python3.13}}
Resources:
  A: {Type: AWS::Serverless::Function, Properties: {CodeUri: users, Handler: app.a}}
  B: {Type: AWS::Serverless::Function, Properties: {CodeUri: ./users/, Handler: app.b}}
  C: {Type: AWS::Serverless::Function, Properties: {CodeUri: orders, Handler: app.c}}
"""


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, operation)


class FakeAws:
    """S3 and STS of one account in one region."""

    class exceptions:
        class BucketAlreadyOwnedByYou(Exception):
            pass

    class meta:
        region_name = "eu-west-1"
        endpoint_url = "https://s3.eu-west-1.amazonaws.com"

    def __init__(self, head: str = "404") -> None:
        self.head = head
        self.buckets: dict[str, Any] = {}
        self.objects: dict[str, bytes] = {}

    def client(self, _: str) -> FakeAws:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "111122223333"}

    def head_bucket(self, Bucket: str, ExpectedBucketOwner: str) -> None:
        assert ExpectedBucketOwner == "111122223333"
        if Bucket not in self.buckets:
            raise refusal(self.head, "HeadBucket")

    def create_bucket(self, Bucket: str, **where: Any) -> None:
        self.buckets[Bucket] = where

    def head_object(self, Bucket: str, Key: str, ExpectedBucketOwner: str) -> None:
        if Key not in self.objects:
            raise refusal("404", "HeadObject")

    def put_object(self, Bucket: str, Key: str, Body: bytes, ExpectedBucketOwner: str) -> None:
        assert Bucket in self.buckets
        assert Key not in self.objects, "uploaded twice"
        self.objects[Key] = Body


@pytest.fixture
def template(template_of: Callable[[str], Template], tmp_path: Path) -> Template:
    for name in ("users", "orders"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(f"# {name}\n")
    return template_of(TEXT)


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    def python_or_uv(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        if "--target" in command:
            Path(command[command.index("--target") + 1]).mkdir()
        return subprocess.CompletedProcess(command, 0, "3.12\n", "")

    return Builder(tmp_path / "build", Installer(Path("uv"), Path("python"), None, python_or_uv))


def test_functions_of_one_source_share_one_build(template: Template, builder: Builder) -> None:
    told: list[DeployEvent] = []

    builds = build_artifacts(builder, template, find_artifacts(template, {}), told.append)

    assert told == [Building("users", ("A", "B"), cached=False), Building("orders", ("C",), cached=False)]
    assert [build.users for build in builds] == [("A", "B"), ("C",)]


def test_requirements_for_another_python_than_the_templates_are_noticed(template: Template, builder: Builder) -> None:
    (template.folder / "users/requirements.txt").write_text("lib\n")
    told: list[DeployEvent] = []

    build_artifacts(builder, template, find_artifacts(template, {}), told.append)

    (notice,) = [event for event in told if isinstance(event, Notice)]
    assert notice.message == "users: requirements are installed for python3.12, and it is to run in python3.13"


def test_builds_are_uploaded_once_under_the_name_of_their_content(template: Template, builder: Builder) -> None:
    aws = FakeAws()
    told: list[DeployEvent] = []
    builds = build_artifacts(builder, template, find_artifacts(template, {}), lambda _: None)

    first = publish(template, "shop", builds, aws.client, told.append)
    second = publish(template, "shop", builds, aws.client, told.append)

    bucket = "windtunnel-artifacts-111122223333-eu-west-1"
    assert aws.buckets == {bucket: {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}}
    assert set(aws.objects) == {f"shop/{hashlib.sha256(body).hexdigest()}.zip" for body in aws.objects.values()}
    assert [e.already_there for e in told if isinstance(e, Uploading)] == [False, False, True, True]
    assert first == second
    assert first.arguments == {"TemplateBody": first.text}
    assert first.text.count(f"s3://{bucket}/shop/") == 3


def test_a_long_template_is_uploaded_too(template_of: Callable[[str], Template]) -> None:
    aws = FakeAws()
    template = template_of(f"Resources: {{Q: {{Type: AWS::SQS::Queue}}}}\nDescription: {'é' * 30_000}\n")

    published = publish(template, "shop", (), aws.client, lambda _: None)

    ((key, body),) = aws.objects.items()
    assert body.decode() == published.text
    assert published.arguments == {"TemplateURL": f"{aws.meta.endpoint_url}/{next(iter(aws.buckets))}/{key}"}


def test_a_template_without_code_needs_no_bucket(template_of: Callable[[str], Template]) -> None:
    aws = FakeAws()

    publish(template_of("Resources: {Q: {Type: AWS::SQS::Queue}}"), "shop", (), aws.client, lambda _: None)

    assert aws.buckets == {}


def test_a_bucket_of_another_account_is_not_used(template: Template, builder: Builder) -> None:
    aws = FakeAws(head="403")
    builds = build_artifacts(builder, template, find_artifacts(template, {}), lambda _: None)

    with pytest.raises(DeployError, match="is not this account's"):
        publish(template, "shop", builds, aws.client, lambda _: None)

    assert aws.objects == {}
