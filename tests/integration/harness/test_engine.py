"""The embedded engine's life, with real processes. Each test has a state folder and a port of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import requests

from windtunnel.config import HOST, Settings
from windtunnel.engines import EmbeddedEngine
from windtunnel.engines.orders import STATE_VARIABLE
from windtunnel.engines.ports import free_port
from windtunnel.engines.process import end_tree, marked_processes, read_children, read_record
from windtunnel.engines.waiting import wait_until
from windtunnel.errors import EngineError
from windtunnel.testing.engine import apart, command_environment


def silent(_line: str) -> None:
    pass


@pytest.fixture
def settings(windtunnel_settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    own = apart(windtunnel_settings, tmp_path / "state")
    yield own
    for process in ours(own):
        end_tree(process, grace=2)


@pytest.fixture
def embedded(settings: Settings) -> EmbeddedEngine:
    return EmbeddedEngine(settings)


def ours(settings: Settings) -> list[psutil.Process]:
    """The engines of a state folder: supervisors, and what has lost its own."""
    marked = marked_processes(STATE_VARIABLE, str(settings.state_dir))
    pids = {process.pid for process in marked}
    found = []
    for process in marked:
        # a snapshot's fork has ended since
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.ppid() not in pids:
                found.append(process)
    return found


def written_by(process: psutil.Process) -> set[Path]:
    """The files that a process has open to write; none of one that has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return {Path(file.path) for file in process.open_files() if file.mode != "r"}
    return set()


def pid_of(settings: Settings) -> int | None:
    record = read_record(settings.state_dir / "engine/process.json")
    return record.pid if record else None


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.create_server((HOST, port)):
        yield


