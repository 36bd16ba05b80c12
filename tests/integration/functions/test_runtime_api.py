"""The Runtime API as any runtime client may use it. Source: AWS Lambda Developer Guide, "Runtime API"."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from windtunnel.functions.runtime_api import Delivery, InitFailed, Outcome, Ready, Responded, RuntimeApi
from windtunnel.functions.spec import Invocation

RUNTIME = "/2018-06-01/runtime"
DELIVERY = Delivery(
    Invocation("id-1", b'{"a": 1}', "arn:f", "Root=1-a-b", '{"custom": 1}', '{"cognitoIdentityId": "x"}'), 1234
)


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Runtime:
    """A runtime's side, and what the API tells of it."""

    def __init__(self) -> None:
        self.told: list[Outcome] = []
        self.api = RuntimeApi(asyncio.get_running_loop(), self.told.append)
        self.connection: http.client.HTTPConnection

    async def start(self) -> Runtime:
        await self.api.listen()
        self.connection = http.client.HTTPConnection(self.api.address, timeout=10)
        return self

    async def call(self, method: str, path: str, body: bytes | Any = None) -> Answer:
        def call() -> Answer:
            self.connection.request(method, path, body)
            response = self.connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())

        return await asyncio.to_thread(call)


@pytest.fixture
def runtime(runner: asyncio.Runner) -> Iterator[Runtime]:
    async def start() -> Runtime:
        return await Runtime().start()

    runtime = runner.run(start())
    yield runtime
    runtime.connection.close()
    runner.run(runtime.api.close())


async def test_next_waits_for_an_invocation_and_gets_it_with_its_headers(runtime: Runtime) -> None:
    asked = asyncio.create_task(runtime.call("GET", f"{RUNTIME}/invocation/next"))
    async with asyncio.timeout(5):
        while not runtime.told:
            await asyncio.sleep(0.01)
    assert runtime.told == [Ready()]
    assert not runtime.api.taken

    runtime.api.deliver(DELIVERY)

    status, headers, body = await asked
    assert (status, body) == (200, b'{"a": 1}')
    assert runtime.api.taken
    assert headers["Lambda-Runtime-Aws-Request-Id"] == "id-1"
    assert headers["Lambda-Runtime-Deadline-Ms"] == "1234"
    assert headers["Lambda-Runtime-Invoked-Function-Arn"] == "arn:f"
    assert headers["Lambda-Runtime-Trace-Id"] == "Root=1-a-b"
    assert headers["Lambda-Runtime-Client-Context"] == '{"custom": 1}'
    assert headers["Lambda-Runtime-Cognito-Identity"] == '{"cognitoIdentityId": "x"}'


async def test_an_invocation_that_is_there_is_had_at_once(runtime: Runtime) -> None:
    runtime.api.deliver(DELIVERY)

    assert (await runtime.call("GET", f"{RUNTIME}/invocation/next")).status == 200


async def have(runtime: Runtime) -> None:
    """The runtime has the invocation id-1."""
    runtime.api.deliver(DELIVERY)
    await runtime.call("GET", f"{RUNTIME}/invocation/next")
    runtime.told.clear()


@pytest.mark.parametrize(("kind", "is_error"), [("response", False), ("error", True)])
async def test_an_answer_is_accepted_and_told(runtime: Runtime, kind: str, is_error: bool) -> None:
    await have(runtime)

    answer = await runtime.call("POST", f"{RUNTIME}/invocation/id-1/{kind}", b"[1]")

    assert (answer.status, json.loads(answer.body)) == (202, {"status": "OK"})
    assert runtime.told == [Responded("id-1", b"[1]", is_error)]


async def test_an_answer_may_come_in_parts(runtime: Runtime) -> None:
    await have(runtime)
    parts = iter([b"x" * 300_000 for _ in range(10)])

    answer = await runtime.call("POST", f"{RUNTIME}/invocation/id-1/response", parts)

    assert answer.status == 202
    assert runtime.told == [Responded("id-1", b"x" * 3_000_000, False)]


