"""TCP ports of this machine: whether one can be listened on, and who does."""

from __future__ import annotations

import contextlib
import errno
import random
import socket
from collections.abc import Collection

import psutil

from windtunnel.config import HOST
from windtunnel.engines.process import describe
from windtunnel.errors import EngineError

PORTS = range(10_000, 30_000)
"""Below what the kernel gives to outgoing connections: who is started a little later must find its port free."""


def port_holder(port: int) -> psutil.Process | None:
    """The process that listens on a TCP port, or None where nobody does or the kernel will not tell."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            with contextlib.suppress(psutil.NoSuchProcess):
                # without an id it would be this process
                return psutil.Process(connection.pid) if connection.pid else None
    return None


def port_is_taken(port: int) -> bool:
    """Whether somebody accepts connections on a port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def require_bindable(port: int, *, hint: str, low: str, host: str = HOST) -> None:
    """Raises EngineError where a port cannot be listened on, with who has it. `hint` says what to do about that, `low`
    what to do where the port is not for this user."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # as servers do: connections of an earlier engine that are still closing are no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            return
        except PermissionError as error:
            raise EngineError(f"port {port} is not for this user: {error.strerror}", hint=low) from error
        except socket.gaierror as error:
            raise EngineError(f"{host} is no address of this machine: {error.strerror}", hint=hint) from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise EngineError(f"{host}:{port} cannot be listened on: {error.strerror}", hint=hint) from error
            holder = port_holder(port)
            by = f" by {describe(holder)}" if holder else ""
            raise EngineError(f"port {port} on {host} is taken{by}", hint=hint) from error


def free_port() -> int:
    """One TCP port that nobody listens on now."""
    return free_ports(1)[0]


def free_ports(count: int, but: Collection[int] = ()) -> list[int]:
    """TCP ports that nobody listens on now, other than those that somebody will."""
    found: list[int] = []
    for port in random.sample(PORTS, 200):
        if port in but:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise EngineError(f"no {count} free ports between {PORTS.start} and {PORTS.stop}")
