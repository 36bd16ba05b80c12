"""The Runtime API as any runtime client may use it. Source: AWS Lambda Developer Guide, "Runtime API"."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from windtunnel.functions.runtime_api import Delivery, InitFailed, Outcome, Ready, Responded, RuntimeApi
from windtunnel.functions.spec import Invocation

RUNTIME = "/2018-06-01/runtime"
DELIVERY = Delivery(Invocation("id-1", b'{"a": 1}', "arn:f", "Root=1-a-b", '{"custom": 1}'), 1234)


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


async def test_an_invocation_that_is_there_is_had_at_once(runtime: Runtime) -> None:
    runtime.api.deliver(DELIVERY)

    assert (await runtime.call("GET", f"{RUNTIME}/invocation/next")).status == 200


@pytest.mark.parametrize(("kind", "is_error"), [("response", False), ("error", True)])
async def test_an_answer_is_accepted_and_told(runtime: Runtime, kind: str, is_error: bool) -> None:
    answer = await runtime.call("POST", f"{RUNTIME}/invocation/id-1/{kind}", b"[1]")

    assert (answer.status, json.loads(answer.body)) == (202, {"status": "OK"})
    assert runtime.told == [Responded("id-1", b"[1]", is_error)]


async def test_an_answer_may_come_in_parts(runtime: Runtime) -> None:
    parts = iter([b"x" * 300_000 for _ in range(10)])

    answer = await runtime.call("POST", f"{RUNTIME}/invocation/id-1/response", parts)

    assert answer.status == 202
    assert runtime.told == [Responded("id-1", b"x" * 3_000_000, False)]


@pytest.mark.parametrize("asking", ["", "?next"])
async def test_an_answer_over_the_limit_is_refused_and_told(runtime: Runtime, asking: str) -> None:
    answer = await runtime.call("POST", f"{RUNTIME}/invocation/id-1/response{asking}", b"x" * 6_291_557)

    assert answer.status == 413
    assert json.loads(answer.body)["errorType"] == "RequestEntityTooLarge"
    assert runtime.told == [Responded("id-1", None, True)]


async def test_a_client_of_ours_asks_for_the_next_with_its_answer(runtime: Runtime) -> None:
    asked = asyncio.create_task(runtime.call("POST", f"{RUNTIME}/invocation/id-0/response?next", b"[0]"))
    async with asyncio.timeout(5):
        while not runtime.told:
            await asyncio.sleep(0.01)
    assert runtime.told == [Responded("id-0", b"[0]", False)]

    runtime.api.deliver(DELIVERY)

    assert (await asked).headers["Lambda-Runtime-Aws-Request-Id"] == "id-1"


async def test_an_init_error_is_accepted_and_told(runtime: Runtime) -> None:
    assert (await runtime.call("POST", f"{RUNTIME}/init/error", b'{"errorType": "X"}')).status == 202
    assert runtime.told == [InitFailed(b'{"errorType": "X"}')]


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", f"{RUNTIME}/x"), ("PUT", f"{RUNTIME}/init/error")])
async def test_another_call_is_not_found(runtime: Runtime, method: str, path: str) -> None:
    answer = await runtime.call(method, path)

    assert (answer.status, json.loads(answer.body)["errorType"]) == (404, "InvalidRequest")
    assert not runtime.told
