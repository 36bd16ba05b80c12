"""Hundreds of invocations of functions that crash, hang, answer too much, and are killed and replaced meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.integration.functions.processes import kept, named, no_more_than

SOURCE = """
import os, subprocess, sys, time
def handler(what, c):
    if what == 'crash': os._exit(3)
    if what == 'kill': os.kill(os.getpid(), 9)
    if what == 'hang': time.sleep(60)
    if what == 'raise': raise ValueError('no')
    if what == 'large': return 'x' * 6_291_560
    if what == 'words': print('y' * 100_000)
    if what == 'child': subprocess.Popen(['sleep', '60'])
    return c.aws_request_id
"""
ERRORS = {
    "crash": {"Runtime.ExitError"},
    "kill": {"Runtime.ExitError"},
    "hang": {"Sandbox.Timedout", "Runtime.ExitError"},
    "raise": {"ValueError", "Runtime.ExitError"},
    "large": {"Function.ResponseSizeTooLarge", "Runtime.ExitError"},
}
WEIGHTS = {"": 60, "words": 12, "raise": 8, "crash": 6, "kill": 6, "large": 3, "child": 3, "hang": 2}
COUNT = int(os.environ.get("WINDTUNNEL_STORM", "250"))
"""Invocations for each seed; WINDTUNNEL_STORM=10000 takes some minutes."""
Make = Any


def footprint() -> tuple[int, ...]:
    """Descriptors, functions, mounts."""
    # other programs may mount meanwhile
    return psutil.Process().num_fds(), kept(), Path("/proc/self/mounts").read_text().count("windtunnel")


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_happens_every_invocation_is_answered_and_nothing_is_left(make_lambda: Make, seed: int) -> None:
    dice = random.Random(seed)
    first = make_lambda()
    first.function("def handler(e, c):\n  pass\n")
    await first.call()
    await first.plane.close()  # the loop's own threads and descriptors are there from now on
    before = footprint()
    aws = make_lambda()
    aws.function(SOURCE, timeout=2)
    killed, answered = 0, Counter[str]()

    async def client(work: list[tuple[str, str]]) -> None:
        while work:
            what, request_id = work.pop()
            result = await aws.call(payload=json.dumps(what).encode(), request_id=request_id)
            document = json.loads(result.payload)
            if result.error:
                assert document["errorType"] in ERRORS.get(what, {"Runtime.ExitError"}), (what, result.log_tail)
            else:
                assert document == request_id
            assert f"END RequestId: {request_id}\nREPORT RequestId: {request_id}" in result.log_tail.decode()
            answered[document["errorType"] if result.error else "well"] += 1

    async def havoc() -> None:
        nonlocal killed
        while True:
            await asyncio.sleep(dice.uniform(0.05, 0.25))
            chosen = named("function" if dice.random() < 0.95 else "zygote")
            if chosen and dice.random() < 0.7:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(dice.choice(chosen).pid, signal.SIGKILL)
                    killed += 1
            elif dice.random() < 0.3:
                aws.function(SOURCE, timeout=2)

    whats = dice.choices(list(WEIGHTS), list(WEIGHTS.values()), k=COUNT)
    work = [(what, f"id-{number}") for number, what in enumerate(whats)]
    killer = asyncio.create_task(havoc())
    async with asyncio.timeout(90 + COUNT / 10):
        await asyncio.gather(*(client(work) for _ in range(8)))
    killer.cancel()
    await aws.plane.close()

    assert sum(answered.values()) == COUNT
    assert answered["well"] > COUNT * 0.48
    assert killed
    await no_more_than(before, footprint)
    assert not list((aws.folder / "environments").iterdir())
