"""Lambda's Invoke over HTTP, on a real socket. Source: AWS Lambda API Reference, Invoke: paths, headers, statuses."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from windtunnel.functions.control import functions_control
from windtunnel.functions.invoke_api import invoke_api
from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange, Server, answering

ACCOUNT, REGION = "000000000000", "eu-west-1"
ECHO = "def handler(e, c):\n  print('said'); return [e, c.function_version]\n"
Make = Any


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Api:
    """A plane, and an HTTP server before it that answers 299 for what is not the plane's."""

    def __init__(self, aws: Any) -> None:
        self.aws = aws
        self.server = Server(answering(self._answer, asyncio.get_running_loop()))
        self.port = 0

    async def _answer(self, exchange: Exchange) -> Response:
        plane = self.aws.plane
        response = await invoke_api(exchange, plane, ACCOUNT, REGION) or await functions_control(exchange, plane)
        return response or Response(299, (), await exchange.body(100_000_000))

    async def call(
        self, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, method: str = "POST"
    ) -> Answer:
        def call() -> Answer:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
            connection.close()
            return answer

        return await asyncio.to_thread(call)

    async def invoke(self, name: str = "f", body: bytes = b"", query: str = "", **headers: str) -> Answer:
        said = {f"X-Amz-{name.replace('_', '-')}": value for name, value in headers.items()}
        return await self.call(f"/2015-03-31/functions/{name}/invocations{query}", body, said)


@pytest.fixture
def make_api(runner: asyncio.Runner, make_lambda: Make) -> Iterator[Callable[[str], Any]]:
    """Makes the server of a function."""
    made: list[Api] = []

    async def make(source: str, **changes: Any) -> Api:
        aws = make_lambda()
        aws.publish("f", {"$LATEST": aws.version(source), "1": aws.version(source)}, **changes)
        made.append(Api(aws))
        made[-1].port = await made[-1].server.listen()
        return made[-1]

    yield make
    for api in made:
        runner.run(api.server.close())


async def test_an_invocation_is_answered(make_api: Make) -> None:
    api = await make_api(ECHO)

    answer = await api.invoke(body=b'{"a": 1}')

    assert (answer.status, answer.json) == (200, [{"a": 1}, "$LATEST"])
    assert answer.headers["x-amz-executed-version"] == "$LATEST"
    assert len(answer.headers["x-amzn-requestid"]) == 36
    assert answer.headers["content-type"] == "application/json"
    assert not {"x-amz-function-error", "x-amz-log-result"} & set(answer.headers)


async def test_no_payload_is_an_empty_object(make_api: Make) -> None:
    api = await make_api(ECHO)

    assert (await api.invoke()).json[0] == {}


async def test_the_log_comes_with_the_answer_where_it_is_asked_for(make_api: Make) -> None:
    api = await make_api(ECHO)

    answer = await api.invoke(Log_Type="Tail")

    log = base64.b64decode(answer.headers["x-amz-log-result"]).decode()
    assert f"START RequestId: {answer.headers['x-amzn-requestid']} Version: $LATEST\nsaid\n" in log


async def test_a_function_that_fails_is_a_function_error(make_api: Make) -> None:
    api = await make_api("def handler(e, c):\n  raise ValueError('no')\n")

    answer = await api.invoke()

    assert (answer.status, answer.headers["x-amz-function-error"]) == (200, "Unhandled")
    assert answer.json["errorType"] == "ValueError"


