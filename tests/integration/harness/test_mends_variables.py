"""Environment variables that AWS does not take. Sources: see windtunnel.plugin.mends_variables."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from windtunnel.testing.plugin import Engine

ROLE = "arn:aws:iam::000000000000:role/function"


@pytest.fixture
def client(engine: Engine) -> Any:
    return engine.client("lambda")


def make(client: Any, name: str, variables: dict[str, str]) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): return 1\n")
    client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": package.getvalue()},
        Environment={"Variables": variables},
    )


@pytest.mark.parametrize(
    ("variables", "code", "message"),
    [
        ({"AWS_REGION": "x", "MINE": "y"}, "InvalidParameterValueException", "used in this request: AWS_REGION"),
        ({"_HANDLER": "x"}, "InvalidParameterValueException", "reserved keys"),
        ({"LAMBDA_TASK_ROOT": "x"}, "InvalidParameterValueException", "reserved keys"),
        ({"A": "too short"}, "ValidationException", "Map keys must satisfy constraint"),
        ({"1A": "a digit first"}, "ValidationException", "Map keys must satisfy constraint"),
        ({"MINE": "x" * 4096}, "InvalidParameterValueException", "4KB limit"),
    ],
)  # fmt: skip
def test_variables_that_aws_does_not_take_are_refused(
    client: Any, variables: dict[str, str], code: str, message: str
) -> None:
    with pytest.raises(ClientError, match=message) as raised:
        make(client, "refused", variables)

    assert raised.value.response["Error"]["Code"] == code


def test_a_change_is_refused_likewise_and_what_may_be_set_is(client: Any) -> None:
    # not reserved, says the guide: LANG, PATH, PYTHONPATH, TZ, AWS_XRAY_DAEMON_ADDRESS
    make(client, "taken", {"PYTHONPATH": "/opt/mine", "TZ": "Europe/Berlin", "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR"})
    client.get_waiter("function_active_v2").wait(FunctionName="taken", WaiterConfig={"Delay": 1})

    with pytest.raises(ClientError, match="AWS_SESSION_TOKEN"):
        client.update_function_configuration(
            FunctionName="taken", Environment={"Variables": {"AWS_SESSION_TOKEN": "mine"}}
        )

    kept = client.get_function_configuration(FunctionName="taken")["Environment"]["Variables"]
    client.delete_function(FunctionName="taken")
    assert set(kept) == {"PYTHONPATH", "TZ", "AWS_XRAY_CONTEXT_MISSING"}
