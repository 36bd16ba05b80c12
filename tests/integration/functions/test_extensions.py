"""External and internal extensions, as layers have them. Source: AWS Lambda Developer Guide, "Lambda Extensions API";
statuses and words: AWS's runtime interface emulator, rapi/handler/agent*.go."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from windtunnel.engines.waiting import wait_until

Make = Any
API = "/2020-01-01/extension"
EXTENSION = f"""#!/usr/bin/env -S python3 -IS
import http.client, json, os
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def call(method, path, body=None, **headers):
    connection.request(method, "{API}/" + path, body, {{k.replace("_", "-"): v for k, v in headers.items()}})
    answer = connection.getresponse()
    return answer.headers, json.loads(answer.read())
def note(*words):
    print("NOTE", json.dumps(words), flush=True)
headers, told = call("POST", "register", json.dumps({{"events": EVENTS}}), Lambda_Extension_Name=NAME)
note("registered", told, "_HANDLER" in os.environ)
identity = headers["Lambda-Extension-Identifier"]
BEFORE
while True:
    headers, event = call("GET", "event/next", Lambda_Extension_Identifier=identity)
    note(event["eventType"], event)
    print("extension had", event["eventType"], flush=True)
    ON_EVENT
    if event["eventType"] == "SHUTDOWN":
        break
"""
HANDLER = "import time\ndef handler(e, c):\n  print('handled'); return e\n"
WithExtension = Callable[..., Any]


@pytest.fixture
def with_extension(make_lambda: Make, tmp_path: Path) -> WithExtension:
    """Publishes a function with a layer that has an extension, which notes its doings in the log: `aws.notes()`."""

    def publish(
        source: str = HANDLER, name: str = "noter", before: str = "", on_event: str = "", **changes: Any
    ) -> Any:
        events = changes.pop("events", ["INVOKE", "SHUTDOWN"])
        folder = tmp_path / "opt/extensions"
        folder.mkdir(parents=True)
        code = EXTENSION.replace("EVENTS", repr(events)).replace("NAME", repr(changes.pop("said", name)))
        (folder / name).write_text(code.replace("BEFORE", before or "pass").replace("ON_EVENT", on_event or "pass"))
        (folder / name).chmod(0o755)
        aws = make_lambda(**changes.pop("options", {}))
        aws.function(source, layers=str(tmp_path / "opt"), **changes)
        aws.notes = lambda: [json.loads(line) for one in aws.sink.messages for line in one.split("NOTE ")[1:]]
        return aws

    return publish


def answer(result: Any) -> Any:
    return json.loads(result.payload)


async def test_an_extension_hears_of_each_invocation_and_of_the_end(with_extension: WithExtension) -> None:
    aws = with_extension()

    first = await aws.call(payload=b"1", request_id="id-1", trace_id="Root=1-a-b")
    await aws.call(payload=b"2", request_id="id-2")
    await aws.plane.close()

    registered, one, two, end = aws.notes()
    assert registered == [
        "registered",
        {"functionName": "f", "functionVersion": "$LATEST", "handler": "app.handler"},
        False,
    ]
    assert one[1]["requestId"] == "id-1"
    assert one[1]["invokedFunctionArn"] == "arn:aws:lambda:eu-west-1:000000000000:function:f"
    assert one[1]["tracing"] == {"type": "X-Amzn-Trace-Id", "value": "Root=1-a-b"}
    assert one[1]["deadlineMs"] > 0
    assert two[1]["requestId"] == "id-2"
    assert (end[0], end[1]["shutdownReason"]) == ("SHUTDOWN", "spindown")
    assert b"EXTENSION\tName: noter\tState: Ready\tEvents: [INVOKE, SHUTDOWN]" in first.log_tail
    assert b"extension had INVOKE" in first.log_tail


async def test_an_environment_is_busy_until_its_extensions_are_done(with_extension: WithExtension) -> None:
    aws = with_extension(on_event="import time; time.sleep(0.3); note('done')", events=["INVOKE"])

    await aws.call()
    await aws.call()

    assert [kind for kind, *_ in aws.notes()] == ["registered", "INVOKE", "done", "INVOKE", "done"]


async def test_an_init_waits_for_extensions(with_extension: WithExtension) -> None:
    aws = with_extension(before="import time; time.sleep(0.5); note('set up')")

    result = await aws.call()

    assert [kind for kind, *_ in aws.notes()][:3] == ["registered", "set up", "INVOKE"]
    assert b"Init Duration: " in result.log_tail


async def test_an_extension_that_does_not_register_fails_the_init(with_extension: WithExtension) -> None:
    aws = with_extension(said="another", events=[], options={"init_seconds": 0.5}, timeout=1)

    result = await aws.call()

    assert answer(result)["errorType"] == "Sandbox.Timedout"
    assert b"Phase: init\tStatus: timeout" in result.log_tail


async def test_an_extension_that_reports_an_error_fails_the_init(with_extension: WithExtension) -> None:
    report = "call('POST', 'init/error', b'{}', Lambda_Extension_Identifier=identity, "
    aws = with_extension(before=report + "Lambda_Extension_Function_Error_Type='Extension.Mine')")

    result = await aws.call()

    assert answer(result)["errorType"] == "Extension.InitError"
    assert b"Phase: init\tStatus: error\tError Type: Extension.InitError" in result.log_tail


async def test_an_extension_that_dies_between_invocations_has_the_environment_replaced(
    with_extension: WithExtension,
) -> None:
    aws = with_extension("import os\ndef handler(e, c):\n  return os.getpid()\n", before="note(os.getpid())")
    first = answer(await aws.call())

    os.kill(aws.notes()[1][0], signal.SIGKILL)
    async with asyncio.timeout(5):
        while Path(f"/proc/{first}/cwd").exists():
            await asyncio.sleep(0.01)

    assert answer(await aws.call()) != first


async def test_an_extension_that_ends_in_an_invocation_is_a_crash(with_extension: WithExtension) -> None:
    report = "call('POST', 'exit/error', b'{}', Lambda_Extension_Identifier=identity, "
    aws = with_extension(on_event=report + "Lambda_Extension_Function_Error_Type='Extension.Mine')")

    result = await aws.call()

    assert answer(result)["errorType"] == "Extension.ExitError"


async def test_an_extension_that_takes_too_long_is_a_timeout(with_extension: WithExtension) -> None:
    """The function's timeout is that of the whole phase, extensions included."""
    aws = with_extension(on_event="import time; time.sleep(60)", timeout=1)

    result = await aws.call()

    assert answer(result)["errorType"] == "Sandbox.Timedout"
    assert b"handled" in result.log_tail


