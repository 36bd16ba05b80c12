"""Execution environments with real processes under AWS's runtime interface client, without LocalStack."""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.integration.functions.processes import kept, no_more_than

from windtunnel.engines.waiting import wait_until
from windtunnel.functions.environment import ExecutionEnvironment, Surroundings
from windtunnel.functions.freeze import Freezer
from windtunnel.functions.interpreter import find_interpreter
from windtunnel.functions.memory import MemoryWatch
from windtunnel.functions.runtime_process import Care
from windtunnel.functions.spawner import Spawner
from windtunnel.functions.spec import FunctionSpec, Invocation, InvocationResult, Session

SESSION = Session("/aws/lambda/f", "stream", "http://127.0.0.1:1", "AK", "SK", "ST")
Make = Callable[..., ExecutionEnvironment]


@pytest.fixture
def make(runner: asyncio.Runner, runtime_python: Path, tmp_path: Path, spawner: Spawner) -> Iterator[Make]:
    """Makes an environment of a function from its source; ends what was made."""
    made: list[ExecutionEnvironment] = []
    runtimes = runtime_python.parents[2]

    def make(source: str, *, handler: str = "app.handler", **changes: Any) -> ExecutionEnvironment:
        code = tmp_path / f"task-{len(made)}"
        code.mkdir()
        (code / "app.py").write_text(source)
        values = {"timeout": 5.0, "layers": None, "variables": {}, **changes}
        spec = FunctionSpec(
            name="f", version="$LATEST", region="eu-west-1", runtime="python3.13", handler=handler, code=code,
            memory_mb=128, **values,
        )  # fmt: skip
        care = Care(MemoryWatch(runner.get_loop()), Freezer(runner.get_loop()))
        surroundings = Surroundings(spawner, tmp_path / "environments", care)
        environment = ExecutionEnvironment(
            f"e{len(made)}", spec, SESSION, find_interpreter(runtimes, spec.runtime), surroundings
        )
        made.append(environment)
        return environment

    yield make
    for environment in made:
        runner.run(environment.stop())
    assert not list((tmp_path / "environments").glob("*"))


async def call(environment: ExecutionEnvironment, event: object = None, request_id: str = "id-1") -> InvocationResult:
    payload = json.dumps(event).encode()
    arn = "arn:aws:lambda:eu-west-1:0:function:f"
    return await environment.invoke(Invocation(request_id, payload, arn, "Root=1-a-b"))


def answer(result: InvocationResult) -> Any:
    return json.loads(result.payload)


def kinds(result: InvocationResult) -> list[str]:
    return [line.split()[0] for line in result.logs.splitlines()]


async def test_a_handler_gets_its_event_and_context_and_answers(make: Make) -> None:
    environment = make(
        "def handler(event, context):\n"
        "    return [event, context.aws_request_id, context.invoked_function_arn, context.memory_limit_in_mb,\n"
        "            0 < context.get_remaining_time_in_millis() <= 5000]\n"
    )
    await environment.start()

    result = await call(environment, {"a": "é"}, "id-7")

    assert not result.is_error
    assert answer(result) == [{"a": "é"}, "id-7", "arn:aws:lambda:eu-west-1:0:function:f", "128", True]


async def test_the_environment_is_reused_while_it_is_well(make: Make) -> None:
    environment = make(
        "import os\ncount = 0\ndef handler(e, c):\n  global count; count += 1; return [os.getpid(), count]\n"
    )
    await environment.start()

    first, second = answer(await call(environment)), answer(await call(environment))

    assert second == [first[0], 2]


