"""Functions of other runtimes than Python, with real processes: Node.js under AWS's own client, and `provided` ones."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from windtunnel.engines.process import lives

Make = Any
Node = Callable[..., Any]
BOOTSTRAP = """#!/bin/sh
# AWS Lambda Developer Guide, "Tutorial: Building a custom runtime", in plain sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
head="$(mktemp)"
while true; do
  event=$(curl -sS -D "$head" "$api/invocation/next")
  id=$(grep -i Lambda-Runtime-Aws-Request-Id "$head" | tr -d '[:space:]' | cut -d: -f2)
  echo "got $event"
  case $event in
    *fail*) curl -s -X POST "$api/invocation/$id/error" -H 'Lambda-Runtime-Function-Error-Type: Function.Failed' \\
              -d '{"errorMessage": "it failed", "errorType": "Function.Failed"}' ;;
    *die*) exit 3 ;;
    *) curl -s -X POST "$api/invocation/$id/response" -d "[\\"$_HANDLER\\", $event]" ;;
  esac
done
"""


def answer(result: Any) -> Any:
    return json.loads(result.payload)


@pytest.fixture
def node(make_lambda: Make, runtime_python: Path) -> Node:
    """Publishes a Node.js function; skipped where scripts/bootstrap found no Node.js."""
    if not (runtime_python.parents[2] / "node/bin/node").exists():
        pytest.skip("no Node.js here (scripts/bootstrap says so)")

    def node(source: str, *, file: str = "app.js", runtime: str = "nodejs22.x", **changes: Any) -> Any:
        aws = make_lambda()
        version = aws.version("", runtime=runtime, **{"memory": 256, **changes})
        (Path(version["code"]) / file).write_text(source)
        aws.publish("f", {"$LATEST": version})
        return aws

    return node


def provided(make_lambda: Make, bootstrap: str | None, **changes: Any) -> Any:
    aws = make_lambda()
    version = aws.version("", runtime="provided.al2023", handler="any.thing", **changes)
    if bootstrap is not None:
        program = Path(version["code"]) / "bootstrap"
        program.write_text(bootstrap)
        program.chmod(0o755)
    aws.publish("f", {"$LATEST": version})
    return aws


# --- provided ---------------------------------------------------------------------------------------------------------


async def test_a_bootstrap_in_sh_answers_again_and_again(make_lambda: Make) -> None:
    aws = provided(make_lambda, BOOTSTRAP)

    first = await aws.call(payload=b'{"n": 1}')
    second = await aws.call(payload=b'{"n": 2}')

    assert [answer(first), answer(second)] == [["any.thing", {"n": 1}], ["any.thing", {"n": 2}]]
    assert b'got {"n": 1}\n' in first.log_tail
    assert sum("INIT_START Runtime Version: provided.al2023" in line for line in aws.sink.messages) == 1


async def test_an_error_of_a_bootstrap_is_a_function_error(make_lambda: Make) -> None:
    aws = provided(make_lambda, BOOTSTRAP)

    failed = await aws.call(payload=b'"fail"')
    well = await aws.call(payload=b"1")

    assert (failed.error, answer(failed)) == (
        "Unhandled",
        {"errorMessage": "it failed", "errorType": "Function.Failed"},
    )
    assert b"Status: error\tError Type: Function.Failed" in failed.log_tail
    assert answer(well) == ["any.thing", 1]


async def test_a_bootstrap_that_exits_is_an_exit_error(make_lambda: Make) -> None:
    aws = provided(make_lambda, BOOTSTRAP)

    died = await aws.call(payload=b'"die"')
    well = await aws.call(payload=b"1")

    assert answer(died)["errorType"] == "Runtime.ExitError"
    assert answer(died)["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert answer(well) == ["any.thing", 1]


async def test_a_bootstrap_may_be_in_a_layer(make_lambda: Make, tmp_path: Path) -> None:
    opt = tmp_path / "opt"
    opt.mkdir()
    (opt / "bootstrap").write_text(BOOTSTRAP)
    (opt / "bootstrap").chmod(0o755)

    aws = provided(make_lambda, None, layers=str(opt))

    assert answer(await aws.call(payload=b"1")) == ["any.thing", 1]


@pytest.mark.parametrize(
    ("bootstrap", "words"),
    [
        # AWS Lambda Developer Guide, "Troubleshoot invocation issues in Lambda"
        (None, r"Couldn't find valid bootstrap\(s\): \[/var/task/bootstrap /opt/bootstrap\]"),
        # recorded: aws-samples/aws-lambda-layer-kubectl issue 39
        ("#!/no/such/shell\n", "fork/exec /.*/bootstrap: no such file or directory"),
        ("\0\0\0\0", "fork/exec /.*/bootstrap: exec format error"),
    ],
)
async def test_a_bootstrap_that_cannot_be_run_is_an_invalid_entrypoint(
    make_lambda: Make, bootstrap: str | None, words: str
) -> None:
    aws = provided(make_lambda, bootstrap)

    result = await aws.call()

    assert answer(result)["errorType"] == "Runtime.InvalidEntrypoint"
    assert re.fullmatch(f"RequestId: {result.request_id} Error: {words}", answer(result)["errorMessage"])
    assert b"Phase: invoke\tStatus: error\tError Type: Runtime.InvalidEntrypoint" in result.log_tail


# --- Node.js ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runtime", ["nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x"])
@pytest.mark.parametrize(
    ("file", "export"), [("app.js", "exports.handler ="), ("app.mjs", "export const handler =")]
)  # fmt: skip
async def test_a_handler_gets_its_event_and_its_context(node: Node, runtime: str, file: str, export: str) -> None:
    """AWS Lambda Developer Guide, "Using the Lambda context object to retrieve Node.js function information"."""
    aws = node(
        export + " async (event, context) => {\n"
        "  console.log('said', {a: 1}, 'two\\nlines');\n"
        "  const left = context.getRemainingTimeInMillis();\n"
        "  return [event, context.awsRequestId, context.functionName, context.memoryLimitInMB, left < 5001,\n"
        "    context.invokedFunctionArn, context.clientContext, process.env._X_AMZN_TRACE_ID];\n"
        "};\n",
        file=file,
        runtime=runtime,
    )

    result = await aws.call(payload='{"n": "é"}'.encode(), request_id="id-7", trace_id="Root=1-a-b")
    again = await aws.call(payload=b"2", request_id="id-8")

    arn = "arn:aws:lambda:eu-west-1:000000000000:function:f"
    assert answer(result) == [{"n": "é"}, "id-7", "f", "256", True, arn, None, "Root=1-a-b"]
    assert answer(again)[:2] == [2, "id-8"]
    assert re.search(rb"\dZ\tid-7\tINFO\tsaid \{ a: 1 \} two\nlines\n", result.log_tail)


async def test_a_handler_may_take_a_callback(node: Node) -> None:
    """Up to nodejs22.x (AWS Lambda Developer Guide, "Define Lambda function handler in Node.js")."""
    aws = node(
        "exports.handler = (event, context, callback) => {\n"
        "  setTimeout(() => event === 'fail' ? callback(new RangeError('no')) : callback(null, [event]), 10);\n};\n"
    )

    assert answer(await aws.call(payload=b"1")) == [1]
    failed = await aws.call(payload=b'"fail"')
    assert (answer(failed)["errorType"], answer(failed)["errorMessage"]) == ("RangeError", "no")
    assert answer(await aws.call(payload=b"2")) == [2]


async def test_node_24_refuses_callbacks(node: Node) -> None:
    aws = node("exports.handler = (event, context, callback) => callback(null, 1);\n", runtime="nodejs24.x")

    result = await aws.call()

    assert answer(result)["errorType"] == "Runtime.CallbackHandlerDeprecated"


async def test_an_exception_has_its_type_and_trace(node: Node) -> None:
    aws = node("exports.handler = async () => { const e = new Error('no'); e.name = 'Own'; throw e; };\n")

    result = await aws.call()
    again = await aws.call()

    assert (result.error, answer(result)["errorType"], answer(result)["errorMessage"]) == ("Unhandled", "Own", "no")
    assert answer(result)["trace"][0] == "Own: no"
    assert b"\tERROR\tInvoke Error \t{" in result.log_tail
    assert answer(again)["errorType"] == "Own"


async def test_an_unhandled_rejection_ends_the_process(node: Node) -> None:
    """Runtime.UnhandledPromiseRejection, and the next invocation has a new process."""
    aws = node(
        "let n = 0; exports.handler = async (event) => { n += 1;\n"
        "  if (event) { Promise.reject(new Error('lost')); await new Promise(r => setTimeout(r, 100)); }\n"
        "  return n; };\n"
    )
    await aws.call(payload=b"null")

    lost = await aws.call(payload=b"1")
    after = await aws.call(payload=b"null")

    assert answer(lost)["errorType"] == "Runtime.UnhandledPromiseRejection"
    assert answer(lost)["errorMessage"] == "Error: lost"
    assert answer(after) == 1


@pytest.mark.parametrize(
    ("source", "handler", "kind"),
    [
        ("exports.other = 1;", "app.handler", "Runtime.HandlerNotFound"),
        ("exports.handler = (", "app.handler", "Runtime.UserCodeSyntaxError"),
        ("", "missing.handler", "Runtime.ImportModuleError"),
        ("require('no-such-package');", "app.handler", "Runtime.ImportModuleError"),
        ("throw new TypeError('at init');", "app.handler", "TypeError"),
    ],
)
async def test_an_init_that_fails_is_the_answer(node: Node, source: str, handler: str, kind: str) -> None:
    aws = node(source, handler=handler)

    result = await aws.call()

    assert answer(result)["errorType"] == kind
    assert f"Phase: invoke\tStatus: error\tError Type: {kind}".encode() in result.log_tail


@pytest.mark.parametrize("file", ["app.js", "app.mjs"])
async def test_the_sdk_is_there_and_a_layers_packages_too(node: Node, tmp_path: Path, file: str) -> None:
    """AWS Lambda Developer Guide, "Working with layers for Node.js Lambda functions"."""
    package = tmp_path / "opt/nodejs/node_modules/own"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "own", "version": "1.0.0", "main": "index.js"}')
    (package / "index.js").write_text("exports.name = 'of the layer';\n")
    imports = (
        "import { DynamoDBClient } from '@aws-sdk/client-dynamodb';\nimport own from 'own';\nexport "
        if file.endswith("mjs")
        else "const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');\nconst own = require('own');\n"
    )
    declare = "const handler" if file.endswith("mjs") else "exports.handler"
    aws = node(
        f"{imports}{declare} = async () => [own.name, (await new DynamoDBClient().config.region())];\n",
        file=file,
        layers=str(tmp_path / "opt"),
    )

    assert answer(await aws.call()) == ["of the layer", "eu-west-1"]


async def test_a_process_that_exits_right_after_its_answer_has_answered(node: Node) -> None:
    aws = node(
        "exports.handler = (event, context, callback) => {\n"
        "  context.callbackWaitsForEmptyEventLoop = false;\n"
        "  setTimeout(() => process.exit(0), 30); callback(null, 'x'.repeat(event)); };\n"
    )

    for size in (10, 2_000_000):
        assert len(answer(await aws.call(payload=b"%d" % size))) == size


async def test_a_busy_loop_times_out(node: Node) -> None:
    aws = node("exports.handler = async () => { for (;;); };\n", timeout=1)

    result = await aws.call()

    assert answer(result)["errorType"] == "Sandbox.Timedout"


async def test_node_is_said_to_be_another_where_it_is(
    node: Node, runtime_python: Path, caplog: pytest.LogCaptureFixture
) -> None:
    version = (runtime_python.parents[2] / "node/version").read_text().strip().removeprefix("v")
    other = "nodejs18.x" if version.split(".")[0] != "18" else "nodejs20.x"

    node("", runtime=other)

    assert f"f asks for {other}, which is not there: it runs on nodejs:{version}" in caplog.text


# --- an engine that is killed ----------------------------------------------------------------------------------------

ENGINE = """
import asyncio, json, sys
from pathlib import Path
from windtunnel.functions.plane import FunctionsPlane, Options

