"""The container engine's life, with a real Docker engine: start, what it is like inside, kill, end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from tests.integration.settled import settle

from windtunnel.config import Settings
from windtunnel.deploy.events import Unchanged
from windtunnel.engines import LocalStackEngine
from windtunnel.engines.waiting import wait_until
from windtunnel.errors import EngineError
from windtunnel.harness import Harness
from windtunnel.stack import Stack
from windtunnel.testing.containers import own_settings
from windtunnel.testing.engine import command_environment

Docker = Callable[..., str]
Left = Callable[[str], list[str]]

HOOKS = {
    "boot.d/hook.sh": "#!/bin/sh\ntouch /tmp/booted\n",
    "ready.d/hook.py": "import boto3, time\n"
    "time.sleep(1)\n"
    "keys = {'aws_access_key_id': '000000000000', 'aws_secret_access_key': 'x', 'region_name': 'us-east-1'}\n"
    "s3 = boto3.client('s3', endpoint_url='http://127.0.0.1:4566', **keys)\n"
    "s3.create_bucket(Bucket='made-by-a-hook')\n",
}
INSIDE = """
import json, os, pathlib
lines = pathlib.Path("/proc/1/status").read_text().splitlines()
status = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
def writes(path):
    try:
        pathlib.Path(path, "probe").write_text("")
    except OSError as error:
        return error.strerror
    pathlib.Path(path, "probe").unlink()
    return "yes"
print(json.dumps({"capabilities": status["CapEff"].strip(), "no_new_privileges": status["NoNewPrivs"].strip(),
  "socket": os.path.exists("/var/run/docker.sock"), "booted": os.path.exists("/tmp/booted"),
  "writes": {path: writes(path) for path in ("/", "/opt/windtunnel", "/tmp", "/var/lib/localstack")}}))
"""
ORPHAN = """
import os, pathlib, time
read, write = os.pipe()
if os.fork() == 0:
    if (orphan := os.fork()) != 0:
        os.write(write, str(orphan).encode())
        os._exit(0)
    time.sleep(0.3)
    os._exit(0)
os.wait()
orphan, end = os.read(read, 20).decode(), time.monotonic() + 5
while pathlib.Path("/proc", orphan).exists() and time.monotonic() < end:
    time.sleep(0.1)
print("still there" if pathlib.Path("/proc", orphan).exists() else "gone")
"""


def silent(_line: str) -> None:
    pass


@pytest.fixture(scope="module")
def up(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """The application, deployed to a container engine with init hooks."""
    hooks = tmp_path_factory.mktemp("hooks")
    for name, text in HOOKS.items():
        (hooks / name).parent.mkdir()
        (hooks / name).write_text(text)
        (hooks / name).chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WINDTUNNEL_INIT_HOOKS", str(hooks))
        harness = Harness(settings)
        harness.start()
        harness.deploy()
        yield harness


@pytest.fixture
def name(settings: Settings) -> str:
    """The container's."""
    return f"{settings.compose_project}-localstack-1"


