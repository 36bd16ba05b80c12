from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from windtunnel.functions.spec import FunctionSpec, Session
from windtunnel.functions.variables import Places, function_variables

SPEC = FunctionSpec(
    name="f",
    version="$LATEST",
    region="eu-west-1",
    runtime="python3.13",
    handler="app.handler",
    code=Path("/task"),
    layers=None,
    timeout=3,
    memory_mb=256,
    variables={"TABLE": "users"},
)
SESSION = Session("/aws/lambda/f", "stream", "http://127.0.0.1:1", "AK", "SK", "ST")
PLACES = Places(Path("/rt/bin/python"), Path("/rt/site-packages"), Path("/e/home"), Path("/e/tmp"))

# AWS Lambda Developer Guide, "Defined runtime environment variables"; AWS_ENDPOINT_URL, HOME and TMPDIR are ours
EXPECTED = {
    "_HANDLER",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
    "LANG",
    "PATH",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "TZ",
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS",
    "AWS_ENDPOINT_URL",
    "HOME",
    "TMPDIR",
}


def test_a_function_sees_what_aws_sets_and_what_the_template_sets() -> None:
    variables = function_variables(SPEC, SESSION, PLACES, "127.0.0.1:9")

    assert set(variables) == EXPECTED | {"TABLE"}
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert variables["TZ"] == ":UTC"


def test_the_template_may_replace_what_is_not_reserved() -> None:
    spec = replace(SPEC, variables={"TZ": "Europe/Berlin", "PYTHONPATH": "/mine", "AWS_REGION": "no", "_HANDLER": "no"})

    variables = function_variables(spec, SESSION, PLACES, "127.0.0.1:9")

    assert (variables["TZ"], variables["PYTHONPATH"]) == ("Europe/Berlin", "/mine")
    assert (variables["AWS_REGION"], variables["_HANDLER"]) == ("eu-west-1", "app.handler")


def test_layers_are_on_the_paths_of_programs_and_libraries() -> None:
    variables = function_variables(replace(SPEC, layers=Path("/opt-of-f")), SESSION, PLACES, "127.0.0.1:9")

    assert variables["PATH"].split(":")[-1] == "/opt-of-f/bin"
    assert variables["LD_LIBRARY_PATH"].split(":")[-1] == "/opt-of-f/lib"
