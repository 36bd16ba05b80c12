"""Ports that Locust is to listen on: asked for before anything starts."""

from __future__ import annotations

import socket

import pytest

from windtunnel.errors import EngineError
from windtunnel.load.process import Distribution, master_port, require_ports


def test_a_port_that_is_taken_is_said_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        require_ports(Distribution(workers=1, port=port), None)
        with pytest.raises(EngineError, match=f"port {port} on 127.0.0.1 is taken by process") as master:
            require_ports(Distribution(workers=2, port=port), None)
        with pytest.raises(EngineError, match=f"port {port} on 127.0.0.1 is taken by process") as page:
            require_ports(Distribution(), port)

    assert "--bind-port" in master.value.hint
    assert "--ui-port" in page.value.hint


@pytest.mark.parametrize(("bind", "said"), [("192.0.2.1", "cannot be listened on"), ("no.invalid", "is no address")])
def test_a_master_can_only_listen_at_an_address_of_this_machine(bind: str, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        require_ports(Distribution(remote=2, bind=bind), None)


def test_workers_of_this_machine_need_no_port_of_their_own_choice() -> None:
    assert master_port(2) == 5557
    assert master_port(0) != 5557
