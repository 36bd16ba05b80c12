"""The init phase and its limits.

Source: AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle": 10 seconds, then it is
tried again in the first invocation with the function's timeout; with provisioned concurrency 130 seconds, or the
function's timeout where that is longer.
"""

from __future__ import annotations

import json
import re
from typing import Any

Make = Any
ACCOUNT, REGION = "000000000000", "eu-west-1"
SLOW = "import time\ntime.sleep({})\ndef handler(e, c):\n  return 'well'\n"


def answer(result: Any) -> Any:
    return json.loads(result.payload)


async def test_an_init_over_its_limit_is_tried_again_in_the_invocation(make_lambda: Make) -> None:
    aws = make_lambda(init_seconds=0.5)
    aws.function(SLOW.format(0.8))

    result = await aws.call()

    log = result.log_tail.decode()
    assert answer(result) == "well"
    assert re.search(r"^INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: timeout$", log, re.MULTILINE)
    assert log.count("INIT_START") == 2
    # the second is a part of the invocation
    duration = float(re.search(r"\tDuration: ([\d.]+) ms", log)[1])  # type: ignore[index]
    assert duration >= 800
    assert "\tInit Duration:" not in log


async def test_in_the_invocation_an_init_has_the_functions_timeout(make_lambda: Make) -> None:
    aws = make_lambda(init_seconds=0.3)
    aws.function(SLOW.format(30), timeout=1)

    result = await aws.call()

    log = result.log_tail.decode()
    assert answer(result) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {result.request_id} Error: Task timed out after 1.00 seconds",
    }
    assert "Phase: init\tStatus: timeout" in log
    assert "Phase: invoke\tStatus: timeout" in log
    assert re.search(r"REPORT .*\tDuration: 1\d\d\d\.\d\d ms\t.*Status: timeout", log)


async def test_an_init_with_provisioned_concurrency_has_more_time(make_lambda: Make) -> None:
    aws = make_lambda(init_seconds=0.3)
    aws.publish("f", {"1": aws.version(SLOW.format(0.8))})

    assert await aws.plane.provision(f"{ACCOUNT}/{REGION}/f", "1", "p1") == ""

    result = await aws.call("f:1")
    assert answer(result) == "well"
    assert result.log_tail.count(b"INIT_START") <= 1


async def test_an_init_that_fails_is_reported_for_its_phase_and_tried_again(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function("raise ValueError('at import')\n")

    first = await aws.call()
    second = await aws.call()

    assert answer(first)["errorType"] == answer(second)["errorType"] == "ValueError"
    phases = re.findall(rb"Phase: (\w+)\tStatus: error\tError Type: ValueError", first.log_tail)
    assert phases == [b"init", b"invoke"]
    assert re.findall(rb"Phase: (\w+)", second.log_tail) == [b"invoke"]