async def test_the_log_has_init_start_output_end_report(make: Make) -> None:
    environment = make(
        "import sys\nprint('init')\ndef handler(e, c):\n  print('out'); print('err', file=sys.stderr); print('last')\n"
    )
    await environment.start()

    cold, warm = await call(environment), await call(environment, request_id="id-2")

    assert kinds(cold) == ["INIT_START", "init", "START", "out", "err", "last", "END", "REPORT"]
    assert kinds(warm) == ["START", "out", "err", "last", "END", "REPORT"]
    assert re.search(r"INIT_START Runtime Version: python:3\.1\d\.\d+\n", cold.logs)
    assert re.search(r"REPORT RequestId: id-1\tDuration: [\d.]+ ms\t.*Init Duration: [\d.]+ ms", cold.logs)
    assert "Init Duration" not in warm.logs
    used = re.search(r"Max Memory Used: (\d+) MB", warm.logs)
    assert used is not None
    assert 5 < int(used[1]) < 120


async def test_everything_written_before_the_answer_is_in_this_invocations_log(make: Make) -> None:
    environment = make("def handler(e, c):\n  print('x' * 300_000 + str(e))\n")
    await environment.start()

    for number in range(20):
        result = await call(environment, number)
        assert f"x{number}\n" in result.logs
        assert result.logs.count("x" * 300_000) == 1


async def test_an_exception_keeps_its_type_and_stack_trace(make: Make) -> None:
    environment = make("def handler(e, c):\n    raise ValueError('bad ' + e)\n")
    await environment.start()

    result = await call(environment, "input")
    again = await call(environment, "again")

    error = answer(result)
    assert result.is_error
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "bad input")
    assert "line 2, in handler\n    raise ValueError" in error["stackTrace"][0]
    assert "[ERROR] ValueError: bad input" in result.logs
    assert "Status: error\tError Type: ValueError" in result.logs
    assert answer(again)["errorMessage"] == "bad again"


async def test_a_timeout_kills_and_reports_and_the_next_invocation_has_a_new_process(make: Make) -> None:
    environment = make(
        "import os, time\ndef handler(e, c):\n  print('going')\n  if e: time.sleep(60)\n  return os.getpid()\n",
        timeout=1.0,
    )
    await environment.start()
    before = answer(await call(environment))

    result = await call(environment, "slow", "id-9")
    after = answer(await call(environment))

    assert answer(result) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: id-9 Error: Task timed out after 1.00 seconds",
    }
    assert kinds(result)[:2] == ["START", "going"]
    assert re.search(
        r"Z id-9 Task timed out after 1\.00 seconds\nEND RequestId: id-9\nREPORT .*Status: timeout", result.logs
    )
    assert after != before
    assert not psutil.pid_exists(before)


