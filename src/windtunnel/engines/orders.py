"""The processes of an embedded engine: which there are, and all that each gets to see."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from windtunnel.config import HOST, Settings
from windtunnel.dynamodb.server_config import ServerConfig
from windtunnel.edge.config import EdgeConfig
from windtunnel.engines.process import INSTANCE_VARIABLE
from windtunnel.engines.supervisor import ChildOrder, Orders

ACCOUNT = "000000000000"
EXECUTOR = "windtunnel"
PROVIDERS = {"cognito-idp": "windtunnel", "dynamodb": "windtunnel", "dynamodbstreams": "windtunnel"}
STATE_VARIABLE = "WINDTUNNEL_STATE"
"""Marks an engine's processes with its state folder, so that those whose record was lost are still known as ours."""
SNAPSHOTS_VARIABLE = "WINDTUNNEL_SNAPSHOT_DIR"
LAST_SNAPSHOT_VARIABLE = "WINDTUNNEL_SNAPSHOT_LAST"


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
    def dynamodb_log(self) -> Path:
        """What DynamoDB says."""
        return self.folder / "dynamodb.log"

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
        names = ("home", "tmp", "files", "functions", "functions-debugged", "edge", "reload", "snapshot")
        return tuple(self.folder / name for name in names)

    @property
    def reload(self) -> Path:
        """The code that is served in place of what was deployed."""
        return self.folder / "reload"

    @property
    def logs(self) -> tuple[Path, ...]:
        return self.engine_log, self.edge_log, self.dynamodb_log, self.supervisor_log


def engine_orders(settings: Settings, home: Home, ports: Ports, instance: str, token: str) -> Orders:
    """What the supervisor is to run: the edge, DynamoDB and the backplane."""
    edge_config, dynamodb_config = home.folder / "edge.json", home.folder / "dynamodb.json"
    data = _snapshots(settings, home) / "dynamodb/data.sqlite"
    ServerConfig(data=data, options=dict(settings.dynamodb)).write(dynamodb_config)
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
        listen={"main": ports.edge, "api": ports.api, "dynamodb": ports.dynamodb},
        report=str(home.children),
        children=(
            ChildOrder(
                name="edge",
                # the interpreter that runs this has windtunnel and what the edge needs
                command=(sys.executable, "-P", "-m", "windtunnel.edge", str(edge_config)),
                folder=str(home.folder),
                log=str(home.edge_log),
                environment=_common(settings, home),
                sockets=("main", "api"),
            ),
            ChildOrder(
                name="dynamodb",
                command=(sys.executable, "-P", "-m", "windtunnel.dynamodb", str(dynamodb_config)),
                folder=str(home.folder),
                log=str(home.dynamodb_log),
                environment=_common(settings, home),
                sockets=("dynamodb",),
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


def _snapshots(settings: Settings, home: Home) -> Path:
    """Where state is kept: what the backplane is told to keep its own in has DynamoDB's as well."""
    return Path(settings.engine_environment.get(SNAPSHOTS_VARIABLE, home.folder / "snapshot"))


def _common(settings: Settings, home: Home) -> dict[str, str]:
    """Nothing of the host's, so that every machine starts the same engine."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(home.folder / "home"),
        "TMPDIR": str(home.folder / "tmp"),
        STATE_VARIABLE: str(settings.state_dir),
    }


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
        INSTANCE_VARIABLE: instance,
        "WINDTUNNEL_TOKEN": token,
        "WINDTUNNEL_EDGE_URL": f"http://{HOST}:{ports.edge}",
        "WINDTUNNEL_DYNAMODB_PORT": str(ports.dynamodb),
        SNAPSHOTS_VARIABLE: str(_snapshots(settings, home)),
        "WINDTUNNEL_FUNCTIONS_DIR": str(home.folder / "functions"),
        "WINDTUNNEL_RUNTIMES_DIR": str(settings.install_dir / "runtime"),
        **settings.engine_environment,
    }