@pytest.mark.parametrize("asking", ["", "?next"])
async def test_an_answer_over_the_limit_is_refused_and_told(runtime: Runtime, asking: str) -> None:
    await have(runtime)

    answer = await runtime.call("POST", f"{RUNTIME}/invocation/id-1/response{asking}", b"x" * 6_291_557)

    assert answer.status == 413
    assert json.loads(answer.body) == {
        "errorType": "RequestEntityTooLarge",
        "errorMessage": "Exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert runtime.told == [Responded("id-1", None, True)]


async def test_a_client_of_ours_asks_for_the_next_with_its_answer(runtime: Runtime) -> None:
    await have(runtime)
    asked = asyncio.create_task(runtime.call("POST", f"{RUNTIME}/invocation/id-1/response?next", b"[0]"))
    async with asyncio.timeout(5):
        while not runtime.told:
            await asyncio.sleep(0.01)
    assert runtime.told == [Responded("id-1", b"[0]", False)]

    runtime.api.deliver(Delivery(DELIVERY.invocation._replace(request_id="id-2"), 1))

    assert (await asked).headers["Lambda-Runtime-Aws-Request-Id"] == "id-2"


async def test_a_client_of_ours_may_have_a_connection_that_is_there_already(runtime: Runtime) -> None:
    line = await runtime.api.connect()
    with line:
        line.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(line, f"GET {RUNTIME}/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n".encode())
        async with asyncio.timeout(5):
            while not runtime.told:
                await asyncio.sleep(0.001)

        runtime.api.deliver(DELIVERY)

        assert (await loop.sock_recv(line, 10_000)).endswith(b'\r\n\r\n{"a": 1}')


async def test_an_init_error_is_accepted_and_told(runtime: Runtime) -> None:
    def call() -> int:
        headers = {"Lambda-Runtime-Function-Error-Type": "Runtime.NoSuchHandler"}
        runtime.connection.request("POST", f"{RUNTIME}/init/error", b'{"errorMessage": "X"}', headers)
        response = runtime.connection.getresponse()
        response.read()
        return response.status

    assert await asyncio.to_thread(call) == 202
    assert runtime.told == [InitFailed(b'{"errorMessage": "X"}', "Runtime.NoSuchHandler")]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("POST", f"{RUNTIME}/x"), ("PUT", f"{RUNTIME}/init/error"),
                         ("GET", f"{RUNTIME}/restore/next"), ("POST", f"{RUNTIME}/invocation/id-1/other")]
)  # fmt: skip
async def test_another_call_is_not_found(runtime: Runtime, method: str, path: str) -> None:
    """restore/next is there for SnapStart only (AWS's runtime interface emulator, rapi/router.go)."""
    assert (await runtime.call(method, path)).status == 404
    assert not runtime.told


# Statuses and bodies below: AWS's runtime interface emulator, rapi/middleware, rapi/handler and rapi/rendering


