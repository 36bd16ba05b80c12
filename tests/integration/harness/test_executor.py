"""Functions through a real engine: what LocalStack's Lambda service and windtunnel's executor make of an invocation."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from botocore.exceptions import ClientError
from tests.integration.meeting import MEET, meeting

from windtunnel.config import Settings
from windtunnel.engines.waiting import wait_until
from windtunnel.harness import Harness
from windtunnel.testing.engine import apart
from windtunnel.testing.plugin import Engine

ROLE = "arn:aws:iam::000000000000:role/any"
Create = Callable[..., str]


def archive(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            out.writestr(entry, text)
    return buffer.getvalue()


def create_function(client: Any, source: str, **changes: Any) -> str:
    name = f"f-{uuid4().hex[:8]}"
    options = {"Runtime": "python3.13", "Handler": "app.handler", "Role": ROLE, "Timeout": 5, "MemorySize": 128}
    client.create_function(FunctionName=name, Code={"ZipFile": archive({"app.py": source})}, **{**options, **changes})
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
    return name


@pytest.fixture
def create(engine: Engine) -> Iterator[Create]:
    """Makes a function from its source, and removes it."""
    made: list[str] = []

    def create(source: str, **changes: Any) -> str:
        made.append(create_function(engine.client("lambda"), source, **changes))
        return made[-1]

    yield create
    for name in made:
        engine.client("lambda").delete_function(FunctionName=name)


@pytest.fixture
def invoke(engine: Engine) -> Callable[..., Any]:
    def invoke(name: str, event: object = None, **options: Any) -> Any:
        return engine.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **options)

    return invoke


def messages(engine: Engine, name: str, until: str) -> list[str]:
    """The lines of a function's log group, once one of them begins with `until`."""

    def read() -> list[str] | None:
        try:
            events = engine.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except ClientError:
            return None
        lines = [event["message"].rstrip("\n") for event in events]
        return lines if any(line.startswith(until) for line in lines) else None

    return wait_until(read, what=f"{until} in the log of {name}", timeout=10)


def test_an_invocation_answers_and_its_log_reaches_cloudwatch(engine: Engine, create: Create, invoke: Any) -> None:
    name = create("def handler(e, c):\n  print('said', e); return {'got': e}\n")

    answer = invoke(name, "x", LogType="Tail")

    assert json.load(answer["Payload"]) == {"got": "x"}
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    assert "said x" in base64.b64decode(answer["LogResult"]).decode()
    kinds = [line.split()[0] for line in messages(engine, name, "REPORT")]
    assert kinds == ["INIT_START", "START", "said", "END", "REPORT"]


def test_an_exception_is_a_function_error_with_type_and_trace(create: Create, invoke: Any) -> None:
    name = create("class Odd(Exception): pass\ndef handler(e, c):\n  raise Odd('no')\n")

    answer = invoke(name)

    error = json.load(answer["Payload"])
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (error["errorType"], error["errorMessage"]) == ("Odd", "no")
    assert "raise Odd" in error["stackTrace"][0]


def test_a_timeout_is_sandbox_timedout(engine: Engine, create: Create, invoke: Any) -> None:
    name = create("import time\ndef handler(e, c):\n  time.sleep(30)\n", Timeout=1)

    answer = invoke(name)

    request_id = answer["ResponseMetadata"]["RequestId"]
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"]) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds",
    }
    assert any(line.endswith("Task timed out after 1.00 seconds") for line in messages(engine, name, "REPORT"))


def test_a_crash_is_an_exit_error_and_the_next_invocation_is_well(create: Create, invoke: Any) -> None:
    name = create("import os\ndef handler(e, c):\n  if e: os._exit(1)\n  return 'well'\n")

    crashed, after = invoke(name, "crash"), invoke(name)

    assert json.load(crashed["Payload"])["errorType"] == "Runtime.ExitError"
    assert json.load(after["Payload"]) == "well"


