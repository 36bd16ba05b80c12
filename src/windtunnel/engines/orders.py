"""The processes of an embedded engine: which there are, and all that each gets to see."""

from __future__ import annotations

import random
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from windtunnel.config import HOST, Settings
from windtunnel.edge.config import EdgeConfig
from windtunnel.engines.supervisor import ChildOrder, Orders
from windtunnel.errors import EngineError

ACCOUNT = "000000000000"
EXECUTOR = "windtunnel"
PROVIDERS = {"cognito-idp": "windtunnel", "dynamodb": "windtunnel", "dynamodbstreams": "windtunnel"}
STATE_VARIABLE = "WINDTUNNEL_STATE"
"""Marks an engine's processes with its state folder, so that those whose record was lost are still known as ours."""
PORTS = range(10_000, 30_000)
"""Below what the kernel gives to outgoing connections: a backplane that is started anew must find its port free."""


@dataclass(frozen=True)
class Ports:
    """Where an engine's processes listen, all on 127.0.0.1."""

    edge: int
    api: int
    backplane: int
    dynamodb: int


@dataclass(frozen=True)
class Home:
    """An engine's folder and what is in it."""

    folder: Path

    @property
    def engine_log(self) -> Path:
        """What the backplane says."""
        return self.folder / "engine.log"

    @property
    def edge_log(self) -> Path:
        """What the edge says."""
        return self.folder / "edge.log"

    @property
    def supervisor_log(self) -> Path:
        """Which process ended when, and was started again."""
        return self.folder / "supervisor.log"

    @property
    def children(self) -> Path:
        """The supervisor's report."""
        return self.folder / "children.json"

    @property
    def orders(self) -> Path:
        """What the supervisor was told."""
        return self.folder / "orders.json"

    @property
    def scratch(self) -> tuple[Path, ...]:
        """What one life of an engine leaves, and no other wants."""
        return tuple(self.folder / name for name in ("home", "tmp", "files", "functions", "edge", "snapshot"))

    @property
    def logs(self) -> tuple[Path, ...]:
        return self.engine_log, self.edge_log, self.supervisor_log


def free_ports(count: int) -> list[int]:
    """TCP ports that nobody listens on now."""
    found: list[int] = []
    for port in random.sample(PORTS, 200):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise EngineError(f"no {count} free ports between {PORTS.start} and {PORTS.stop}")


def engine_orders(settings: Settings, home: Home, ports: Ports, instance: str, token: str) -> Orders:
    """What the supervisor is to run: the backplane and the edge."""
    edge_config = home.folder / "edge.json"
    EdgeConfig(
        token=token,
        instance=instance,
        backplane_port=ports.backplane,
        dynamodb_port=ports.dynamodb,
        region=settings.region,
        account=ACCOUNT,
        state=home.folder / "edge",
        functions=home.folder / "functions",
        runtimes=settings.install_dir / "runtime",
        port=ports.edge,
        freeze=settings.freeze,
    ).write(edge_config)
    return Orders(
        host=HOST,
        listen={"main": ports.edge, "api": ports.api},
        report=str(home.children),
        children=(
            ChildOrder(
                name="edge",
                # the interpreter that runs this has windtunnel and what the edge needs
                command=(sys.executable, "-P", "-m", "windtunnel.edge", str(edge_config)),
                folder=str(home.folder),
                log=str(home.edge_log),
                environment=_edge_environment(settings, home),
                sockets=True,
            ),
            ChildOrder(
                name="backplane",
                command=(str(settings.install_dir / "engine-venv/bin/python"), "-m", "localstack.runtime.main"),
                folder=str(home.folder),
                log=str(home.engine_log),
                environment=_backplane_environment(settings, home, ports, instance, token),
            ),
        ),
    )


def _common(settings: Settings, home: Home) -> dict[str, str]:
    """Nothing of the host's, so that every machine starts the same engine."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(home.folder / "home"),
        "TMPDIR": str(home.folder / "tmp"),
        STATE_VARIABLE: str(settings.state_dir),
    }


def _edge_environment(settings: Settings, home: Home) -> dict[str, str]:
    return _common(settings, home)


def _backplane_environment(settings: Settings, home: Home, ports: Ports, instance: str, token: str) -> dict[str, str]:
    return {
        **_common(settings, home),
        "FILESYSTEM_ROOT": str(home.folder / "files"),
        "GATEWAY_LISTEN": f"{HOST}:{ports.backplane}",
        # what addresses are made with that clients get: they come through the edge
        "LOCALSTACK_HOST": f"{HOST}:{ports.edge}",
        "DNS_ADDRESS": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "LAMBDA_RUNTIME_EXECUTOR": EXECUTOR,
        **{f"PROVIDER_OVERRIDE_{service.upper().replace('-', '_')}": name for service, name in PROVIDERS.items()},
        "WINDTUNNEL_INSTANCE": instance,
        "WINDTUNNEL_TOKEN": token,
        "WINDTUNNEL_EDGE_URL": f"http://{HOST}:{ports.edge}",
        "WINDTUNNEL_DYNAMODB_PORT": str(ports.dynamodb),
        "WINDTUNNEL_SNAPSHOT_DIR": str(home.folder / "snapshot"),
        "WINDTUNNEL_FUNCTIONS_DIR": str(home.folder / "functions"),
        "WINDTUNNEL_RUNTIMES_DIR": str(settings.install_dir / "runtime"),
        **settings.engine_environment,
    }
