"""The fixtures that a user's tests get with ENGINE=localstack: pytest sessions of a project of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import psutil
import pytest

from windtunnel.config import Settings
from windtunnel.engines import LocalStackEngine
from windtunnel.engines.ports import free_port
from windtunnel.testing.containers import PROJECT

Docker = Callable[..., str]
Done = subprocess.CompletedProcess[str]
Session = Callable[..., Done]
NOTHING: Mapping[str, str] = MappingProxyType({})

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Handler: hello.handler
      Runtime: python3.13
      FunctionName: hello
      Events:
        Get: {Type: Api, Properties: {Path: /hello, Method: get}}
"""
HELLO = """
def handler(event, context):
    return {"statusCode": 200, "body": context.invoked_function_arn.split(":")[4]}
"""
STACK_TESTS = """
import boto3, localstack_client.session

def test_the_stack_is_served_by_a_container(api, harness):
    assert api.get("/hello").text == harness.settings.account
    assert "container windtunnel-test-" in harness.engine.status().detail

def test_clients_of_either_kind_reach_it(aws, harness):
    aws.client("s3").create_bucket(Bucket="mine")
    port = harness.settings.port
    other = localstack_client.session.Session(localstack_host=f"127.0.0.1:{port}").client("s3")
    assert [bucket["Name"] for bucket in other.list_buckets()["Buckets"]].count("mine") == 1
"""
OVERRIDING = """
import pytest

@pytest.fixture(scope="session")
def docker_setup(docker_setup):
    return ["version --short", *docker_setup]

@pytest.fixture(scope="session")
def docker_cleanup(docker_cleanup):
    yield [*docker_cleanup, "version --short"]
    open("cleanup", "w").close()
"""
ISOLATED = """
def test_it_owns_the_world(isolated_engine):
    s3 = isolated_engine.client("s3")
    assert s3.list_buckets()["Buckets"] == []
    s3.create_bucket(Bucket="mine")

def test_and_so_does_the_next(isolated_engine):
    assert isolated_engine.client("s3").list_buckets()["Buckets"] == []
    assert isolated_engine.harness.deploy().root_url.endswith(str(isolated_engine.settings.api_port))
"""
WORKERS = """
import json
import time
import pytest

@pytest.mark.parametrize("number", range(4))
def test_each_worker_is_alone_in_its_account(api, aws, harness, number):
    s3 = aws.client("s3")
    name = f"bucket-{harness.settings.account}-{number}"
    s3.create_bucket(Bucket=name)
    time.sleep(0.5)
    there = {b["Name"] for b in s3.list_buckets()["Buckets"] if b["Name"].startswith("bucket-")}
    assert all(name.split("-")[1] == harness.settings.account for name in there)
    assert harness.settings.account in ("000000000001", "000000000002")
    assert api.get("/hello").text == harness.settings.account
    # the same name is in every account
    answer = json.load(aws.client("lambda").invoke(FunctionName="hello", Payload=b"{}")["Payload"])
    assert answer["body"] == harness.settings.account
"""


@pytest.fixture
def session(settings: Settings, tmp_path: Path) -> Session:
    """Runs pytest on test files in a project of a user's own, which has windtunnel's compose file."""
    (tmp_path / "docker").symlink_to(settings.root / "docker")
    compose_file = (settings.root / "docker-compose.yml").read_text()
    (tmp_path / "docker-compose.yml").write_text(compose_file.replace("context: .", f"context: {settings.root}"))
    (tmp_path / "windtunnel.toml").write_text('template = "template.yaml"\nstack = "mine"\n')
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello/hello.py").write_text(HELLO)
    (tmp_path / ".venv").symlink_to(settings.root / ".venv")
    state = tmp_path / ".windtunnel"
    state.mkdir()
    for name in ("engine-venv", "runtime", "wheels"):
        (state / name).symlink_to(settings.install_dir / name)

    def run(*words: str, required: bool = True, told: Mapping[str, str] = NOTHING, **files: str) -> Done:
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("WINDTUNNEL_", "PYTEST_"))}
        (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *(("--require-engine", "localstack") if required else ()), *words],
            cwd=tmp_path,
            env={**kept, "ENGINE": "localstack", "WINDTUNNEL_PORT": str(free_port()), **told},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


def leftovers(docker: Docker) -> list[str]:
    """Containers and volumes of test sessions that have ended: they are named by their sessions' processes."""
    names = docker("ps", "--all", "--format", "{{.Names}}").split() + docker("volume", "ls", "--quiet").split()
    owned = [(name, PROJECT.match(name)) for name in names]
    return [name for name, owner in owned if owner and not psutil.pid_exists(int(owner[1]))]


def test_the_sessions_engine_is_pytest_dockers_and_can_be_overridden(
    session: Session, docker: Docker, tmp_path: Path
) -> None:
    done = session(test_stack=STACK_TESTS, conftest=OVERRIDING)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert (tmp_path / "cleanup").exists()
    assert leftovers(docker) == []


def test_an_isolated_engine_is_a_tests_own(session: Session, docker: Docker) -> None:
    done = session(test_isolated=ISOLATED)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert leftovers(docker) == []


def test_workers_share_an_engine_that_is_up_and_nothing_on_it(
    session: Session, settings: Settings, container: LocalStackEngine
) -> None:
    container.start(lambda _line: None)
    told = {
        "WINDTUNNEL_PROJECT": settings.compose_project,
        "WINDTUNNEL_PORT": str(settings.port),
        "WINDTUNNEL_API_PORT": str(settings.api_port),
    }

    first = session(told=told, test_first="def test_it(stack):\n    pass\n")
    done = session("-n", "2", "test_workers.py", told=told, test_workers=WORKERS)

    assert first.returncode == 0, first.stdout + first.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_a_missing_engine_is_a_skip_with_its_reason_or_a_failure_where_it_is_required(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    test = "def test_it(isolated_engine):\n    pass\n"

    required = session(test_it=test)
    skipped = session("-rs", required=False, test_it=test)

    assert required.returncode == 1
    assert "no Docker engine can be reached" in required.stdout
    assert skipped.returncode == 0
    assert "1 skipped" in skipped.stdout
    assert "no Docker engine can be reached" in skipped.stdout
