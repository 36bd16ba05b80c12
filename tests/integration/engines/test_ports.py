"""Ports of engines that were killed a moment ago, and of those that are there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import psutil
import pytest

from windtunnel.config import HOST
from windtunnel.engines import ports
from windtunnel.engines.local import require_free_port
from windtunnel.errors import EngineError

# as much as an engine's process holds: it is given back before the socket is
LISTEN = """
import os, socket, sys
held = os.urandom(150 << 20)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("there", flush=True)
listener.accept()
"""


@pytest.mark.parametrize("attempt", range(5))
def test_a_port_of_a_process_that_was_just_killed_is_free_in_a_moment(attempt: int) -> None:
    port = ports.free_port()
    with subprocess.Popen([sys.executable, "-c", LISTEN, str(port)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        process.kill()

        require_free_port("port", port)


def test_who_has_a_port_is_named() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(EngineError, match=rf"port {port} on {HOST} is taken by process {os.getpid()}"):
            require_free_port("port", port)
        assert ports.port_holder(port) == psutil.Process()


def test_free_ports_are_others_than_those_that_somebody_will_have(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ports.free_port()
    few = range(first, first + 50)
    monkeypatch.setattr(ports, "PORTS", few)
    monkeypatch.setattr("random.sample", lambda population, _count: list(population))

    found = ports.free_ports(2, but={first})

    assert first not in found
    assert len(set(found)) == 2