@pytest.mark.parametrize(
    ("name", "query"),
    [("f", "?Qualifier=1"), ("f:1", ""), (quote(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f:1", safe=""), "")],
)
async def test_a_version_is_named_in_every_way(make_api: Make, name: str, query: str) -> None:
    api = await make_api(ECHO)

    answer = await api.invoke(name, b"1", query)

    assert (answer.json, answer.headers["x-amz-executed-version"]) == ([1, "1"], "1")


@pytest.mark.parametrize(
    ("name", "headers"),
    [("f", {"Invocation_Type": "Event"}), ("f", {"Invocation_Type": "DryRun"}), ("other", {}), ("f:live", {})],
)
async def test_what_is_the_backplanes_is_left_to_it_whole(
    make_api: Make, name: str, headers: Mapping[str, str]
) -> None:
    api = await make_api(ECHO)

    answer = await api.invoke(name, b'{"kept": true}', **headers)

    assert (answer.status, answer.body) == (299, b'{"kept": true}')


@pytest.mark.parametrize("path", ["/2021-11-15/functions/f/response-streaming-invocations", "/2015-03-31/functions/f"])
async def test_another_path_is_the_backplanes(make_api: Make, path: str) -> None:
    api = await make_api(ECHO)

    assert (await api.call(path, b"1")).status == 299


async def test_a_payload_that_is_no_json_is_refused(make_api: Make) -> None:
    # recorded: LocalStack's test_lambda.snapshot.json, test_lambda_invoke_payload_encoding_error
    api = await make_api(ECHO)

    answer = await api.invoke(body=b"n\x87r")

    assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "InvalidRequestContentException")
    assert answer.json["Type"] == "User"
    assert answer.json["message"].startswith(
        "Could not parse request body into json: Could not parse payload into json: Invalid UTF-8 start byte 0x87\n"
    )


async def test_a_client_context_is_base64_of_an_object(make_api: Make) -> None:
    api = await make_api("def handler(e, c):\n  return c.client_context.custom\n")
    context = base64.b64encode(b'{"custom": {"a": "b"}}').decode()

    good, bad = await api.invoke(Client_Context=context), await api.invoke(Client_Context="{}")

    assert good.json == {"a": "b"}
    assert (bad.status, bad.headers["x-amzn-errortype"]) == (400, "InvalidRequestContentException")
    assert bad.json["message"] == "Client context must be a valid Base64-encoded JSON object."


async def test_a_payload_over_the_limit_is_refused(make_api: Make) -> None:
    api = await make_api("def handler(e, c):\n  return len(e)\n")

    answer = await api.invoke(body=b'"' + b"x" * 6_291_455 + b'"')

    assert (answer.status, answer.headers["x-amzn-errortype"]) == (413, "RequestEntityTooLargeException")


async def test_a_throttle_is_429_with_its_reason(make_api: Make) -> None:
    api = await make_api(ECHO, reservedConcurrency=0)

    answer = await api.invoke()

    assert (answer.status, answer.headers["x-amzn-errortype"]) == (429, "TooManyRequestsException")
    assert answer.json["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


# --- what the plugin asks ---------------------------------------------------------------------------------------------


def said(**changes: str) -> Mapping[str, str]:
    values = {"function": f"{ACCOUNT}/{REGION}/f", "version": "$LATEST", "request-id": "id-1", **changes}
    return {f"x-windtunnel-{name.replace('_', '-')}": value for name, value in values.items()}


async def test_an_invocation_of_the_backplanes_is_run_as_it_says(make_api: Make) -> None:
    api = await make_api("def handler(e, c):\n  return [e, c.aws_request_id, c.invoked_function_arn]\n")

    answer = await api.call("/_windtunnel/invocations", b"[1]", said(function_arn="arn:as:invoked"))

    assert (answer.status, answer.json) == (200, [[1], "id-1", "arn:as:invoked"])
    assert "x-amz-function-error" not in answer.headers


async def test_a_failure_of_the_backplanes_invocation_is_marked(make_api: Make) -> None:
    api = await make_api("import os\ndef handler(e, c):\n  os._exit(1)\n")

    answer = await api.call("/_windtunnel/invocations", b"1", said())

    assert (answer.status, answer.headers["x-amz-function-error"]) == (200, "Unhandled")


async def test_a_refusal_of_the_backplanes_invocation_keeps_its_status(make_api: Make) -> None:
    api = await make_api(ECHO, reservedConcurrency=0)

    throttled = await api.call("/_windtunnel/invocations", b"1", said())
    missing = await api.call("/_windtunnel/invocations", b"1", said(version="9"))

    assert (throttled.status, throttled.headers["x-amzn-errortype"]) == (429, "TooManyRequestsException")
    assert (missing.status, missing.headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")


async def test_provisioned_environments_are_started_and_ended(make_api: Make) -> None:
    api = await make_api("import os\ndef handler(e, c):\n  return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\n")
    order = json.dumps({"function": f"{ACCOUNT}/{REGION}/f", "version": "1", "id": "e-1"}).encode()

    started = await api.call("/_windtunnel/environments", order)
    provisioned = await api.invoke("f:1")
    ended = await api.call("/_windtunnel/environments/e-1", method="DELETE")

    assert (started.json, provisioned.json) == ({"error": ""}, "provisioned-concurrency")
    assert ended.status == 200
    assert (await api.invoke("f:1")).json == "on-demand"