def windtunnel(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    """The command itself, in a process group of its own, on the test's state folder and port."""
    return subprocess.Popen(
        [sys.executable, "-m", "windtunnel", *arguments],
        cwd=settings.root,
        env=command_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def started(settings: Settings) -> Callable[[], bool | None]:
    return lambda: pid_of(settings) is not None or None


def test_a_start_is_ready_when_it_returns_and_a_stop_leaves_nothing(
    embedded: EmbeddedEngine, settings: Settings
) -> None:
    assert embedded.start(silent) is True

    status = embedded.status()
    health = requests.get(f"{settings.endpoint_url}/_localstack/health", timeout=5).json()
    assert status.state == "up"
    assert "4.14.0" in status.detail
    assert 100 * 2**20 < (embedded.memory() or 0) < 4 * 2**30
    # who reaches it, runs code: nobody but this machine does
    listening = [c.laddr.ip for c in psutil.Process(status.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert set(listening) == {HOST}
    assert health["version"].startswith("4.14.0")

    assert embedded.stop(silent) is True

    assert ours(settings) == []
    assert port_is_free(settings.port)
    assert embedded.status().state == "down"
    assert embedded.memory() is None
    assert embedded.stop(silent) is False


def test_a_second_start_finds_the_first(embedded: EmbeddedEngine, settings: Settings) -> None:
    embedded.start(silent)
    pid = pid_of(settings)

    assert embedded.start(silent) is False

    assert pid_of(settings) == pid


def test_commands_follow_a_running_engine_to_its_port_unless_told_otherwise(
    embedded: EmbeddedEngine, settings: Settings
) -> None:
    embedded.start(silent)

    unaware = EmbeddedEngine(replace(settings, port=free_port(), chosen=frozenset()))
    told = EmbeddedEngine(replace(settings, port=free_port()))

    assert unaware.status().state == "up"
    assert unaware.endpoint_url == settings.endpoint_url
    with pytest.raises(EngineError, match=f"is up with port {settings.port}"):
        told.start(silent)


@pytest.mark.parametrize("name", ["edge", "backplane"])
def test_a_start_waits_for_a_child_that_was_killed_and_keeps_the_engine(
    embedded: EmbeddedEngine, settings: Settings, name: str
) -> None:
    embedded.start(silent)
    first = pid_of(settings)
    child = next(c for c in read_children(settings.state_dir / "engine/children.json") if c.name == name)

    psutil.Process(child.pid).kill()
    started = embedded.start(silent)

    # another engine would begin with nothing
    assert (started, pid_of(settings)) == (False, first)
    assert embedded.status().state == "up"


def test_two_starts_at_once_make_one_engine(settings: Settings) -> None:
    outcomes: list[bool] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(EmbeddedEngine(settings).start(silent))) for _ in range(2)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [False, True]
    assert len(ours(settings)) == 1


def test_a_busy_port_is_named_with_who_has_it(embedded: EmbeddedEngine, settings: Settings) -> None:
    with taken(settings.port), pytest.raises(EngineError, match=f"port {settings.port} .* is taken") as caught:
        embedded.start(silent)

    assert f"process {os.getpid()}" in str(caught.value)
    assert "PORT=" in caught.value.hint
    assert ours(settings) == []


def test_a_killed_engine_is_said_to_be_gone_and_starts_again(embedded: EmbeddedEngine, settings: Settings) -> None:
    embedded.start(silent)
    pid = pid_of(settings)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    psutil.Process(pid).wait(5)

    assert "gone" in embedded.status().detail
    assert embedded.start(silent) is True

    assert pid_of(settings) != pid
    assert embedded.status().state == "up"


@pytest.mark.parametrize("text", ["not json", '{"pid": 1, "created": 0, "port": 1, "region": "r", "instance": "i"}'])
def test_a_stale_or_damaged_record_is_no_obstacle(embedded: EmbeddedEngine, settings: Settings, text: str) -> None:
    (settings.state_dir / "engine").mkdir(parents=True)
    (settings.state_dir / "engine/process.json").write_text(text)

    assert embedded.start(silent) is True

    assert psutil.pid_exists(1)


def test_an_engine_whose_record_was_lost_is_ended_by_the_next_start(
    embedded: EmbeddedEngine, settings: Settings
) -> None:
    embedded.start(silent)
    lost = ours(settings)[0]
    (settings.state_dir / "engine/process.json").unlink()

    assert EmbeddedEngine(settings).start(silent) is True

    assert not lost.is_running()
    assert [process.pid for process in ours(settings)] == [pid_of(settings)]


def test_an_engine_without_our_executor_is_refused(settings: Settings) -> None:
    wrong = replace(settings, engine_environment={"LAMBDA_RUNTIME_EXECUTOR": "no-such-executor"})

    with pytest.raises(EngineError, match=r"without windtunnel's plugin.*executor"):
        EmbeddedEngine(wrong).start(silent)

    assert ours(settings) == []


def test_an_engine_that_ends_at_start_shows_its_last_words(settings: Settings) -> None:
    wrong = replace(settings, engine_environment={"PYTHONHOME": "/nonexistent"})

    with pytest.raises(EngineError, match="ended while it was starting") as caught:
        EmbeddedEngine(wrong).start(silent)

    assert "exit code 1" in str(caught.value)
    assert "encodings" in caught.value.detail


def test_a_localstack_that_lacks_a_name_is_refused_with_the_name(settings: Settings, tmp_path: Path) -> None:
    # as in another LocalStack: Python runs this before everything else
    (tmp_path / "other").mkdir()
    (tmp_path / "other/sitecustomize.py").write_text(
        "import localstack.services.cloudformation.provider_utils as module\ndel module.convert_request_kwargs\n"
    )
    other = replace(settings, engine_environment={"PYTHONPATH": str(tmp_path / "other")})

    with pytest.raises(EngineError, match=r"backplane ended while it was starting \(exit code 3\)") as caught:
        EmbeddedEngine(other).start(silent)

    assert "cannot import name 'convert_request_kwargs'" in caught.value.detail
    assert ours(settings) == []


def test_a_start_past_its_deadline_is_ended_and_says_what_it_waited_for(settings: Settings) -> None:
    with pytest.raises(EngineError, match=rf"waited \d s for the engine to be ready at {settings.endpoint_url}"):
        EmbeddedEngine(replace(settings, start_timeout=0.3)).start(silent)

    assert ours(settings) == []
    assert port_is_free(settings.port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_interrupted_while_starting_leaves_nothing(settings: Settings, number: signal.Signals) -> None:
    command = windtunnel(settings, "up")
    wait_until(started(settings), what="the engine's process", timeout=20)

    command.send_signal(number)
    output, _ = command.communicate(timeout=30)

    assert command.returncode == 130, output
    assert "interrupted" in output
    assert ours(settings) == []
    assert port_is_free(settings.port)


def test_up_killed_while_starting_is_picked_up_by_the_next(embedded: EmbeddedEngine, settings: Settings) -> None:
    command = windtunnel(settings, "up")
    wait_until(started(settings), what="the engine's process", timeout=20)
    command.kill()
    command.communicate(timeout=10)

    embedded.start(silent)

    assert embedded.status().state == "up"
    assert len(ours(settings)) == 1


def test_two_checkouts_run_side_by_side(settings: Settings, tmp_path: Path) -> None:
    other = replace(settings, port=free_port(), api_port=free_port(), state_dir=tmp_path / "other")
    one, two = EmbeddedEngine(settings), EmbeddedEngine(other)
    one.start(silent)
    two.start(silent)

    one.session().client("s3", endpoint_url=one.endpoint_url).create_bucket(Bucket="mine-only")
    listed = two.session().client("s3", endpoint_url=two.endpoint_url).list_buckets()["Buckets"]
    two.stop(silent)

    assert listed == []
    assert one.status().state == "up"


def test_everything_is_written_below_the_state_folder(embedded: EmbeddedEngine, settings: Settings) -> None:
    embedded.start(silent)
    client = embedded.session().client("s3", endpoint_url=embedded.endpoint_url)
    client.create_bucket(Bucket="bucket")
    client.put_object(Bucket="bucket", Key="k", Body=b"x" * 2_000_000)

    children = read_children(settings.state_dir / "engine/children.json")
    backplane = psutil.Process(next(child.pid for child in children if child.name == "backplane"))
    environment = backplane.environ()
    family = psutil.Process(pid_of(settings)).children(recursive=True)
    written = set().union(*map(written_by, family))

    assert all(path.is_relative_to(settings.state_dir) for path in written if path.is_absolute()), written
    assert environment["HOME"].startswith(str(settings.state_dir))
    assert set(environment) & {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "SSH_AUTH_SOCK", "VIRTUAL_ENV"} == set()
