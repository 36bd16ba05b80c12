"""Where the kernel grants no file systems: functions run on the host's, and see little of it by Landlock."""

from __future__ import annotations

import ctypes
import json
import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from windtunnel.functions import kernel

Make = Any


async def said(aws: Any, payload: object = None) -> Any:
    result = await aws.call(payload=json.dumps(payload).encode())
    assert not result.error, result.log_tail.decode()
    return json.loads(result.payload)


async def test_a_function_runs_with_folders_of_its_own(make_lambda: Make) -> None:
    aws = make_lambda(isolate=False)
    aws.function(
        "import boto3, os, tempfile\n"
        "boto3.client('sqs')\n"
        "open(os.path.join(tempfile.gettempdir(), 'mine'), 'w').write('x')\n"
        "def handler(e, c):\n"
        "  return [os.environ['LAMBDA_TASK_ROOT'], os.path.expanduser('~'), tempfile.gettempdir(), os.getcwd()]\n"
    )

    task, home, tmp, folder = await said(aws)

    assert task == folder == str(aws.folder / "code-1")
    assert Path(home).is_relative_to(aws.folder / "environments")
    assert Path(tmp).is_relative_to(aws.folder / "environments")


@pytest.mark.parametrize("variables", [{}, {"PYTHONHASHSEED": "1"}], ids=["forked", "of its own interpreter"])
async def test_the_hosts_secrets_cannot_be_read(
    make_lambda: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    number = ctypes.c_long(kernel.LANDLOCK_CREATE_RULESET)
    if ctypes.CDLL(None).syscall(number, None, 0, 1) < 1:
        pytest.skip("this kernel has no Landlock")
    monkeypatch.setenv("HOST_SECRET", "s3cret-of-the-host")
    secret = tmp_path / "secret"
    secret.write_text("s3cret-of-the-host")
    in_home = Path.home() / f".windtunnel-test-{os.getpid()}"
    in_home.write_text("s3cret-of-the-host")
    aws = make_lambda(isolate=False)
    aws.function(
        "import os\n"
        "def read(path):\n"
        "  try: return open(path, errors='replace').read()\n"
        "  except OSError as error: return type(error).__name__\n"
        "def handler(paths, c):\n  return [read(path) for path in paths] + list(os.environ)\n",
        variables=variables,
    )
    me = psutil.Process()
    processes = [f"/proc/{pid}/environ" for pid in (me.pid, me.ppid())]

    try:
        found = await said(aws, [str(secret), str(in_home), *processes])
    finally:
        in_home.unlink()

    assert set(found[:4]) <= {"PermissionError"}
    assert "HOST_SECRET" not in found