def test_a_handler_that_does_not_exist_says_so_in_answer_and_log(engine: Engine, create: Create, invoke: Any) -> None:
    name = create("x = 1\n", Handler="app.missing")

    error = json.load(invoke(name)["Payload"])

    assert error["errorType"] == "Runtime.HandlerNotFound"
    assert error["errorMessage"] == "Handler 'missing' missing on module 'app'"
    assert any("Handler 'missing' missing" in line for line in messages(engine, name, "REPORT"))


def test_a_runtime_that_cannot_be_run_answers_with_its_name_and_can_be_deleted(create: Create, invoke: Any) -> None:
    name = create("", Runtime="java21", Handler="app.handler")

    answer = invoke(name)

    assert answer["FunctionError"] == "Unhandled"
    error = json.load(answer["Payload"])
    assert error["errorType"] == "Runtime.Unavailable"
    assert "the runtime 'java21'" in error["errorMessage"]


def test_a_node_function_and_a_bootstrap_of_its_own_run(
    engine: Engine, invoke: Any, windtunnel_settings: Settings
) -> None:
    client, files = (
        engine.client("lambda"),
        {"index.mjs": "export const handler = async (e) => [e, process.version];\n"},
    )
    script = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
head="${TMPDIR:-/tmp}/head"; event=$(curl -sSD "$head" "$api/next")
id=$(grep -i Aws-Request-Id "$head" | tr -d '[:space:]' | cut -d: -f2)
curl -sS -o /dev/null "$api/$id/response" -d "[$event]"
"""
    made = []
    for runtime, handler, content in (
        ("nodejs22.x", "index.handler", files),
        ("provided.al2023", "any", {"bootstrap": script}),
    ):
        if runtime.startswith("nodejs") and not (windtunnel_settings.install_dir / "runtime/node/bin/node").exists():
            continue
        made.append(f"f-{uuid4().hex[:8]}")
        client.create_function(
            FunctionName=made[-1], Runtime=runtime, Handler=handler, Role=ROLE, Code={"ZipFile": archive(content)}
        )
        client.get_waiter("function_active_v2").wait(FunctionName=made[-1], WaiterConfig={"Delay": 0.1})

    answers = [json.load(invoke(name, {"n": 1})["Payload"]) for name in made]

    assert [answer[0] for answer in answers] == [{"n": 1}] * len(made)
    for name in made:
        client.delete_function(FunctionName=name)


def test_concurrent_requests_have_environments_of_their_own(create: Create, invoke: Any) -> None:
    name = create(
        f"import os\n{MEET}busy = 0\ndef handler(port, c):\n"
        "  global busy; busy += 1; meet(port); most = busy; busy -= 1; return [os.getpid(), most]\n",
        Timeout=60,
    )

    with meeting(12) as port, ThreadPoolExecutor(12) as pool:
        answers = [json.load(answer["Payload"]) for answer in pool.map(lambda _: invoke(name, port), range(12))]

    assert {most for _pid, most in answers} == {1}
    assert len({pid for pid, _most in answers}) == 12


def test_many_cold_starts_at_once_all_answer(create: Create, invoke: Any) -> None:
    names = [create("def handler(e, c):\n  return e\n", Timeout=60) for _ in range(2)]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: json.load(invoke(names[n % 2], n)["Payload"]), range(60)))

    assert answers == list(range(60))


def test_layers_are_found_and_the_later_covers_the_earlier(engine: Engine, create: Create, invoke: Any) -> None:
    client = engine.client("lambda")
    arns = []
    for number in (1, 2):
        files = {"python/shared.py": f"word = {number}", f"python/only{number}.py": "here = True"}
        layer = client.publish_layer_version(LayerName=f"l-{uuid4().hex[:8]}", Content={"ZipFile": archive(files)})
        arns.append(layer["LayerVersionArn"])

    name = create(
        "import shared, only1, only2\ndef handler(e, c):\n  return [shared.word, only1.here, only2.here]\n", Layers=arns
    )

    assert json.load(invoke(name)["Payload"]) == [2, True, True]


def test_the_sdk_in_a_function_reaches_the_engine_with_the_roles_credentials(
    engine: Engine, create: Create, invoke: Any
) -> None:
    bucket = f"b-{uuid4().hex[:8]}"
    name = create(
        "import boto3\ns3 = boto3.client('s3')\n"
        "def handler(e, c):\n  s3.create_bucket(Bucket=e)\n  return boto3.client('sts').get_caller_identity()['Arn']\n",
        Timeout=20,
    )

    arn = json.load(invoke(name, bucket)["Payload"])

    assert arn == f"arn:aws:sts::000000000000:assumed-role/any/{name}"
    assert bucket in [b["Name"] for b in engine.client("s3").list_buckets()["Buckets"]]


def test_the_client_context_reaches_the_function(create: Create, invoke: Any) -> None:
    name = create("def handler(e, c):\n  return c.client_context and c.client_context.custom\n")
    context = base64.b64encode(json.dumps({"custom": {"word": "x"}}).encode()).decode()

    assert json.load(invoke(name, ClientContext=context)["Payload"]) == {"word": "x"}
    assert json.load(invoke(name)["Payload"]) is None


def test_a_log_group_of_the_functions_own_gets_its_log(engine: Engine, create: Create, invoke: Any) -> None:
    group = f"mine-{uuid4().hex[:8]}"
    name = create(
        "import os\ndef handler(e, c):\n  print('here'); return os.environ['AWS_LAMBDA_LOG_GROUP_NAME']\n",
        LoggingConfig={"LogFormat": "Text", "LogGroup": group},
    )

    assert json.load(invoke(name)["Payload"]) == group
    logs = engine.client("logs")

    def written() -> bool | None:
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except ClientError:
            return None
        return any(event["message"].strip() == "here" for event in events) or None

    wait_until(written, what=f"the log in {group}", timeout=10)


def test_a_version_goes_on_when_the_latest_code_changes(engine: Engine, create: Create, invoke: Any) -> None:
    client = engine.client("lambda")
    name = create("def handler(e, c):\n  import late\n  return late.word\n")
    files = {"app.py": "def handler(e, c):\n  import late\n  return late.word\n", "late.py": "word = 1\n"}
    client.update_function_code(FunctionName=name, ZipFile=archive(files))
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
    version = client.publish_version(FunctionName=name)["Version"]
    client.get_waiter("published_version_active").wait(
        FunctionName=name, Qualifier=version, WaiterConfig={"Delay": 0.1}
    )

    client.update_function_code(FunctionName=name, ZipFile=archive({**files, "late.py": "word = 2\n"}))
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})

    assert json.load(invoke(name)["Payload"]) == 2
    assert json.load(invoke(name, Qualifier=version)["Payload"]) == 1


def test_an_asynchronous_invocation_runs(engine: Engine, create: Create, invoke: Any) -> None:
    name = create("def handler(e, c):\n  print('ran with', e)\n")

    answer = invoke(name, "later", InvocationType="Event")

    assert answer["StatusCode"] == 202
    assert "ran with later" in messages(engine, name, "ran with")


def test_a_deleted_function_leaves_no_process(engine: Engine, invoke: Any) -> None:
    client = engine.client("lambda")
    name = create_function(client, "import os\ndef handler(e, c):\n  return os.getpid()\n")
    pid = json.load(invoke(name)["Payload"])

    client.delete_function(FunctionName=name)

    wait_until(lambda: not psutil.pid_exists(pid) or None, what="the function's process to end", timeout=10)


@pytest.mark.parametrize("way", ["stopped", "killed"])
def test_no_function_outlives_its_engine(windtunnel_settings: Settings, tmp_path: Path, way: str) -> None:
    settings = apart(windtunnel_settings, tmp_path / "s")
    harness = Harness(settings)
    harness.start()
    try:
        client = harness.client("lambda")
        name = create_function(client, "import os\ndef handler(e, c):\n  return os.getpid()\n")
        pid = json.load(client.invoke(FunctionName=name)["Payload"])
        engine = psutil.Process(harness.engine.status().pid)

        if way == "killed":
            os.kill(engine.pid, signal.SIGKILL)
            engine.wait(10)
        else:
            harness.engine.stop(lambda _line: None)

        wait_until(lambda: not psutil.pid_exists(pid) or None, what="the function's end", timeout=5)
    finally:
        harness.engine.stop(lambda _line: None)
