"""InvokeWithResponseStream with AWS's own client (botocore), and the metrics that invocations count for."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from windtunnel.functions.invoke_api import invoke_api
from windtunnel.functions.stream_api import stream_api
from windtunnel.http.messages import Response
from windtunnel.http.server import Exchange, Server, answering

ACCOUNT, REGION = "000000000000", "eu-west-1"
Make = Any
STREAMING = """
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  stream.setContentType('text/plain');
  for (let n = 0; n < event.parts; n++) {
    stream.write('x'.repeat(event.size));
    await new Promise(r => setTimeout(r, 20));
  }
  if (event.fail) throw new RangeError('late');
  stream.end();
  await stream.finished?.();
});
"""


class Api:
    """An edge's way to a plane."""

    def __init__(self, aws: Any) -> None:
        self.aws = aws
        self.server = Server(answering(self._answer, asyncio.get_running_loop()))
        self.client: Any = None

    async def start(self) -> None:
        port = await self.server.listen()
        self.client = boto3.client(
            "lambda", endpoint_url=f"http://127.0.0.1:{port}", region_name=REGION, aws_access_key_id="a",
            aws_secret_access_key="b", config=Config(retries={"max_attempts": 0}, proxies={}),
        )  # fmt: skip

    async def _answer(self, exchange: Exchange) -> Response | None:
        if await stream_api(exchange, self.aws.plane, ACCOUNT, REGION):
            return None
        response = await invoke_api(exchange, self.aws.plane, ACCOUNT, REGION)
        return response or Response(299, (), await exchange.body(100_000_000))

    async def stream(self, event: object, **options: Any) -> tuple[bytes, Any, int]:
        """The payload, the InvokeComplete and the number of chunks."""

        def call() -> tuple[bytes, Any, int]:
            answer = self.client.invoke_with_response_stream(FunctionName="f", Payload=json.dumps(event), **options)
            assert answer["ExecutedVersion"] == "$LATEST"
            events = list(answer["EventStream"])
            chunks = [one["PayloadChunk"]["Payload"] for one in events if "PayloadChunk" in one]
            assert list(events[-1]) == ["InvokeComplete"]
            return b"".join(chunks), events[-1]["InvokeComplete"], len(chunks)

        return await asyncio.to_thread(call)


@pytest.fixture
def make_api(runner: asyncio.Runner, make_lambda: Make, runtime_python: Path) -> Iterator[Callable[..., Any]]:
    made: list[Api] = []

    async def make(source: str, runtime: str = "") -> Api:
        if runtime and not (runtime_python.parents[2] / "node/bin/node").exists():
            pytest.skip("no Node.js here (scripts/bootstrap says so)")
        aws = make_lambda()
        version = aws.version(source, **({"runtime": runtime, "memory": 256} if runtime else {}))
        (Path(version["code"]) / "app.js").write_text(source)
        aws.publish("f", {"$LATEST": version})
        made.append(Api(aws))
        await made[-1].start()
        return made[-1]

    yield make
    for api in made:
        api.client.close()
        runner.run(api.server.close())


@pytest.mark.parametrize("runtime", ["nodejs22.x", "nodejs24.x"])
async def test_a_streamed_response_comes_in_chunks(make_api: Make, runtime: str) -> None:
    api = await make_api(STREAMING, runtime)

    payload, complete, chunks = await api.stream({"parts": 4, "size": 3}, LogType="Tail")

    assert payload == b"x" * 12
    assert chunks > 1
    assert "ErrorCode" not in complete
    assert b"START RequestId" in base64.b64decode(complete["LogResult"])


async def test_a_streamed_response_may_be_larger_than_another(make_api: Make) -> None:
    """200 MB (AWS Lambda Developer Guide, "Response streaming for Lambda functions"); a buffered one has 6 MB."""
    api = await make_api(STREAMING, "nodejs22.x")

    payload, complete, _ = await api.stream({"parts": 8, "size": 1_000_000})
    whole = await asyncio.to_thread(
        lambda: api.client.invoke(FunctionName="f", Payload=json.dumps({"parts": 2, "size": 5}))
    )

    assert (len(payload), complete) == (8_000_000, {})
    assert whole["Payload"].read() == b"x" * 10


