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
PLACES = Places.isolated()

# AWS Lambda Developer Guide, "Defined runtime environment variables"; AWS_ENDPOINT_URL is ours
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


def test_in_a_file_system_of_its_own_paths_are_those_of_aws() -> None:
    variables = function_variables(SPEC, SESSION, PLACES, "127.0.0.1:9")

    # seen in python3.13 on AWS: the Developer Guide's page has the names, a function that prints them the values
    assert variables["LAMBDA_TASK_ROOT"] == "/var/task"
    assert variables["LAMBDA_RUNTIME_DIR"] == "/var/runtime"
    assert variables["PATH"] == "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin"
    assert variables["LD_LIBRARY_PATH"] == (
        "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
    )


def test_on_the_hosts_file_system_paths_are_the_functions_own_folders() -> None:
    places = Places(Path("/rt/bin/python"), Path("/rt/sp"), Path("/task"), None, Path("/e/home"), Path("/e/tmp"))

    bare = function_variables(SPEC, SESSION, places, "127.0.0.1:9")
    layered = function_variables(SPEC, SESSION, replace(places, opt=Path("/opt-of-f")), "127.0.0.1:9")

    assert set(bare) == EXPECTED | {"TABLE", "HOME", "TMPDIR"}
    assert (bare["HOME"], bare["TMPDIR"], bare["LAMBDA_TASK_ROOT"]) == ("/e/home", "/e/tmp", "/task")
    assert layered["PATH"].split(":")[-1] == "/opt-of-f/bin"
    assert layered["LD_LIBRARY_PATH"].split(":")[-1] == "/opt-of-f/lib"
