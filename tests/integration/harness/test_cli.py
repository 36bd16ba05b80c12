"""The windtunnel command as a person runs it: what it prints and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from windtunnel.config import Settings
from windtunnel.engines.ports import free_port

Run = Callable[..., subprocess.CompletedProcess[str]]
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Handler: hello.handler
      Runtime: python3.13
      Events:
        Get: {Type: Api, Properties: {Path: /hello, Method: get}}
Outputs:
  Name: {Value: !Ref Hello}
"""


@pytest.fixture
def project(windtunnel_settings: Settings, tmp_path: Path) -> Path:
    """A project of a user's own: another folder, windtunnel's environments, a template and a function."""
    (tmp_path / "windtunnel.toml").write_text(
        f'port = {free_port()}\napi_port = {free_port()}\ntemplate = "template.yaml"\nstack = "mine"\n'
        '[[examples]]\ntitle = "say hello"\nmethod = "GET"\npath = "/hello"\n'
    )
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello/hello.py").write_text(
        "def handler(event, context):\n  print('hello there')\n  return {'statusCode': 200, 'body': 'hello'}\n"
    )
    (tmp_path / ".venv").symlink_to(windtunnel_settings.root / ".venv")
    state = tmp_path / ".windtunnel"
    state.mkdir()
    for name in ("engine-venv", "runtime", "wheels"):
        (state / name).symlink_to(windtunnel_settings.install_dir / name)
    return tmp_path


@pytest.fixture
def run(project: Path) -> Iterator[Run]:
    def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("WINDTUNNEL_", "ENGINE", "AWS_"))
        }
        return subprocess.run(
            [sys.executable, "-m", "windtunnel", *arguments],
            cwd=project,
            env={**kept, "COLUMNS": "80", "AWS_EC2_METADATA_DISABLED": "true", **variables},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    yield run
    run("down")


def test_up_status_logs_and_down_from_an_empty_folder(run: Run, project: Path) -> None:
    up = run("up")
    assert up.returncode == 0, up.stdout + up.stderr
    curl = next(line for line in up.stdout.splitlines() if line.startswith("curl "))
    answer = subprocess.run(curl, shell=True, capture_output=True, text=True, check=True).stdout
    outputs = json.loads((project / ".windtunnel/outputs.json").read_text())

    status, logs, again = run("status"), run("logs"), run("up")
    down, after = run("down"), run("status")

    assert answer == "hello"
    for phase in ("engine", "build", "package", "deploy"):
        assert any(line.startswith(phase) and " s  " in line for line in up.stdout.splitlines()), phase
    assert "CREATE_COMPLETE      Hello AWS::Lambda::Function" in up.stdout
    assert outputs["api_url"] in curl
    assert outputs["outputs"]["Name"].startswith("mine-Hello-")
    assert status.returncode == 0
    assert "embedded is up: LocalStack 4.14.0" in status.stdout
    assert "hello there" in logs.stdout
    assert "was up already" in again.stdout
    assert "nothing to deploy" in again.stdout
    assert "ended" in down.stdout
    assert after.returncode == 3
    assert "embedded is down" in after.stdout
    assert not (project / ".windtunnel/outputs.json").exists()


def test_without_a_choice_the_engine_that_is_up_is_meant(run: Run, project: Path) -> None:
    config = project / "windtunnel.toml"
    config.write_text('engine = "localstack"\n' + config.read_text())
    assert run("up", ENGINE="embedded").returncode == 0

    followed, chosen, logs = run("status"), run("status", ENGINE="localstack"), run("logs", "--engine-log")
    down, after = run("down"), run("status")

    assert "embedded is up" in followed.stdout
    assert "localstack is down" in chosen.stdout
    assert logs.returncode == 0, logs.stderr
    assert "ended" in down.stdout
    assert "localstack is down" in after.stdout


def test_optional_parts_are_deployed_when_they_are_asked_for(run: Run, project: Path) -> None:
    part = project / "stacks/extra"
    part.mkdir(parents=True)
    (part / "template.yaml").write_text(
        "Resources: {Queue: {Type: AWS::SQS::Queue}}\nOutputs: {Q: {Value: !Ref Queue}}"
    )

    unknown, up = run("up", "--stacks", "extras"), run("up", "--stacks", "extra")
    status = run("status")
    files = sorted(path.name for path in (project / ".windtunnel").glob("outputs*"))
    run("down")

    assert (unknown.returncode, up.returncode) == (2, 0), unknown.stderr + up.stderr
    assert "there are extra" in unknown.stderr
    assert "stack mine-extra: 1 resources" in up.stdout
    assert "mine-extra" in status.stdout
    assert files == ["outputs-mine-extra.json", "outputs.json"]
    assert not list((project / ".windtunnel").glob("outputs*"))


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (
            ["up", "--engine", "embeded"],
            {},
            "no such engine: there are embedded, localstack, aws; did you mean 'embedded'?",
        ),
        (["up"], {"ENGINE": "docker"}, "engine = 'docker' (ENGINE): no such engine"),
        (["up", "--port", "99999"], {}, "not a port"),
        (["up"], {"WINDTUNNEL_PORT": "http"}, "port = 'http' (WINDTUNNEL_PORT)"),
    ],
)
def test_a_bad_setting_is_named_and_ends_with_2(
    run: Run, arguments: list[str], variables: dict[str, str], message: str
) -> None:
    done = run(*arguments, **variables)

    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", ["up", "deploy", "status", "logs", "e2e", "doctor", "down", "clean", "setup", "test"]
)
def test_every_command_has_help(run: Run, command: str) -> None:
    done = run(command, "--help")

    assert done.returncode == 0
    assert f"windtunnel {command}" in done.stdout