async def test_an_error_in_the_middle_ends_the_stream_with_it(make_api: Make) -> None:
    api = await make_api(STREAMING, "nodejs22.x")

    payload, complete, _ = await api.stream({"parts": 2, "size": 3, "fail": True})
    again, well, _ = await api.stream({"parts": 1, "size": 3})

    assert payload == b"xxxxxx"
    assert complete["ErrorCode"] == "Unhandled"
    assert json.loads(complete["ErrorDetails"])["errorType"] == "RangeError"
    assert (again, well) == (b"xxx", {})


async def test_what_is_not_streamed_is_one_chunk(make_api: Make) -> None:
    api = await make_api("def handler(e, c):\n  if e: raise KeyError(e)\n  return [1]\n")

    assert await api.stream(None) == (b"[1]", {}, 1)
    payload, complete, chunks = await api.stream("no")
    assert (payload, chunks, complete["ErrorCode"]) == (b"", 0, "Unhandled")
    assert json.loads(complete["ErrorDetails"])["errorType"] == "KeyError"


async def test_a_refusal_is_an_exception(make_api: Make) -> None:
    api = await make_api("def handler(e, c):\n  pass\n")

    def call() -> Any:
        with pytest.raises(ClientError) as error:
            api.client.invoke_with_response_stream(FunctionName="f", Payload=b"{", InvocationType="RequestResponse")
        return error.value.response

    assert (await asyncio.to_thread(call))["Error"]["Code"] == "InvalidRequestContentException"


async def test_an_event_over_a_megabyte_is_refused(make_api: Make) -> None:
    """Lambda quotas: 1 MB asynchronously. The words: invoke_error.py."""
    api = await make_api("def handler(e, c):\n  pass\n")

    def call(size: int) -> Any:
        return api.client.invoke(FunctionName="f", Payload=b'"' + b"x" * (size - 2) + b'"', InvocationType="Event")

    assert (await asyncio.to_thread(call, 1_048_576))["StatusCode"] == 299  # it is the backplane's
    with pytest.raises(ClientError) as error:
        await asyncio.to_thread(call, 1_048_577)
    assert error.value.response["Error"] == {
        "Code": "RequestEntityTooLargeException",
        "Message": "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
    }


async def test_each_invocation_counts_once_and_a_throttle_as_nothing_else(make_lambda: Make) -> None:
    """AWS Lambda Developer Guide, "Types of metrics for Lambda functions"."""
    aws = make_lambda()
    source = "import time\ndef handler(e, c):\n  time.sleep(.2)\n  if e: raise KeyError(e)\n"
    aws.publish("f", {"$LATEST": aws.version(source)}, reservedConcurrency=2, aliases={"live": {"version": "$LATEST"}})

    await asyncio.gather(aws.call("f:live"), aws.call(payload=b"1"), aws.call(), aws.call(), return_exceptions=True)

    def sums(dimensions: dict[str, str]) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, under, value in aws.sink.metrics:
            if under == dimensions and name != "Duration":
                found[name] = found.get(name, 0) + value
        return found

    function = {"FunctionName": "f"}
    assert sums(function) == {"Invocations": 2, "Errors": 1, "Throttles": 2, "ConcurrentExecutions": 3}
    assert sums({}) == {"Invocations": 2, "Errors": 1, "Throttles": 2}
    assert sums({**function, "Resource": "f:live"}) == {"Invocations": 1, "Errors": 0}
    durations = [value for name, under, value in aws.sink.metrics if name == "Duration" and under == function]
    assert len(durations) == 2
    assert all(200 <= value < 2000 for value in durations)
