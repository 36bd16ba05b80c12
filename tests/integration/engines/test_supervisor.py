"""The supervisor: what it keeps running, how it ends, and what its sockets are for."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from windtunnel.engines import supervisor
from windtunnel.engines.ports import free_port
from windtunnel.engines.process import ChildReport, end_tree, read_children
from windtunnel.engines.supervisor import ChildOrder, Orders

SERVE = """
import json, os, select, socket, sys
listener = socket.socket(fileno=json.loads(sys.argv[1])["main"])
while True:
    # not in accept(): one that was killed there may still take a connection along before it ends
    select.select([listener], [], [])
    client, _ = listener.accept()
    client.sendall(str(os.getpid()).encode())
    client.close()
"""
SLEEP = "import time; time.sleep(60)"


def wait_for[T](look: Callable[[], T], what: str) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + 10
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited ten seconds for {what}"
        time.sleep(0.02)
    return found


class Supervised:
    """A supervisor at work on orders of the test's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **scripts: str) -> None:
        children = tuple(
            ChildOrder(
                name=name,
                command=(sys.executable, "-c", script),
                folder=str(self.folder),
                log=str(self.folder / f"{name}.log"),
                environment={"CHILD": name},
                sockets=("main",) if "sys.argv" in script else (),
            )
            for name, script in scripts.items()
        )
        path = self.folder / "orders.json"
        Orders("127.0.0.1", {"main": self.port}, str(self.folder / "children.json"), children).write(path)
        with (self.folder / "supervisor.log").open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-I", supervisor.__file__, str(path)], stderr=log)

    def child(self, name: str, starts: int = 1) -> ChildReport:
        """What is told of a child, once it was started so often and runs."""

        def look() -> ChildReport | None:
            reports = read_children(self.folder / "children.json")
            return next((r for r in reports if r.name == name and r.starts >= starts and r.pid), None)

        found = wait_for(look, f"start {starts} of {name}")
        assert found
        return found

    def said(self, name: str) -> str:
        """What a child wrote so far."""
        log = self.folder / f"{name}.log"
        return log.read_text() if log.exists() else ""

    def ask(self) -> int:
        """The process that answers on the port, which is bound before the first child is told of."""
        wait_for((self.folder / "children.json").exists, "the supervisor")
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
            return int(client.recv(100))


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    made = Supervised(tmp_path)
    yield made
    if made.process:
        if made.process.poll() is None:
            end_tree(psutil.Process(made.process.pid), grace=5)
        made.process.wait(5)


def test_a_child_that_is_killed_is_started_again_and_nobody_is_refused(supervised: Supervised) -> None:
    supervised.start(edge=SERVE)
    first = supervised.ask()

    os.kill(first, signal.SIGKILL)
    # at once: the socket is the supervisor's, so that this waits for the next child
    second = supervised.ask()

    assert second != first
    report = supervised.child("edge", starts=2)
    assert (report.pid, report.last_exit) == (second, -signal.SIGKILL)


def test_one_childs_end_does_not_disturb_another(supervised: Supervised) -> None:
    supervised.start(edge=SERVE, backplane=SLEEP)
    backplane = supervised.child("backplane").pid
    assert backplane

    os.kill(supervised.ask(), signal.SIGKILL)

    supervised.child("edge", starts=2)
    assert supervised.child("backplane").pid == backplane


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_ends_everything(supervised: Supervised, number: signal.Signals) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    )
    supervised.start(edge=SERVE, backplane=stubborn)
    pids = [supervised.ask(), supervised.child("backplane").pid]
    wait_for(lambda: supervised.said("backplane"), "the stubborn child")
    assert supervised.process

    supervised.process.send_signal(number)

    assert supervised.process.wait(10) == 0
    assert not any(psutil.pid_exists(pid) for pid in pids if pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_killed_it_takes_its_children_along(supervised: Supervised) -> None:
    supervised.start(edge=SERVE, backplane=SLEEP)
    pids = [supervised.ask(), supervised.child("backplane").pid]
    assert supervised.process

    supervised.process.kill()
    supervised.process.wait(5)

    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in pids if pid), "the children to end")


def test_a_child_that_never_comes_up_is_given_up(supervised: Supervised, monkeypatch: pytest.MonkeyPatch) -> None:
    supervised.start(edge="raise SystemExit(3)", backplane=SLEEP)
    backplane = supervised.child("backplane").pid
    assert supervised.process
    assert backplane

    # it tries again, slower and slower, before it gives up
    assert supervised.process.wait(30) == 1
    assert not psutil.pid_exists(backplane)
    log = (supervised.folder / "supervisor.log").read_text()
    assert log.count("edge ended") == supervisor.ATTEMPTS
    assert "exit code 3" in log


def test_a_port_that_is_taken_is_said(supervised: Supervised) -> None:
    with socket.create_server(("127.0.0.1", supervised.port)):
        supervised.start(edge=SERVE)
        assert supervised.process

        assert supervised.process.wait(10) == 1

    assert f"port {supervised.port}" in (supervised.folder / "supervisor.log").read_text()


def test_children_get_their_own_environment_and_nothing_else(supervised: Supervised) -> None:
    script = "import json, os, time; print(json.dumps(dict(os.environ)), flush=True); time.sleep(60)"
    supervised.start(backplane=script)

    text = wait_for(lambda: supervised.said("backplane"), "the environment")

    assert json.loads(text).items() >= {("CHILD", "backplane")}
    assert "PATH" not in json.loads(text)


def test_orders_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    orders = Orders("127.0.0.1", {"main": 1}, "r", (ChildOrder("a", ("b",), "c", "d", {"e": "f"}, sockets=("main",)),))
    path = tmp_path / "orders.json"

    orders.write(path)

    assert Orders.read(path) == orders
    assert path.stat().st_mode & 0o077 == 0


def test_the_module_needs_the_standard_library_only() -> None:
    """It runs for as long as the engine does: it should stay small."""
    code = f"import runpy, sys; runpy.run_path({supervisor.__file__!r}); print('windtunnel' in sys.modules)"

    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.strip() == "False"