async def test_a_timeout_ends_what_the_function_started(make: Make) -> None:
    environment = make(
        "import subprocess, sys\n"
        "def handler(e, c):\n"
        "  child = subprocess.Popen(['sleep', '60']); print('child', child.pid); child.wait()\n",
        timeout=1.0,
    )
    await environment.start()

    result = await call(environment)

    child = re.search(r"child (\d+)", result.logs)
    assert child is not None
    gone = functools.partial(psutil.pid_exists, int(child[1]))
    await asyncio.to_thread(wait_until, lambda: not gone() or None, what="the child's end", timeout=5)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("ctypes.string_at(0)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
async def test_a_crash_is_an_exit_error_and_the_process_is_replaced(make: Make, statement: str, reason: str) -> None:
    environment = make(
        f"import ctypes, os\ndef handler(e, c):\n  print('last words')\n  if e: {statement}\n  return os.getpid()\n"
    )
    await environment.start()

    result = await call(environment, "crash")
    after = await call(environment)

    assert answer(result) == {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: id-1 Error: {reason}"}
    assert "last words" in result.logs
    assert "Error Type: Runtime.ExitError" in result.logs
    assert not after.is_error


async def test_tmp_lasts_over_a_reset(make: Make) -> None:
    environment = make(
        "import os, tempfile\n"
        "path = os.path.join(tempfile.gettempdir(), 'kept')\n"
        "def handler(e, c):\n"
        "  if e: open(path, 'w').write(e); os._exit(1)\n"
        "  return open(path).read()\n"
    )
    await environment.start()
    await call(environment, "here")

    assert answer(await call(environment)) == "here"


async def test_a_process_that_died_between_invocations_costs_no_invocation(make: Make) -> None:
    environment = make("import os\ndef handler(e, c):\n  return os.getpid()\n")
    await environment.start()
    for _ in range(5):
        pid = answer(await call(environment))
        os.kill(pid, signal.SIGKILL)  # no wait: the race is what is tested

        result = await call(environment)

        # killed before or after it took the next one: never lost, and never a hang
        assert not result.is_error or answer(result)["errorType"] == "Runtime.ExitError"
        if result.is_error:
            assert not (await call(environment)).is_error


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        ("import nonexistent\n", "app.handler", "Runtime.ImportModuleError", "No module named 'nonexistent'"),
        ("x = 1\n", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("x = 1\n", "missing.handler", "Runtime.ImportModuleError", "No module named 'missing'"),
        ("def handler(:\n", "app.handler", "Runtime.UserCodeSyntaxError", "invalid syntax"),
        ("raise RuntimeError('at import')\n", "app.handler", "RuntimeError", "at import"),
        ("import os; os._exit(4)\n", "app.handler", "Runtime.ExitError", "exit status 4"),
    ],
)
async def test_an_init_that_fails_is_the_invocations_answer_with_its_log(
    make: Make, source: str, handler: str, error_type: str, message: str
) -> None:
    environment = make(source, handler=handler)
    assert await environment.start() == error_type

    result = await call(environment)

    assert result.is_error
    assert answer(result)["errorType"] == error_type
    assert message in answer(result)["errorMessage"]
    assert f"Phase: invoke\tStatus: error\tError Type: {error_type}" in result.logs
    if error_type not in {"Runtime.ExitError"}:
        assert message in result.logs


async def test_an_init_that_failed_once_is_tried_again_in_the_invocation(make: Make, tmp_path: Path) -> None:
    flag = tmp_path / "task-0/flag"
    environment = make(
        "import os\nopen(os.environ['LAMBDA_TASK_ROOT'] + '/flag')\ndef handler(e, c):\n  return 'well'\n"
    )
    assert await environment.start() == "FileNotFoundError"
    flag.write_text("now")

    result = await call(environment)

    assert answer(result) == "well"
    assert "FileNotFoundError" in result.logs


async def test_a_function_that_dies_by_itself_is_not_started_for_ever(make: Make) -> None:
    environment = make(
        "import os, threading\nthreading.Timer(0.02, os._exit, [5]).start()\n"
        "def handler(e, c):\n  threading.Event().wait(60)\n",
        timeout=30.0,
    )
    await environment.start()

    result = await call(environment)

    assert answer(result)["errorType"] == "Runtime.ExitError"
    assert 1 <= result.logs.count("INIT_START") <= 4


async def test_an_init_within_an_invocation_has_the_functions_timeout(make: Make, tmp_path: Path) -> None:
    flag = tmp_path / "task-0/flag"
    source = "import os, time\nif os.path.exists('flag'): time.sleep(60)\ndef handler(e, c):\n  os._exit(1)\n"
    environment = make(source, timeout=1.0)
    await environment.start()
    await call(environment)
    flag.touch()

    result = await call(environment)

    assert answer(result)["errorType"] == "Sandbox.Timedout"
    assert "Phase: invoke\tStatus: timeout" in result.logs


@pytest.mark.parametrize(("size", "is_error"), [(6_291_556, False), (6_291_557, True)])
async def test_an_answer_over_the_limit_is_an_error(make: Make, size: int, is_error: bool) -> None:
    environment = make("def handler(e, c):\n  return 'x' * (e - 2)\n", timeout=20.0)
    await environment.start()

    result = await call(environment, size)

    assert result.is_error is is_error
    assert is_error or len(result.payload) == size
    if is_error:
        assert answer(result)["errorType"] == "Function.ResponseSizeTooLarge"
    assert not (await call(environment, 10)).is_error


async def test_layers_are_importable_after_the_functions_own_code(make: Make, tmp_path: Path) -> None:
    version = f"python3.{__import__('sys').version_info.minor}"
    opt = tmp_path / "opt"
    for folder, name in ((opt / "python", "shared"), (opt / f"python/lib/{version}/site-packages", "packaged")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text(f"word = 'layer {name}'\n")
    (opt / "python/app2.py").write_text("word = 'layer'\n")
    environment = make(
        "import shared, packaged, app2, boto3\ndef handler(e, c):\n  return [shared.word, packaged.word, app2.word]\n",
        layers=opt,
    )
    (tmp_path / "task-0/app2.py").write_text("word = 'function'\n")
    await environment.start()

    assert answer(await call(environment)) == ["layer shared", "layer packaged", "function"]


async def test_nothing_of_the_host_is_in_the_process(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST_SECRET", "s3cret")
    monkeypatch.setenv("AWS_PROFILE", "host")
    environment = make(
        "import os, sys\ndef handler(e, c):\n"
        "  return [dict(os.environ), os.path.expanduser('~'), sorted(os.listdir('/proc/self/fd')), sys.argv]\n",
        variables={"TABLE": "users"},
    )
    await environment.start()

    variables, home, _descriptors, argv = answer(await call(environment))

    assert variables["TABLE"] == "users"
    assert not {"HOST_SECRET", "AWS_PROFILE", "VIRTUAL_ENV"} & set(variables)
    assert not [name for name in variables if name.startswith(("LOCALSTACK", "WINDTUNNEL"))]
    assert home != os.path.expanduser("~")  # noqa: PTH111
    assert argv == ["/var/runtime/bootstrap.py", "app.handler"]


async def test_no_module_of_the_harness_or_the_engine_can_be_imported(make: Make) -> None:
    environment = make(
        "import importlib.util as u\n"
        "names = ('windtunnel', 'localstack', 'moto', 'pytest', 'environment')\n"
        "def handler(e, c):\n  return [name for name in names if u.find_spec(name)]\n"
    )
    await environment.start()

    assert answer(await call(environment)) == []


async def test_stop_in_the_middle_ends_the_invocation(make: Make) -> None:
    environment = make("import time\ndef handler(e, c):\n  time.sleep(60)\n", timeout=60.0)
    await environment.start()
    caller = asyncio.create_task(call(environment))

    await asyncio.sleep(0.3)
    await environment.stop()

    assert answer(await asyncio.wait_for(caller, 10))["errorType"] == "Runtime.ExitError"


async def test_many_environments_leave_no_thread_descriptor_or_process(make: Make) -> None:
    def footprint() -> tuple[int, ...]:
        return threading.active_count(), psutil.Process().num_fds(), kept()

    await make("def handler(e, c):\n  return e\n").start()
    first = make("")
    await first.start()
    await first.stop()  # the loop's own thread for files is there from now on
    before = footprint()

    for number in range(10):
        environment = make("import os\ndef handler(e, c):\n  if e % 3 == 1: os._exit(1)\n  return e\n")
        await environment.start()
        for event in range(3):
            await call(environment, number + event)
        await environment.stop()

    await no_more_than(before, footprint)


async def test_binary_output_is_no_obstacle(make: Make) -> None:
    environment = make("import sys\ndef handler(e, c):\n  sys.stdout.buffer.write(bytes(range(256))); return 1\n")
    await environment.start()

    result = await call(environment)

    assert answer(result) == 1
    assert "START" in result.logs


async def test_a_large_event_arrives(make: Make) -> None:
    environment = make("def handler(e, c):\n  return len(e)\n")
    await environment.start()
    event = base64.b64encode(os.urandom(4_000_000)).decode()

    assert answer(await call(environment, event)) == len(event)


async def test_output_without_end_is_cut_and_said_to_be(make: Make) -> None:
    environment = make("def handler(e, c):\n  for _ in range(9): print('x' * 1_000_000)\n  return 1\n", timeout=20.0)
    await environment.start()

    result, after = await call(environment), await call(environment, request_id="id-2")

    assert answer(result) == answer(after) == 1
    assert len(result.logs) < 5_000_000
    assert "more bytes of output were dropped by windtunnel" in result.logs
    assert "REPORT RequestId: id-1" in result.logs