class Sink:
    def write(self, *line): pass
    def add(self, series, value): pass

async def main(folder, runtimes, isolate, document):
    plane = FunctionsPlane(folder=Path(folder), runtimes=Path(runtimes), endpoint_url="http://127.0.0.1:1", sink=Sink(),
                           options=Options(isolate=isolate))
    plane.apply("function/000000000000/eu-west-1/f", document)
    target = plane.find("f", account="000000000000", region="eu-west-1")
    print((await plane.invoke(target, b'"x"')).error or "well", flush=True)
    await asyncio.sleep(60)

asyncio.run(main(*json.loads(sys.argv[1])))
"""
LEAVING = BOOTSTRAP.replace("while true", "sleep 60 &\nwhile true", 1)
"""A bootstrap that has something running beside it."""


@pytest.mark.parametrize("isolate", [True, False], ids=["isolated", "on the host's files"])
@pytest.mark.parametrize(
    ("runtime", "file", "source"),
    [
        ("provided.al2023", "bootstrap", LEAVING),
        ("nodejs22.x", "app.js", "exports.handler = async () => { setInterval(() => {}, 1000); };\n"),
    ],
    ids=["provided", "node"],
)
async def test_nothing_is_left_of_an_engine_that_is_killed(
    make_lambda: Make, runtime_python: Path, isolate: bool, runtime: str, file: str, source: str
) -> None:
    runtimes = runtime_python.parents[2]
    if runtime.startswith("node") and not (runtimes / "node/bin/node").exists():
        pytest.skip("no Node.js here (scripts/bootstrap says so)")
    aws = make_lambda()
    version = aws.version("", runtime=runtime, memory=256)
    (Path(version["code"]) / file).write_text(source)
    (Path(version["code"]) / file).chmod(0o755)
    place = {"account": "000000000000", "region": "eu-west-1", "name": "f", "versions": {"$LATEST": version}}
    words = json.dumps([str(aws.folder / "killed"), str(runtimes), isolate, place])
    with subprocess.Popen([sys.executable, "-c", ENGINE, words], stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == b"well\n"
        started = psutil.Process(engine.pid).children(recursive=True)
        assert len(started) > 2

        engine.kill()

    async with asyncio.timeout(5):
        while left := [one for one in started if lives(one)]:
            await asyncio.sleep(0.01)
    assert not left


def test_the_tools_of_these_tests_are_there() -> None:
    assert shutil.which("curl"), "apt-get install curl"