def test_outside_a_project_it_says_where_to_go(run: Run, project: Path) -> None:
    (project / "windtunnel.toml").unlink()

    done = run("up")
    (project / "windtunnel.toml").touch()

    assert done.returncode == 2
    assert "no windtunnel.toml" in done.stderr


def test_a_template_that_is_missing_or_broken_is_said_before_the_engine_is_kept_waiting(
    run: Run, project: Path
) -> None:
    (project / "template.yaml").write_text("Resources:\n  A: [\n")
    broken = run("up")
    (project / "template.yaml").unlink()
    missing = run("up")

    assert (broken.returncode, missing.returncode) == (1, 1)
    assert "template.yaml:3:1: broken YAML" in broken.stderr
    assert "template.yaml" in missing.stderr
    assert "Traceback" not in broken.stderr + missing.stderr
    assert "LocalStack" not in broken.stdout + missing.stdout


def test_a_failing_resource_ends_with_1_and_its_reason_and_leaves_the_engine_up(run: Run, project: Path) -> None:
    (project / "template.yaml").write_text(
        TEMPLATE.replace("Outputs:", "  Bad: {Type: AWS::Lambda::Permission, Properties: "
                         "{FunctionName: nobody, Action: lambda:InvokeFunction, Principal: x.amazonaws.com}}\nOutputs:")
    )  # fmt: skip
    failed = run("up")
    (project / "template.yaml").write_text(TEMPLATE)
    mended = run("deploy")

    assert failed.returncode == 1
    assert "Bad" in failed.stderr
    assert "nobody" in failed.stderr
    assert mended.returncode == 0, mended.stdout + mended.stderr


def test_up_interrupted_while_deploying_ends_the_engine_it_started(run: Run, project: Path) -> None:
    command = subprocess.Popen(
        [sys.executable, "-u", "-m", "windtunnel", "up"],
        cwd=project,
        env={name: value for name, value in os.environ.items() if not name.startswith(("WINDTUNNEL_", "ENGINE"))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert command.stdout is not None
    lines = iter(command.stdout.readline, "")
    assert any("change set:" in line for line in lines)

    command.send_signal(signal.SIGINT)
    output = command.communicate(timeout=30)[0]

    assert command.returncode == 130, output
    assert "interrupted" in output
    assert run("status").returncode == 3


def test_deploy_without_an_engine_is_for_aws_and_wants_credentials(run: Run) -> None:
    done = run("deploy", HOME="/nonexistent")

    assert done.returncode == 1
    assert "the real sam build && sam deploy, to AWS" in done.stderr
    assert "AWS does not know who is asking" in done.stderr


def test_deploy_to_a_named_engine_that_is_down_says_up(run: Run) -> None:
    done = run("deploy", "--engine", "embedded")

    assert done.returncode == 1
    assert "engine embedded is not up" in done.stderr
    assert "make up" in done.stderr


@pytest.mark.parametrize("name", ["WINDTUNNEL_PORT", "WINDTUNNEL_API_PORT"])
def test_doctor_finds_a_taken_port_and_a_missing_template(run: Run, project: Path, name: str) -> None:
    (project / "template.yaml").unlink()

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("doctor", **{name: str(port)})

    assert done.returncode == 1
    assert f"warn  port         {port} is taken by process {os.getpid()}" in done.stdout
    assert "FAIL  template" in done.stdout
    assert "ok    engine" in done.stdout
    assert "LocalStack 4.14.0" in done.stdout


def test_logs_of_an_engine_that_is_down_say_so(run: Run) -> None:
    done = run("logs")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "make up" in done.stderr
