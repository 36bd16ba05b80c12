"""ministack, which runs functions by itself, in worker processes of its own environment."""

from __future__ import annotations

from collections.abc import Mapping

from bench.peer import Peer
from bench.system import Site
from windtunnel.config import HOST


def environment(_site: Site, port: int) -> Mapping[str, str]:
    return {
        # without it, it listens on every interface
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "LAMBDA_EXECUTOR": "local",
        # servers that nothing here uses
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }


SYSTEM = Peer(
    name="ministack",
    title="ministack 1.5.33, functions in its own worker processes",
    lock="requirements/bench/ministack.txt",
    command=("-m", "ministack"),
    health="/_ministack/health",
    environment=environment,
)
