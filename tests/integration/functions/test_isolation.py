"""What a function sees of the machine, where the kernel lets it have a file system of its own."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.integration.meeting import MEET, meeting

from windtunnel.functions import isolation

Make = Any
RUN = "import os, sys\ndef handler(e, c):\n  {}\n"


@pytest.fixture(autouse=True)
def own_file_systems(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As root, or with user namespaces; tests of the way without are in test_fallback.py."""
    folder = tmp_path_factory.mktemp("root")
    child = os.fork()
    if child == 0:
        try:
            isolation.enter_root(str(folder), [], {})
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        pytest.skip("this kernel gives a process no file system of its own: neither as root nor by a user namespace")


async def said(aws: Any, payload: object = None, name: str = "f") -> Any:
    result = await aws.call(name, payload=json.dumps(payload).encode())
    assert not result.error, result.log_tail.decode()
    return json.loads(result.payload)


async def test_a_secret_of_the_hosts_environment_cannot_be_read(
    make_lambda: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST_SECRET", "s3cret-of-the-host")
    aws = make_lambda()
    aws.function(
        "import os\n"
        "def read(path):\n"
        "  try: return open(path, 'rb').read().decode(errors='replace')\n"
        "  except OSError as error: return type(error).__name__\n"
        "def handler(pids, c):\n"
        "  return [dict(os.environ), [read(f'/proc/{pid}/environ') for pid in pids]]\n"
    )
    me = psutil.Process()
    pids = [me.pid, me.ppid(), *[child.pid for child in me.children(recursive=True)]]

    variables, others = await said(aws, pids)

    assert "HOST_SECRET" not in variables
    assert not [text for text in others if "s3cret-of-the-host" in text]
    assert set(others[:2]) <= {"PermissionError", "FileNotFoundError"}


async def test_a_secret_in_the_hosts_home_cannot_be_read(make_lambda: Make, tmp_path: Path) -> None:
    secret = Path.home() / f".windtunnel-test-{os.getpid()}"
    nearby = tmp_path / "secret"
    aws = make_lambda()
    aws.function(
        "import os\ndef handler(paths, c):\n"
        "  home = os.path.expanduser('~')\n"
        "  there = [os.path.exists(path) for path in (*paths, home, '/.host/etc')]\n"
        "  return [there, home]\n"
    )
    try:
        for path in (secret, nearby):
            path.write_text("s3cret")

        seen, home = await said(aws, [str(secret), str(nearby), str(Path(__file__))])
    finally:
        secret.unlink()

    # AWS's user has a home that does not exist
    assert home == "/home/sbx_user1051"
    assert seen == [False] * 5


async def test_paths_are_those_of_aws(make_lambda: Make, tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    (layer / "python").mkdir(parents=True)
    (layer / "python/shared.py").write_text("")
    aws = make_lambda()
    aws.function(
        "import boto3, os, shared, sys, traceback\n"
        "def handler(e, c):\n"
        "  try: raise ValueError\n"
        "  except ValueError: trace = traceback.format_exc()\n"
        "  files = [__file__, shared.__file__, boto3.__file__]\n"
        "  return [os.getcwd(), *files, sys.path[:4], sorted(os.listdir('/opt')), trace]\n",
        layers=str(layer),
    )

    folder, file, shared, boto3, path, opt, trace = await said(aws)

    version = f"python3.{__import__('sys').version_info.minor}"
    assert (folder, file, shared) == ("/var/task", "/var/task/app.py", "/opt/python/shared.py")
    assert boto3 == "/var/runtime/boto3/__init__.py"
    assert path == ["/var/task", f"/opt/python/lib/{version}/site-packages", "/opt/python", "/var/runtime"]
    assert opt == ["python"]
    assert 'File "/var/task/app.py", line 3, in handler' in trace


@pytest.mark.parametrize("folder", ["/var/task", "/opt", "/usr", "/etc", "/var/runtime", "/", "/var/lang"])
async def test_only_tmp_can_be_written_to(make_lambda: Make, tmp_path: Path, folder: str) -> None:
    layer = tmp_path / "layer"
    layer.mkdir()
    aws = make_lambda()
    aws.function(
        "import os\ndef handler(folder, c):\n"
        "  open('/tmp/written', 'w').write('yes')\n"
        "  try: open(folder + '/written', 'w')\n"
        "  except OSError as error: return error.strerror\n",
        layers=str(layer),
    )

    assert await said(aws, folder) in {"Read-only file system", "Permission denied"}
    assert folder not in {"/var/task", "/opt"} or await said(aws, folder) == "Read-only file system"


async def test_tmp_is_private_and_as_large_as_its_ephemeral_storage(make_lambda: Make) -> None:
    aws = make_lambda()
    source = (
        "import os\ndef handler(mb, c):\n"
        "  before = os.listdir('/tmp')\n"
        "  try:\n"
        "    with open('/tmp/file', 'wb') as file: file.write(bytes(mb << 20))\n"
        "  except OSError as error: return [before, error.strerror]\n"
        "  finally: size = os.path.getsize('/tmp/file'); os.remove('/tmp/file'); open('/tmp/kept', 'w')\n"
        "  return [before, size >> 20]\n"
    )
    aws.function(source, "f", ephemeralStorage=64, memory=512)
    aws.function(source, "g", ephemeralStorage=64, memory=512)

    assert await said(aws, 60) == [[], 60]
    assert await said(aws, 70) == [["kept"], "No space left on device"]
    assert await said(aws, 1, "g") == [[], 1]


async def test_a_function_has_no_rights(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function(
        "import os, resource\ndef handler(e, c):\n"
        "  status = dict(line.split(':\\t') for line in open('/proc/self/status') if ':\\t' in line)\n"
        "  limits = [resource.getrlimit(kind) for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]\n"
        "  return [os.getuid(), [int(status[k], 16) for k in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb')],\n"
        "          status['NoNewPrivs'].strip(), os.getgroups(), limits]\n"
    )

    user, capabilities, no_new_privileges, groups, limits = await said(aws)

    assert user != 0
    assert capabilities == [0, 0, 0, 0]
    assert no_new_privileges == "1"
    assert os.geteuid() != 0 or groups == []
    # AWS Lambda Developer Guide, "Lambda quotas": 1,024 file descriptors
    assert limits == [[1024, 1024], [0, 0]]


@pytest.mark.skipif(os.geteuid() != 0, reason="windtunnel is not root here: functions have its own user")
async def test_two_environments_cannot_touch_each_other(make_lambda: Make) -> None:
    aws = make_lambda()
    source = (
        "import os\ndef handler(pid, c):\n"
        "  if not pid: return os.getuid()\n"
        "  try: os.kill(pid, 9)\n"
        "  except OSError as error: return error.strerror\n"
    )
    aws.function(source, "f")
    aws.function(source, "g")
    users = [await said(aws, None, name) for name in ("f", "g")]

    assert users[0] != users[1]
    assert await said(aws, os.getpid()) == "Operation not permitted"


async def test_descriptors_signals_and_session_are_a_new_processs(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function(
        "import os, signal, sys, threading\n"
        "at_import = {fd: os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd')\n"
        "             if os.path.lexists(f'/proc/self/fd/{fd}')}\n"
        "def handler(e, c):\n"
        "  default = [signal.getsignal(n) is signal.SIG_DFL for n in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP)]\n"
        "  return [at_import, default, os.getsid(0) == os.getpid(), threading.active_count(),\n"
        "          [name for name in sys.modules if name.startswith('windtunnel')]]\n"
    )

    descriptors, default, leads, threads, modules = await said(aws)

    others = [target for fd, target in descriptors.items() if "/proc/" not in target and fd not in {"0", "1", "2"}]
    # its connection to the Runtime API
    assert [target.partition(":")[0] for target in others] == ["socket"]
    assert descriptors["0"] == "/dev/null"
    assert default == [True, True, True]
    assert leads
    assert (threads, modules) == (1, [])


async def test_what_is_random_differs_between_forks(make_lambda: Make) -> None:
    aws = make_lambda(starts=2)
    aws.function(
        f"import os, random, secrets, ssl, time, uuid\n{MEET}"
        "def handler(port, c):\n"
        "  if port: meet(port)\n"
        "  return [os.getpid(), random.random(), secrets.token_hex(), ssl.RAND_bytes(8).hex(), str(uuid.uuid1()),\n"
        "          str(uuid.uuid4()), time.tzname[0]]\n",
        timeout=60,
    )
    await said(aws)

    with meeting(2) as port:
        one, other = await asyncio.gather(said(aws, port), said(aws, port))

    assert one[0] != other[0]
    assert not {str(value) for value in one[1:6]} & {str(value) for value in other[1:6]}
    assert one[6] == "UTC"


@pytest.mark.parametrize(
    ("name", "module"), [("boto3", "boto3"), ("urllib3", "urllib3"), ("calendar", "calendar"), ("json", "json")]
)
async def test_a_module_that_the_function_brings_is_the_one_it_gets(make_lambda: Make, name: str, module: str) -> None:
    aws = make_lambda()
    version = aws.version(
        "import os, sys\nfrom importlib import import_module\n"
        "def handler(e, c):\n  return [import_module(e).__file__, sys.argv]\n"
    )
    (Path(version["code"]) / f"{name}.py").write_text("")
    aws.publish("f", {"$LATEST": version})

    file, argv = await said(aws, module)

    # AWS's client has imported json before the function's path is looked at, and there is no other then
    assert file.startswith("/var/task/") is (name != "json")
    assert argv == ["/var/runtime/bootstrap.py", "app.handler"]


async def test_a_variable_of_the_interpreters_own_has_its_effect(make_lambda: Make) -> None:
    aws = make_lambda()
    aws.function(
        "import os, sys\n"
        "def handler(e, c):\n  return [sys.flags.hash_randomization, os.environ['PYTHONHASHSEED'], sys.argv]\n",
        variables={"PYTHONHASHSEED": "0"},
    )

    assert await said(aws) == [0, "0", ["/var/runtime/bootstrap.py", "app.handler"]]


async def test_compiled_code_is_kept_but_not_of_a_file_that_has_just_changed(make_lambda: Make) -> None:
    aws = make_lambda()
    version = aws.version("import other\ndef handler(e, c):\n  return other.value\n")
    code = Path(version["code"])
    (code / "other.py").write_text("value = 1\n")
    os.utime(code / "app.py", (1e9, 1e9))
    aws.publish("f", {"$LATEST": version})
    assert await said(aws) == 1

    # as long as before, in the same second: by what Python notes of it, it has not changed
    (code / "other.py").write_text("value = 2\n")
    aws.publish("f", {"$LATEST": {**version, "revision": "another"}})

    assert await said(aws) == 2
    kept = [path.name.split(".")[0] for path in aws.folder.rglob("bytecode/**/*.pyc")]
    assert kept == ["app"]
    assert not list(code.rglob("*.pyc"))
