"""What LocalStack and its fork have in common: functions run through the small executor beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.errors import BenchError
from bench.system import Site
from windtunnel.config import HOST

EXECUTOR = Path(__file__).parent / "executor"


def settings(site: Site, port: int) -> Mapping[str, str]:
    """The settings that both know, with the interpreter that functions run in: windtunnel's own."""
    python = site.settings.install_dir / "runtime/current/bin/python"
    if not python.exists():
        raise BenchError(f"no interpreter for functions: {python}", hint="make setup")
    return {
        "GATEWAY_LISTEN": f"{HOST}:{port}",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "LAMBDA_RUNTIME_EXECUTOR": "bench",
        "BENCH_PYTHON": str(python),
    }
