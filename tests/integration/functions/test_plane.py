"""Functions published to a plane, with real processes under AWS's runtime interface client."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from contextlib import suppress
from typing import Any

import psutil
import pytest
from tests.integration.functions.processes import named
from tests.integration.meeting import MEET, meeting

from windtunnel.functions.invoke_error import InvokeError, NoSuchFunction
from windtunnel.functions.pool import FEW

ACCOUNT, REGION = "000000000000", "eu-west-1"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
PID = "import os\ndef handler(e, c):\n  return os.getpid()\n"
SLOW_PID = "import os, time\ndef handler(e, c):\n  time.sleep(e or 0); return os.getpid()\n"
Make = Any


def answer(result: Any) -> Any:
    return json.loads(result.payload)


async def gone(pid: int) -> None:
    async with asyncio.timeout(5):
        while psutil.pid_exists(pid):
            await asyncio.sleep(0.01)


async def test_a_function_answers(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function("def handler(e, c):\n  print('said'); return [e, c.aws_request_id, c.invoked_function_arn]\n")

    result = await aws.call(payload=b'{"a": 1}', request_id="id-1")

    assert answer(result) == [{"a": 1}, "id-1", ARN]
    assert (result.error, result.version, result.request_id) == ("", "$LATEST", "id-1")
    assert [line.split()[0] for line in result.log_tail.decode().splitlines()] == [
        "INIT_START", "START", "said", "END", "REPORT",
    ]  # fmt: skip


async def test_each_message_is_logged_as_cloudwatch_has_it(make_lambda: Make) -> None:
    # recorded: LocalStack's test_lambda.snapshot.json, test_invocation_with_logs[python3.10]: each ends with a newline
    aws = make_lambda(now=lambda: 1_790_000_000.25)
    aws.function("def handler(e, c):\n  print('one\\ntwo'); raise ValueError('no')\n", logGroup="mine")

    await aws.call(request_id="id-1")

    messages = aws.sink.messages
    assert messages[1:4] == ["START RequestId: id-1 Version: $LATEST\n", "one\n", "two\n"]
    assert messages[4].startswith("[ERROR] ValueError: no\nTraceback")
    assert messages[4].endswith("\n")
    assert messages[5:] == ["END RequestId: id-1\n", messages[-1]]
    account, region, group, stream, moment, _ = aws.sink.written[-1]
    assert (account, region, group, moment) == (ACCOUNT, REGION, "mine", 1_790_000_000_250)
    # AWS Lambda Developer Guide, "Configuring CloudWatch log groups": others may share a group of one's own choice
    assert re.fullmatch(r"2026/09/21/f\[\$LATEST\][0-9a-f]{32}", stream)


async def test_a_trace_and_a_client_context_reach_the_function(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function(
        "import os\ndef handler(e, c):\n"
        "  return [os.environ['_X_AMZN_TRACE_ID'], c.client_context and c.client_context.custom]\n"
    )
    context = base64.b64encode(json.dumps({"custom": {"word": "é"}}).encode()).decode()

    given = answer(await aws.call(trace_id="Root=1-a-b", client_context=context))
    own = answer(await aws.call(client_context="no base64"))

    assert given == ["Root=1-a-b", {"word": "é"}]
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", own[0])
    assert own[1] is None


@pytest.mark.parametrize("name", ["f", "f:$LATEST", ARN, f"{ACCOUNT}:function:f", f"{ARN}:$LATEST"])
async def test_a_function_is_found_by_every_name(make_lambda: Make, name: str) -> None:
    aws = make_lambda()
    aws.function(PID)

    target = aws.plane.find(name, account=ACCOUNT, region=REGION)

    assert (target.account, target.region, target.name, target.version) == (ACCOUNT, REGION, "f", "$LATEST")
    assert target.arn == (f"{ARN}:$LATEST" if "$" in name else ARN)


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        # recorded: test_invoke_exceptions, invoke_function_doesnotexist
        ("other", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:other:$LATEST"),
        ("f:7", f"{ARN}:7"),
        ("f:live", f"{ARN}:live"),
        ("arn:aws:lambda:us-east-1:000000000000:function:f:7", "arn:aws:lambda:us-east-1:000000000000:function:f:7"),
    ],
)
async def test_what_is_not_there_is_said_with_its_arn(make_lambda: Make, name: str, arn: str) -> None:
    aws = make_lambda()
    aws.function(PID)

    with pytest.raises(NoSuchFunction) as caught:
        aws.plane.find(name, account=ACCOUNT, region=REGION)

    assert (caught.value.status, caught.value.message) == (404, f"Function not found: {arn}")


async def test_two_qualifiers_that_differ_are_refused(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.publish("f", {"1": aws.version(PID)})

    with pytest.raises(InvokeError, match="derived qualifier") as caught:
        aws.plane.find("f:1", account=ACCOUNT, region=REGION, qualifier="2")

    assert (caught.value.type, caught.value.status) == ("InvalidParameterValueException", 400)


async def test_an_alias_shares_its_invocations_out(make_lambda: Make) -> None:
    chances = iter([0.05, 0.5, 0.05, 0.5])
    aws = make_lambda(chance=lambda: next(chances))
    source = "import os\ndef handler(e, c):\n  return [c.function_version, c.invoked_function_arn]\n"
    policies = {"live": {"Version": "2012-10-17", "Statement": []}}
    versions = {number: aws.version(source) for number in ("$LATEST", "1", "2")}
    aws.publish("f", versions, aliases={"live": {"version": "1", "weights": {"2": 0.1}}}, policies=policies)

    results = [await aws.call("f:live") for _ in range(4)]

    assert [answer(result) for result in results] == [[number, f"{ARN}:live"] for number in "2121"]
    assert [result.version for result in results] == list("2121")
    assert aws.plane.find("f:live", account=ACCOUNT, region=REGION).policy == policies["live"]


async def test_a_function_that_is_being_made_is_waited_for(make_lambda: Make) -> None:
    aws = make_lambda()
    version = aws.version(PID)
    aws.publish("f", {"$LATEST": {**version, "state": "Pending", "code": None}})
    call = asyncio.create_task(aws.call())
    await asyncio.sleep(0)

    aws.publish("f", {"$LATEST": version})

    assert (await call).error == ""


@pytest.mark.parametrize("state", ["Pending", "Failed", "Inactive"])
async def test_a_function_that_is_not_active_is_a_conflict(make_lambda: Make, state: str) -> None:
    # recorded: remotion-dev/remotion issue 1186, for Pending
    aws = make_lambda(pending_seconds=0.0)
    aws.function(PID, state=state)

    with pytest.raises(InvokeError) as caught:
        await aws.call()

    assert (caught.value.type, caught.value.status) == ("ResourceConflictException", 409)
    assert caught.value.message == (
        f"The operation cannot be performed at this time. The function is currently in the following state: {state}"
    )


async def test_a_request_over_six_megabytes_is_refused(make_lambda: Make) -> None:
    # recorded: awslabs/aws-athena-query-federation issue 793
    aws = make_lambda()
    aws.function("def handler(e, c):\n  return len(e)\n", timeout=20)

    at_the_limit = await aws.call(payload=b'"' + b"x" * 6_291_454 + b'"')
    with pytest.raises(InvokeError) as caught:
        await aws.call(payload=b'"' + b"x" * 6_291_455 + b'"')

    assert answer(at_the_limit) == 6_291_454
    assert (caught.value.type, caught.value.status) == ("RequestEntityTooLargeException", 413)
    assert caught.value.message == "Request must be smaller than 6291456 bytes for the InvokeFunction operation"


@pytest.mark.parametrize("runtime", ["java21", "ruby3.4", "dotnet8", None])
async def test_a_runtime_that_cannot_be_run_answers_with_its_name(make_lambda: Make, runtime: str | None) -> None:
    aws = make_lambda()
    aws.function("", runtime=runtime)

    result = await aws.call()

    assert result.error == "Unhandled"
    assert answer(result)["errorType"] == "Runtime.Unavailable"
    assert f"the runtime {runtime or 'of a container image'!r}" in answer(result)["errorMessage"]


async def test_code_that_is_gone_is_an_answer_too(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function("", code="/nonexistent")

    result = await aws.call()

    assert answer(result)["errorType"] == "Runtime.InvalidEntrypoint"
    assert "/nonexistent" in answer(result)["errorMessage"]


# --- versions that change ---------------------------------------------------------------------------------------------


async def test_a_new_revision_is_what_runs_next_and_the_old_one_ends(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function(PID)
    before = answer(await aws.call())

    aws.function("def handler(e, c):\n  return 'new'\n")

    assert answer(await aws.call()) == "new"
    await gone(before)


async def test_what_is_not_changed_keeps_its_environments(make_lambda: Make) -> None:
    aws = make_lambda()
    version = aws.version(PID)
    aws.publish("f", {"$LATEST": version})
    before = answer(await aws.call())

    aws.publish("f", {"$LATEST": {**version, "credentials": {}}, "1": aws.version(PID)}, reservedConcurrency=3)

    assert answer(await aws.call()) == before


async def test_who_runs_and_who_waits_is_served_over_a_change(make_lambda: Make) -> None:
    aws = make_lambda(starts=1)
    aws.function(SLOW_PID)
    old = answer(await aws.call())
    running, *waiting = [asyncio.create_task(aws.call(payload=b"0.3")) for _ in range(4)]
    await asyncio.sleep(0)  # they are taken and queued; no other environment can be ready yet

    aws.function("def handler(e, c):\n  return 'new'\n")

    assert [answer(await call) for call in waiting] == ["new"] * 3
    assert answer(await running) == old
    await gone(old)


async def test_who_runs_and_who_waits_is_served_over_a_deletion(make_lambda: Make) -> None:
    aws = make_lambda(starts=1)
    aws.function(SLOW_PID)
    pid = answer(await aws.call())
    calls = [asyncio.create_task(aws.call(payload=b"0.1")) for _ in range(3)]
    await asyncio.sleep(0.02)

    aws.delete("f")

    assert not [result for result in await asyncio.gather(*calls) if result.error]
    await gone(pid)
    with pytest.raises(NoSuchFunction):
        await aws.call()


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_reserved_concurrency_is_a_throttle(make_lambda: Make) -> None:
    # recorded: test_lambda_concurrency_block, invoke_latest_first_exc
    aws = make_lambda()
    aws.publish("f", {"$LATEST": aws.version(SLOW_PID)}, reservedConcurrency=1)
    first = asyncio.create_task(aws.call(payload=b"0.3"))
    await asyncio.sleep(0)

    with pytest.raises(InvokeError) as caught:
        await aws.call()

    assert (caught.value.status, caught.value.reason) == (429, "ReservedFunctionConcurrentInvocationLimitExceeded")
    assert not (await first).error
    assert not (await aws.call()).error


async def test_who_gives_up_waiting_leaves_everything_in_order(make_lambda: Make) -> None:
    aws = make_lambda(starts=1)
    aws.publish("f", {"$LATEST": aws.version(SLOW_PID)}, reservedConcurrency=2)
    await aws.call()
    calls = [asyncio.create_task(aws.call(payload=b"0.2")) for _ in range(2)]
    await asyncio.sleep(0)  # one is under way, for the other an environment is being started

    for call in calls:
        call.cancel()
    await asyncio.wait(calls)

    # the one under way goes on, and both count: until it is done, and until the other's environment is there
    results: list[Any] = []
    async with asyncio.timeout(10):
        while not results:
            with suppress(InvokeError):
                results = await asyncio.gather(*[aws.call() for _ in range(2)])
            await asyncio.sleep(0.01)
    assert sum(line.startswith("REPORT") for line in aws.sink.messages) >= 4
    assert not [result for result in results if result.error]


# --- environments -----------------------------------------------------------------------------------------------------


async def test_a_fast_function_needs_only_a_few_environments(make_lambda: Make) -> None:
    aws = make_lambda(starts=3 * FEW)
    # a start takes so long that all are answered before one is worth it, however busy the machine
    aws.function(f"import time\ntime.sleep(1)\n{PID}", timeout=60)
    await aws.call()

    pids = {answer(result) for result in await asyncio.gather(*[aws.call() for _ in range(50)])}

    assert len(pids) <= FEW
    # nor were more begun, which are there in a moment
    await asyncio.sleep(0.5)
    assert len(named("function")) <= FEW


async def test_concurrent_invocations_of_a_slow_function_have_environments_of_their_own(make_lambda: Make) -> None:
    aws = make_lambda(starts=2)
    aws.function(f"import os\n{MEET}def handler(port, c):\n  meet(port); return os.getpid()\n", timeout=60)

    with meeting(6) as port:
        results = await asyncio.gather(*[aws.call(payload=b"%d" % port) for _ in range(6)])

    assert not [result for result in results if result.error]
    assert len({answer(result) for result in results}) == 6


async def test_idle_environments_are_retired(make_lambda: Make) -> None:
    clock = [0.0]
    aws = make_lambda(idle_seconds=300.0, clock=lambda: clock[0])
    aws.publish("f", {"$LATEST": aws.version(PID), "1": aws.version(PID)})
    assert await aws.plane.provision(f"{ACCOUNT}/{REGION}/f", "1", "p1") == ""
    on_demand, provisioned = answer(await aws.call()), answer(await aws.call("f:1"))

    clock[0] = 299.0
    aws.plane.retire_idle()
    assert answer(await aws.call()) == on_demand
    clock[0] = 600.0
    aws.plane.retire_idle()

    await gone(on_demand)
    assert answer(await aws.call("f:1")) == provisioned


async def test_a_provisioned_environment_is_there_before_it_is_asked_for(make_lambda: Make) -> None:
    aws = make_lambda()
    source = "import os\ntype = os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\ndef handler(e, c):\n  return [type]\n"
    aws.publish("f", {"1": aws.version(source)})

    assert await aws.plane.provision(f"{ACCOUNT}/{REGION}/f", "1", "p1") == ""

    assert answer(await aws.call("f:1")) == ["provisioned-concurrency"]
    assert aws.plane.withdraw("p1")
    assert not aws.plane.withdraw("p1")
    assert answer(await aws.call("f:1")) == ["on-demand"]


async def test_a_provisioned_environment_whose_init_fails_is_told_of(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.publish("f", {"1": aws.version("raise ValueError('no')\n")})

    assert await aws.plane.provision(f"{ACCOUNT}/{REGION}/f", "1", "p1") == "ValueError"

    assert any("no" in message for message in aws.sink.messages)
    with pytest.raises(NoSuchFunction):
        await aws.plane.provision(f"{ACCOUNT}/{REGION}/f", "2", "p2")


async def test_a_provisioned_environment_that_is_busy_ends_when_it_is_done(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.publish("f", {"1": aws.version(SLOW_PID)})
    await aws.plane.provision(f"{ACCOUNT}/{REGION}/f", "1", "p1")
    call = asyncio.create_task(aws.call("f:1", b"0.2"))
    await asyncio.sleep(0.02)

    assert aws.plane.withdraw("p1")

    await gone(answer(await call))


async def test_provisioned_environments_are_beyond_the_reservation_of_the_others(make_lambda: Make) -> None:
    # recorded: test_reserved_provisioned_overlap
    aws = make_lambda()
    aws.publish("f", {"$LATEST": aws.version(PID), "1": aws.version(PID)}, reservedConcurrency=1)
    await aws.plane.provision(f"{ACCOUNT}/{REGION}/f", "1", "p1")

    with pytest.raises(InvokeError, match="Rate Exceeded"):
        await aws.call()

    assert not (await aws.call("f:1")).error


async def test_close_answers_who_is_still_there(make_lambda: Make) -> None:
    aws = make_lambda(starts=1)
    aws.function(SLOW_PID, timeout=60)
    await aws.call()
    calls = [asyncio.create_task(aws.call(payload=b"60")) for _ in range(3)]
    await asyncio.sleep(0.3)

    await aws.plane.close()

    said = [
        outcome.type if isinstance(outcome, InvokeError) else answer(outcome)["errorType"]
        for outcome in await asyncio.gather(*calls, return_exceptions=True)
    ]
    assert said[0] == "Runtime.ExitError"
    assert set(said) <= {"Runtime.ExitError", "ServiceException"}