@pytest.mark.parametrize("kind", ["response", "error"])
async def test_an_answer_to_another_invocation_is_an_invalid_request_id(runtime: Runtime, kind: str) -> None:
    before = await runtime.call("POST", f"{RUNTIME}/invocation/id-1/{kind}", b"1")
    await have(runtime)

    other = await runtime.call("POST", f"{RUNTIME}/invocation/id-2/{kind}", b"1")

    for answer in (before, other):
        assert answer.status == 400
        assert json.loads(answer.body) == {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"}
    assert not runtime.told


async def test_a_second_answer_is_an_invalid_state_transition(runtime: Runtime) -> None:
    await have(runtime)
    await runtime.call("POST", f"{RUNTIME}/invocation/id-1/response", b"1")

    answer = await runtime.call("POST", f"{RUNTIME}/invocation/id-1/error", b"2")

    assert answer.status == 403
    assert json.loads(answer.body) == {
        "errorType": "InvalidStateTransition",
        "errorMessage": "State transition from RuntimeResponseSentState to InvocationErrorResponse failed for runtime. "
        "Error: State transition is not allowed",
    }
    assert runtime.told == [Responded("id-1", b"1", False)]


async def test_an_init_error_after_the_init_is_an_invalid_state_transition(runtime: Runtime) -> None:
    await have(runtime)

    answer = await runtime.call("POST", f"{RUNTIME}/init/error", b"{}")

    assert (answer.status, json.loads(answer.body)["errorType"]) == (403, "InvalidStateTransition")
    assert not runtime.told


async def test_who_asks_again_without_an_answer_gets_the_same_invocation(runtime: Runtime) -> None:
    await have(runtime)

    again = await runtime.call("GET", f"{RUNTIME}/invocation/next")

    assert (again.headers["Lambda-Runtime-Aws-Request-Id"], again.body) == ("id-1", b'{"a": 1}')
    assert not runtime.told


async def test_a_runtime_whose_init_failed_gets_no_invocation(runtime: Runtime) -> None:
    await runtime.call("POST", f"{RUNTIME}/init/error", b"{}")

    answer = await runtime.call("GET", f"{RUNTIME}/invocation/next")

    assert answer.status == 403
    assert "from InitError to Ready failed for runtime" in json.loads(answer.body)["errorMessage"]


async def post(runtime: Runtime, kind: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    def call() -> Answer:
        runtime.connection.request("POST", f"{RUNTIME}/invocation/id-1/{kind}", body, dict(headers))
        response = runtime.connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())

    return await asyncio.to_thread(call)


@pytest.mark.parametrize(("said", "reported"), [("Function.MyOwn", "Function.MyOwn"), ("Own", "Runtime.Unknown")])
async def test_an_error_type_may_come_in_a_header(runtime: Runtime, said: str, reported: str) -> None:
    """One that AWS does not know is Runtime.Unknown (fatalerror.go)."""
    await have(runtime)

    await post(runtime, "error", b"{}", {"Lambda-Runtime-Function-Error-Type": said})

    assert runtime.told == [Responded("id-1", b"{}", True, reported)]


async def test_an_error_with_its_cause_reaches_the_caller_without(runtime: Runtime) -> None:
    await have(runtime)
    body = json.dumps({"errorMessage": "m", "errorType": "T", "stackTrace": ["s"], "cause": {"paths": []}}).encode()

    await post(runtime, "error", body, {"Content-Type": "application/vnd.aws.lambda.error.cause+json"})

    told = runtime.told[0]
    assert isinstance(told, Responded)
    assert told.body is not None
    assert json.loads(told.body) == {"errorMessage": "m", "errorType": "T", "stackTrace": ["s"]}


async def test_another_response_mode_than_streaming_is_refused(runtime: Runtime) -> None:
    await have(runtime)

    answer = await post(runtime, "response", b"1", {"Lambda-Runtime-Function-Response-Mode": "buffered"})

    assert answer.status == 400
    assert json.loads(answer.body)["errorType"] == "InvalidFunctionResponseMode"
    assert runtime.told == [Responded("id-1", b"", True, "Runtime.InvalidResponseModeHeader")]


class Taken:
    """A caller that takes a response as it comes."""

    def __init__(self) -> None:
        self.content_type = b""
        self.parts: list[bytes] = []

    def start(self, content_type: bytes) -> None:
        self.content_type = content_type

    async def write(self, data: bytes) -> None:
        self.parts.append(data)


STREAMED = (
    b"POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nHost: r\r\nContent-Type: text/plain\r\n"
    b"Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n"
    b"Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n"
)


async def stream(runtime: Runtime, *parts: bytes) -> bytes:
    """Send the rest of STREAMED, part by part; the answer."""
    host, _, port = runtime.api.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for part in (STREAMED, *parts):
        writer.write(part)
        await writer.drain()
    try:
        return await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()


@pytest.mark.parametrize("streams", [True, False])
async def test_a_streamed_response_is_passed_on_as_it_comes(runtime: Runtime, streams: bool) -> None:
    """AWS Lambda Developer Guide, "Custom runtime API: response streaming"."""
    taken = Taken()
    invocation = DELIVERY.invocation._replace(stream=taken if streams else None)
    runtime.api.deliver(Delivery(invocation, 1))
    await runtime.call("GET", f"{RUNTIME}/invocation/next")

    answer = await stream(runtime, b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 202")
    assert runtime.told[1:] == [Responded("id-1", b"" if streams else b"abcde", False)]
    assert (taken.content_type, b"".join(taken.parts)) == ((b"text/plain", b"abcde") if streams else (b"", b""))


async def test_an_error_in_the_middle_of_a_stream_comes_in_its_trailers(runtime: Runtime) -> None:
    await have(runtime)
    error = base64.b64encode(b'{"errorMessage": "late"}')
    trailers = b"Lambda-Runtime-Function-Error-Type: Runtime.Late\r\nLambda-Runtime-Function-Error-Body: " + error

    await stream(runtime, b"3\r\nabc\r\n0\r\n" + trailers + b"\r\n\r\n")

    assert runtime.told == [Responded("id-1", b'{"errorMessage": "late"}', True, "Runtime.Late")]


async def test_a_stream_that_breaks_off_is_a_truncated_response(runtime: Runtime) -> None:
    await have(runtime)
    host, _, port = runtime.api.address.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(STREAMED + b"3\r\nabc\r\n")
    await writer.drain()

    writer.close()

    async with asyncio.timeout(5):
        while not runtime.told:
            await asyncio.sleep(0.01)
    assert [told.error_type for told in runtime.told if isinstance(told, Responded)] == ["Runtime.TruncatedResponse"]


async def test_a_stream_for_a_caller_who_takes_it_whole_has_the_limit_of_a_response(runtime: Runtime) -> None:
    await have(runtime)

    answer = await stream(runtime, b"%x\r\n" % 6_291_557, b"x" * 6_291_557, b"\r\n0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413")
    assert runtime.told == [Responded("id-1", None, True)]
