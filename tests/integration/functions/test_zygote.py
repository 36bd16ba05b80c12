"""Zygotes: what lives on when one dies, what happens between invocations, and what memory and provisioning mean."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest
from tests.integration.functions.processes import keepers, named
from tests.integration.meeting import MEET, meeting

from windtunnel.engines.process import lives
from windtunnel.functions.memory import memory_mb

Make = Any
TICKING = """
import socket, threading, time
ticks = 0
def tick(line):
    global ticks
    while True:
        line.sendall(b'.')
        ticks += 1
        time.sleep(0.005)
def handler(port, c):
    if port:
        line = socket.create_connection(('127.0.0.1', port))
        threading.Thread(target=tick, args=(line,), daemon=True).start()
    before = ticks
    while ticks < before + 5:
        time.sleep(0.001)
"""
"""A function with a thread of its own, which sends a byte to a port every five milliseconds."""
PID = "import os\ndef handler(e, c):\n  return os.getpid()\n"


def answer(result: Any) -> Any:
    return json.loads(result.payload)


def frozen(process: psutil.Process) -> bool:
    """Whether a process is there, and is stopped."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_STOPPED
    return False


@contextlib.asynccontextmanager
async def ticking(aws: Any) -> AsyncIterator[socket.socket]:
    """What the thread of TICKING sends, which has begun: a socket that does not block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert not (await aws.call(payload=b"%d" % listener.getsockname()[1])).error
        line, _ = listener.accept()
        with line:
            line.setblocking(False)
            yield line


async def until(true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_zygotes_end_ends_no_environment_and_is_not_noticed(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function(f"import os\n{MEET}def handler(port, c):\n  if port: meet(port)\n  return os.getpid()\n", timeout=60)
    pid = answer(await aws.call())

    with meeting(2) as port:
        under_way = asyncio.create_task(aws.call(payload=b"%d" % port))
        await asyncio.sleep(0.05)
        for zygote in named("zygote"):
            zygote.kill()
        another = answer(await aws.call(payload=b"%d" % port))

    assert answer(await under_way) == pid
    assert another != pid


async def test_the_end_of_the_keeper_is_the_end_of_every_process_and_another_is_started(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function("import time\ndef handler(e, c):\n  time.sleep(e)\n", timeout=60)
    await aws.call(payload=b"0")
    call = asyncio.create_task(aws.call(payload=b"60"))
    await asyncio.sleep(0.2)
    (held,) = keepers()
    processes = [held, *held.children(recursive=True)]

    held.kill()

    await until(lambda: not [process for process in processes if lives(process)])
    assert answer(await call)["errorType"] == "Runtime.ExitError"
    assert not (await aws.call(payload=b"0")).error


async def test_a_thread_does_not_run_between_invocations(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function(TICKING, timeout=60)
    async with ticking(aws) as line:
        (process,) = named("function")
        await until(lambda: frozen(process))
        await asyncio.sleep(0.1)
        assert line.recv(1 << 20)

        await asyncio.sleep(0.5)

        # half a second of freedom would be a hundred
        with pytest.raises(BlockingIOError):
            line.recv(1)
        assert not (await aws.call(payload=b"0")).error
        assert line.recv(1 << 20)


async def test_freezing_can_be_turned_off(make_lambda: Make) -> None:
    aws = make_lambda(freeze=False)
    aws.function(TICKING, timeout=60)
    async with ticking(aws) as line:
        heard = len(line.recv(1 << 20))

        async with asyncio.timeout(30):
            while heard < 100:
                heard += len(await asyncio.get_running_loop().sock_recv(line, 1 << 20))


async def test_a_frozen_environment_can_be_ended(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function(PID)
    await aws.call()
    (process,) = named("function")
    await until(lambda: frozen(process))

    aws.delete("f")

    await until(lambda: not process.is_running())


@pytest.mark.parametrize("where", ["handler", "child"])
async def test_a_function_that_takes_too_much_memory_is_killed(make_lambda: Make, where: str) -> None:
    aws = make_lambda()
    hold = "x = bytearray(300 << 20); time.sleep(5)"
    run = f"subprocess.run([sys.executable, '-c', 'import time; {hold}'])" if where == "child" else hold
    aws.function(
        f"import subprocess, sys, time\ndef handler(e, c):\n  if e: {run}\n  return 1\n", memory=256, timeout=20
    )
    await aws.call()

    result = await aws.call(payload=b"true", request_id="id-1")

    # CloudWatch's REPORT line of such an invocation: Max Memory Used is Memory Size, Error Type: Runtime.OutOfMemory
    assert answer(result) == {
        "errorType": "Runtime.OutOfMemory",
        "errorMessage": "RequestId: id-1 Error: Runtime exited with error: signal: killed",
    }
    report = result.log_tail.decode().splitlines()[-1]
    assert "Memory Size: 256 MB\tMax Memory Used: 256 MB\t" in report
    assert "Status: error\tError Type: Runtime.OutOfMemory" in report
    assert answer(await aws.call()) == 1


async def test_an_init_that_takes_too_much_memory_fails(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function("import time\nx = bytearray(300 << 20); time.sleep(5)\ndef handler(e, c):\n  pass\n", timeout=20)

    assert answer(await aws.call())["errorType"] == "Runtime.OutOfMemory"


async def test_what_an_environment_has_for_itself_is_little(make_lambda: Make) -> None:
    aws = make_lambda(freeze=False)
    aws.function(
        "import boto3\nclient = boto3.client('dynamodb', region_name='eu-west-1')\ndef handler(e, c):\n  pass\n"
    )
    await aws.call()
    (process,) = named("function")

    memory = process.memory_full_info()

    # the issue's limit is 30 MB; a process of its own with boto3 has some 60
    assert memory.uss < 30 << 20
    assert memory_mb(process.pid) > memory.uss / (1 << 20)


@pytest.mark.parametrize("end", ["in an invocation", "between invocations"])
async def test_a_provisioned_environment_that_ends_is_replaced_at_once(make_lambda: Make, end: str) -> None:
    aws = make_lambda()
    aws.publish("f", {"1": aws.version("import os\ndef handler(e, c):\n  if e: os._exit(1)\n  return os.getpid()\n")})
    key = "000000000000/eu-west-1/f"
    assert await aws.plane.provision(key, "1", "p-1") == ""
    (before,) = named("function")

    if end == "in an invocation":
        assert (await aws.call("f:1", payload=b"true")).error
    else:
        before.kill()
    await until(lambda: [process for process in named("function") if process.pid != before.pid])
    await until(lambda: [process for process in named("function") if frozen(process)])
    result = await aws.call("f:1")

    assert answer(result) not in (before.pid, None)
    # its init was not in an invocation
    assert "Phase: invoke" not in result.log_tail.decode()
    assert len(named("function")) == 1
    aws.plane.withdraw("p-1")


async def test_what_leaves_its_session_ends_with_the_environments_group_or_the_engine(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function(
        "import os, subprocess\ndef handler(e, c):\n"
        "  return subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL, start_new_session=e).pid\n"
    )
    inside, outside = answer(await aws.call(payload=b"false")), answer(await aws.call(payload=b"true"))

    await aws.plane.close()

    await until(lambda: not psutil.pid_exists(inside))
    await until(lambda: not psutil.pid_exists(outside))


async def test_a_function_dies_of_a_signal_of_its_own_as_any_process(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function("import os, signal\ndef handler(e, c):\n  os.kill(os.getpid(), signal.SIGTERM)\n")

    assert "signal: terminated" in answer(await aws.call())["errorMessage"]