def create_user(stack: Stack, name: str) -> str:
    answer = requests.post(
        f"{stack.api_url}/users",
        json={"name": name, "email": "a@example.com", "age": 36},
        headers={"x-api-key": stack.api_key},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    user_id: str = answer.json()["userId"]
    return user_id


def get_user(stack: Stack, user_id: str) -> int:
    url = f"{stack.api_url}/users/{user_id}"
    return requests.get(url, headers={"x-api-key": stack.api_key}, timeout=30).status_code


def test_it_is_as_closed_inside_as_the_file_says(up: Harness, docker: Docker, name: str) -> None:
    host = json.loads(docker("inspect", name))[0]["HostConfig"]
    inside = json.loads(docker("exec", name, "/opt/windtunnel/.venv/bin/python", "-c", INSIDE))

    assert host["Privileged"] is False
    assert {binding["HostIp"] for bindings in host["PortBindings"].values() for binding in bindings} == {"127.0.0.1"}
    assert int(inside["capabilities"], 16) == 0
    assert inside["no_new_privileges"] == "1"
    assert inside["socket"] is False
    readable = "Read-only file system"
    assert inside["writes"] == {"/": readable, "/opt/windtunnel": readable, "/tmp": "yes", "/var/lib/localstack": "yes"}


def test_functions_run_as_processes_of_the_container(up: Harness, docker: Docker, name: str) -> None:
    create_user(up.stack(), "Ada")

    # forked from a zygote, whose command line an environment keeps
    assert "functions/zygote_main.py" in docker("top", name, "-o", "pid,args")


def test_ready_means_that_init_hooks_are_done(up: Harness, docker: Docker, name: str) -> None:
    # up() returned: the hooks of stages boot and ready have run
    inside = json.loads(docker("exec", name, "/opt/windtunnel/.venv/bin/python", "-c", INSIDE))
    buckets = [bucket["Name"] for bucket in up.client("s3").list_buckets()["Buckets"]]

    assert inside["booted"] is True
    assert "made-by-a-hook" in buckets
    assert docker("exec", name, "/opt/windtunnel/.venv/bin/python", "-I", "-S", "/opt/windtunnel/ready.py") == ""


def test_processes_that_lost_their_parents_are_not_left_as_zombies(up: Harness, docker: Docker, name: str) -> None:
    told = docker("exec", name, "/opt/windtunnel/.venv/bin/python", "-c", ORPHAN)

    assert told == "gone"


def test_status_and_log_are_those_of_the_container(up: Harness, name: str) -> None:
    engine = up.engine
    assert isinstance(engine, LocalStackEngine)

    status = engine.status()
    log = subprocess.run(engine.logs_command(follow=False), capture_output=True, text=True, check=True)

    assert status.state == "up"
    assert status.detail == f"LocalStack 4.14.0, container {name}"
    assert 100 * 2**20 < (engine.memory() or 0) < 4 * 2**30
    assert "Ready." in log.stdout + log.stderr
    # one log for all: the edge's lines are there as well
    assert "windtunnel.edge" in log.stdout + log.stderr


def test_a_second_start_finds_the_first(up: Harness, settings: Settings, docker: Docker, name: str) -> None:
    before = docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", name)

    assert LocalStackEngine(settings).start(silent) is False

    assert docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", name) == before


def test_commands_follow_a_running_engine_to_its_port_unless_told_otherwise(up: Harness, settings: Settings) -> None:
    unaware = LocalStackEngine(replace(settings, port=1, api_port=2, chosen=frozenset()))
    told = LocalStackEngine(replace(settings, port=settings.port + 1))

    assert unaware.endpoint_url == settings.endpoint_url
    assert unaware.status().state == "up"
    with pytest.raises(EngineError, match=f"is up with port {settings.port}, and port {settings.port + 1} was asked"):
        told.start(silent)


def test_a_project_of_another_checkout_is_left_alone(up: Harness, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_text((settings.root / "docker-compose.yml").read_text())
    other = LocalStackEngine(replace(settings, root=tmp_path, state_dir=tmp_path / "state"))

    for act in (other.start, other.stop):
        with pytest.raises(EngineError, match=f"is {settings.root}'s") as caught:
            act(silent)
        assert "WINDTUNNEL_PROJECT" in caught.value.hint
    assert up.engine.status().state == "up"


def test_a_port_that_is_taken_is_named(up: Harness, windtunnel_settings: Settings) -> None:
    other = replace(own_settings(windtunnel_settings), port=up.settings.port)

    with pytest.raises(EngineError, match=f"port {up.settings.port} on 127.0.0.1 is taken"):
        LocalStackEngine(other).start(silent)


def test_two_projects_run_side_by_side(
    up: Harness, windtunnel_settings: Settings, left_of: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WINDTUNNEL_INIT_HOOKS")
    other = Harness(own_settings(windtunnel_settings))
    try:
        other.start()
        up.client("s3").create_bucket(Bucket="mine-only")

        assert other.client("s3").list_buckets()["Buckets"] == []
        assert up.engine.status().state == "up"
    finally:
        other.engine.stop(silent, state=True)

    assert left_of(other.settings.compose_project) == []


def test_docker_kill_in_the_middle_of_a_run_loses_nothing_that_was_written_before(
    up: Harness, settings: Settings, docker: Docker, name: str
) -> None:
    stack = up.stack()
    up.client("s3").put_object(Bucket="made-by-a-hook", Key="k", Body=b"x" * 1_000_000)
    early = create_user(stack, "Early")
    settle(up.engine.endpoint_url)
    stop = threading.Event()

    def requests_until_the_end() -> None:
        while not stop.is_set():
            with suppress(requests.RequestException, AssertionError):
                create_user(stack, "Late")

    clients = [threading.Thread(target=requests_until_the_end) for _ in range(4)]
    for client in clients:
        client.start()
    time.sleep(0.5)
    docker("kill", name)
    stop.set()
    for client in clients:
        client.join()
    assert up.engine.status().state == "down"
    events: list[object] = []

    again = Harness(settings, events.append)
    assert again.start() is True
    after = again.deploy()

    assert any(isinstance(event, Unchanged) for event in events)
    assert (after.api_url, after.api_key, after.root_url) == (stack.api_url, stack.api_key, stack.root_url)
    assert get_user(after, early) == 200
    assert len(up.client("s3").get_object(Bucket="made-by-a-hook", Key="k")["Body"].read()) == 1_000_000
    create_user(after, "Ada")


def test_an_end_keeps_the_state_and_an_end_with_state_leaves_nothing(
    up: Harness, settings: Settings, left_of: Left
) -> None:
    stack = up.stack()
    early = create_user(stack, "Early")

    assert up.engine.stop(silent) is True
    kept = left_of(settings.compose_project)
    up.start()
    found = get_user(stack, early)
    assert up.engine.stop(silent, state=True) is True

    assert kept == [f"{settings.compose_project}_state"]
    assert found == 200
    assert left_of(settings.compose_project) == []
    assert up.engine.status().state == "down"
    assert up.engine.stop(silent, state=True) is False


# --- starts that come to nothing: an engine of their own ------------------------------------------------------------


@pytest.fixture
def fresh(
    settings: Settings, windtunnel_settings: Settings, left_of: Left, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    del settings  # there is Docker
    monkeypatch.delenv("WINDTUNNEL_INIT_HOOKS", raising=False)
    own = own_settings(windtunnel_settings)
    yield own
    LocalStackEngine(own).stop(silent, state=True)
    assert left_of(own.compose_project) == []


def test_a_container_that_exits_at_start_shows_its_last_lines(fresh: Settings, left_of: Left) -> None:
    wrong = replace(fresh, engine_environment={"PYTHONHOME": "/nonexistent"})

    with pytest.raises(EngineError, match=r"ended while it was starting \(exit code 1\)") as caught:
        LocalStackEngine(wrong).start(silent)

    assert "encodings" in caught.value.detail
    assert "encodings" in (fresh.state_dir / "localstack/container.log").read_text()
    assert left_of(fresh.compose_project) == []


def test_up_interrupted_while_waiting_leaves_nothing(fresh: Settings, left_of: Left) -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "windtunnel", "up"],
        cwd=fresh.root,
        env=command_environment(fresh),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: left_of(fresh.compose_project) or None, what="a container", timeout=60)

    command.send_signal(signal.SIGINT)
    output, _ = command.communicate(timeout=60)

    assert command.returncode == 130, output
    assert "interrupted" in output
    assert left_of(fresh.compose_project) == []


def test_a_base_image_that_is_not_to_be_had_is_named(fresh: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALSTACK_IMAGE", "nowhere.invalid/localstack:0")

    with pytest.raises(EngineError, match=r"image nowhere\.invalid/localstack:0 is not on this machine and cannot"):
        LocalStackEngine(fresh).start(silent)