INTERNAL = """
import http.client, json, os, threading
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
heard = []
def call(method, path, body=None, headers={}):
    connection.request(method, "/2020-01-01/extension/" + path, body, headers)
    answer = connection.getresponse()
    return answer, json.loads(answer.read())
answer, told = call("POST", "register", '{"events": ["INVOKE"]}', {"Lambda-Extension-Name": "inner"})
identity = answer.headers["Lambda-Extension-Identifier"]
def listen():
    while True:
        heard.append(call("GET", "event/next", None, {"Lambda-Extension-Identifier": identity})[1]["requestId"])
threading.Thread(target=listen, daemon=True).start()
def handler(e, c):
    return heard
"""


async def test_an_internal_extension_hears_of_invocations(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function(INTERNAL)

    await aws.call(request_id="id-1")
    result = await aws.call(request_id="id-2")

    assert answer(result)[0] == "id-1"


# what is wrong is said with AWS's own types

IDENTIFIER = "Lambda-Extension-Identifier"
UNKNOWN = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "kind"),
    [
        ("POST", "register", "{}", {}, 403, "Extension.InvalidExtensionName"),
        ("POST", "register", "{", {"Lambda-Extension-Name": "x"}, 403, "InvalidRequestFormat"),
        ("POST", "register", '{"events": ["X"]}', {"Lambda-Extension-Name": "x"}, 403, "Extension.InvalidEventType"),
        ("POST", "register", '{"events": ["SHUTDOWN"]}', {"Lambda-Extension-Name": "x"}, 403,
         "Extension.InvalidEventType"),
        ("POST", "register", '{"events": []}', {"Lambda-Extension-Name": "x"}, 403, "Extension.RegistrationClosed"),
        ("GET", "event/next", None, {}, 403, "Extension.MissingExtensionIdentifier"),
        ("GET", "event/next", None, {IDENTIFIER: "x"}, 403, "Extension.InvalidExtensionIdentifier"),
        ("GET", "event/next", None, {IDENTIFIER: UNKNOWN}, 403, "Extension.UnknownExtensionIdentifier"),
        ("POST", "exit/error", None, {}, 403, "Extension.MissingExtensionIdentifier"),
    ],
)  # fmt: skip
async def test_a_call_that_is_wrong_is_refused(
    make_lambda: Make, method: str, path: str, body: str | None, headers: Mapping[str, str], status: int, kind: str
) -> None:
    aws = make_lambda()
    aws.function("import os\ndef handler(e, c):\n  return os.environ['AWS_LAMBDA_RUNTIME_API']\n")
    address = answer(await aws.call())

    def call() -> tuple[int, Any]:
        connection = http.client.HTTPConnection(address, timeout=5)
        connection.request(method, f"{API}/{path}", body, dict(headers))
        response = connection.getresponse()
        got = response.status, json.loads(response.read())
        connection.close()
        return got

    got, error = await asyncio.to_thread(call)
    assert (got, error["errorType"]) == (status, kind)


async def test_telemetry_is_said_to_be_not_supported(make_lambda: Make) -> None:
    """As AWS's emulator says it, so that a layer goes on without: 202, Telemetry.NotSupported."""
    aws = make_lambda()
    aws.function("import os\ndef handler(e, c):\n  return os.environ['AWS_LAMBDA_RUNTIME_API']\n")
    address = answer(await aws.call())

    def call() -> tuple[int, Any]:
        connection = http.client.HTTPConnection(address, timeout=5)
        connection.request("PUT", "/2022-07-01/telemetry", "{}")
        response = connection.getresponse()
        got = response.status, json.loads(response.read())
        connection.close()
        return got

    assert await asyncio.to_thread(call) == (
        202,
        {"errorMessage": "Telemetry API is not supported", "errorType": "Telemetry.NotSupported"},
    )


async def test_nothing_of_an_extension_is_left(with_extension: WithExtension) -> None:
    aws = with_extension(
        before="note(os.getpid())", on_event="if event['eventType'] == 'SHUTDOWN': import time; time.sleep(60)"
    )
    await aws.call()
    pid = aws.notes()[1][0]

    await aws.plane.close()

    def gone() -> bool | None:
        try:
            return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z" or None
        except OSError:
            return True

    assert await asyncio.to_thread(wait_until, gone, what="the extension's end", timeout=5)
