"""AWS's own `sam build && sam deploy`, unchanged, against a running engine: no windtunnel in between."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from windtunnel.deploy.sam import sam_deploy, sam_options


@pytest.fixture
def stack_name(engine: Any) -> Iterator[str]:
    name = f"sam-{uuid4().hex[:8]}"
    yield name
    engine.client("cloudformation").delete_stack(StackName=name)


@pytest.fixture
def checkout(pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    """A copy of what `sam` reads, so that .aws-sam is made in a folder of the test's own."""
    if sys.version_info[:2] != (3, 13):
        pytest.skip("sam build wants the functions' own Python, 3.13, and this checkout was set up with another")
    for name in ("infra", "lambda"):
        shutil.copytree(pytestconfig.rootpath / name, tmp_path / name, ignore=shutil.ignore_patterns(".aws-sam"))
    return tmp_path


@pytest.fixture
def environment(engine: Any, pytestconfig: pytest.Config, tmp_path: Path) -> dict[str, str]:
    """Nothing of the machine's own but the PATH's end; of AWS the endpoint, and credentials that the SDK insists on."""
    (tmp_path / "home").mkdir()
    return {
        "PATH": f"{pytestconfig.rootpath}/.venv/bin:/usr/bin:/bin",
        "HOME": f"{tmp_path}/home",
        "AWS_ENDPOINT_URL": engine.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # no network: neither for pip, nor for telemetry
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(pytestconfig.rootpath / ".windtunnel/wheels"),
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
    }


def sam(checkout: Path, environment: dict[str, str], *arguments: str) -> str:
    """Run sam beside the template; what it said."""
    finished = subprocess.run(
        [f"{environment['PATH'].split(':')[0]}/sam", *arguments],
        cwd=checkout / "infra/sam",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    assert finished.returncode == 0, f"sam {' '.join(arguments)}:\n{finished.stdout}"
    return finished.stdout


def test_sam_itself_builds_and_deploys_to_the_engine(
    engine: Any, checkout: Path, environment: dict[str, str], stack_name: str
) -> None:
    sam(checkout, environment, "build")
    # samconfig.toml asks for a person's yes, and names the stack; the rest is as it is for AWS
    said = sam(checkout, environment, "deploy", "--stack-name", stack_name, "--no-confirm-changeset")

    assert f"Successfully created/updated stack - {stack_name}" in said
    outputs = stack_outputs(engine, stack_name)
    url = f"{engine.endpoint_url}/_aws/execute-api/{outputs['ApiId']}/{outputs['StageName']}/users"
    key = engine.client("apigateway").get_api_key(apiKey=outputs["ApiKeyId"], includeValue=True)["value"]
    created = requests.post(
        url, json={"name": "Ada Lovelace", "email": "ada@example.com"}, headers={"x-api-key": key}, timeout=30
    )
    assert created.status_code == 201, created.text
    user_id = created.json()["userId"]
    listed = requests.get(url, headers={"x-api-key": key}, timeout=30)
    assert listed.status_code == 200, listed.text
    assert user_id in listed.text
    assert requests.get(url, timeout=30).status_code == 403


def test_sam_deploys_a_part_with_the_applications_configuration_and_what_the_part_inherits(
    engine: Any, checkout: Path, environment: dict[str, str], stack_name: str
) -> None:
    queues = ("QueueName", "OrderedQueueName", "DeadLettersName", "OrderedDeadLettersName")
    inherited = {name: f"the-{name}" for name in ("ApiName", "StageName", "MetricsNamespace", *queues)}
    options = [*sam_options(stack_name, engine.region, inherited), "--no-confirm-changeset"]
    template = checkout / "infra/sam/stacks/observability/template.yaml"

    sam_deploy(
        template, Path(environment["PATH"].split(":")[0]), environment, options, checkout / "infra/sam/samconfig.toml"
    )

    alarms = engine.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{stack_name}-")["MetricAlarms"]
    values = {dimension["Value"] for alarm in alarms for dimension in alarm["Dimensions"]}
    assert len(alarms) == 8  # with those of the jobs, whose queues there are
    assert values == {value for name, value in inherited.items() if name != "MetricsNamespace"}


def stack_outputs(engine: Any, stack_name: str) -> dict[str, str]:
    (stack,) = engine.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
