"""The container engine's first process: `python -m windtunnel.engines.container`, in the image of docker/localstack.

The same supervisor, edge and backplane as outside, of the image's own LocalStack. What differs: sockets listen on the
container's every address (Docker publishes them on 127.0.0.1 only), everybody logs to the container's output, and what
is kept is in the volume, so that an engine that was killed goes on with its state.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from windtunnel import config
from windtunnel.config import Settings
from windtunnel.engines import supervisor
from windtunnel.engines.orders import LAST_SNAPSHOT_VARIABLE, STATE_VARIABLE, Home, Ports, engine_orders
from windtunnel.engines.supervisor import ChildOrder, Orders

ROOT = Path("/opt/windtunnel")
OUTPUT = "/proc/1/fd/1"
"""The container's: `docker logs` shows it."""
STANDARD_PORT = 4566
"""Where containers beside this one find it, whatever port it has outside."""
BACKPLANE, DYNAMODB = 14_566, 14_567
"""The same in every life, as a restored backplane may have told of its port."""
GRACE = 8.0
"""Seconds that processes get to end, of the ten that Compose gives the container: its state is to be written whole."""
LAST_SNAPSHOT = 6.0
INIT_HOOKS = Path("/etc/localstack/init")
PREFIX = "LOCALSTACK_"
KEPT_PREFIXED = ("LOCALSTACK_HOST", "LOCALSTACK_HOSTNAME", "LOCALSTACK_AUTH_TOKEN", "LOCALSTACK_API_KEY")
DROPPED = ("FILESYSTEM_ROOT", "PATH")
"""LocalStack in its container has paths of its own."""


def image_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """What LocalStack gets of the container's environment: no empty values, LOCALSTACK_DEBUG as DEBUG, as it has it."""
    given = {name: value for name, value in variables.items() if value}
    unprefixed = {
        name.removeprefix(PREFIX): value
        for name, value in given.items()
        if name.startswith(PREFIX) and name not in KEPT_PREFIXED
    }
    return {**given, **unprefixed}


def container_orders(settings: Settings, home: Home, instance: str, variables: Mapping[str, str]) -> Orders:
    """What the supervisor is to run in the container: what it runs outside, with what differs here."""
    ports = Ports(settings.port, settings.api_port, BACKPLANE, DYNAMODB)
    orders = engine_orders(settings, home, ports, instance, secrets.token_hex(16))
    more = {} if STANDARD_PORT in orders.listen.values() else {"standard": STANDARD_PORT}
    children = tuple(_child(child, tuple(more), variables) for child in orders.children)
    listen = {**orders.listen, **more}
    return replace(orders, host="0.0.0.0", listen=listen, children=children, grace=GRACE)  # noqa: S104 - Docker publishes it


def _child(order: ChildOrder, more_sockets: tuple[str, ...], variables: Mapping[str, str]) -> ChildOrder:
    environment = dict(order.environment)
    sockets = (*order.sockets, *more_sockets) if "main" in order.sockets else order.sockets
    if order.name == "backplane":
        # what only the container may say comes first, what windtunnel says last
        ours = {name: value for name, value in environment.items() if name not in DROPPED}
        environment = {**image_environment(variables), LAST_SNAPSHOT_VARIABLE: str(LAST_SNAPSHOT), **ours}
    return replace(order, log=OUTPUT, environment=environment, sockets=sockets)


def run_boot_hooks(orders: Orders) -> None:
    """LocalStack's boot stage, which its own image runs before its first process."""
    if not (INIT_HOOKS / "boot.d").is_dir():
        return
    backplane = next(child for child in orders.children if child.name == "backplane")
    command = [backplane.command[0], "-m", "localstack.runtime.init", "BOOT"]
    subprocess.run(command, env=dict(backplane.environment), check=False)


def prepare(home: Home) -> None:
    """The engine's folders. What functions had of their own in an earlier life is of no use; the rest is its state."""
    for folder in home.scratch:
        folder.mkdir(parents=True, exist_ok=True)
    home.children.unlink(missing_ok=True)
    for folder in (home.folder / "functions").iterdir():
        if folder.name != "layers":
            shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    os.umask(0o077)
    settings = config.load(start=ROOT)
    home = Home(settings.state_dir / "engine")
    prepare(home)
    # Docker names a container's host by the container's id
    orders = container_orders(settings, home, socket.gethostname(), config.environment())
    orders.write(home.orders)
    run_boot_hooks(orders)
    command = [sys.executable, "-I", supervisor.__file__, str(home.orders)]
    os.execve(sys.executable, command, {STATE_VARIABLE: str(settings.state_dir)})  # noqa: S606 - it becomes process 1


if __name__ == "__main__":
    main()
