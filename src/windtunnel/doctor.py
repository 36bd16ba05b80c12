"""Looking at everything windtunnel needs, each finding with what to do about it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from windtunnel.config import HOST, Settings

INSTALLED_IN_ENGINE = (
    "from importlib.metadata import entry_points, version; "
    "assert any(e.name == 'windtunnel' for e in entry_points(group='localstack.lambda.runtime_executor')); "
    "print(version('localstack-core'))"
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `level` is "ok", "warn" (works without) or "fail"."""

    level: str
    subject: str
    detail: str
    hint: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Every finding, in the order in which a person would mend them."""
    return [
        *_interpreter(settings),
        *_environments(settings),
        *_template(settings),
        *_engine(settings),
        *_disk(settings),
        *(_container_engine(settings) if settings.engine == "localstack" else _docker()),
    ]


def _run(*command: str) -> tuple[bool, str]:
    """Whether a command ended well, and the last line it printed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return done.returncode == 0, lines[-1] if lines else f"exit code {done.returncode}"


def _interpreter(settings: Settings) -> Iterator[Finding]:
    found, path = _run(str(settings.root / "scripts/bootstrap"), "--find-python")
    if found:
        yield Finding("ok", "python", path)
    else:
        yield Finding(
            "fail", "python", "no Python 3.12 or 3.13", "scripts/bootstrap --find-python says where it looked"
        )


def _environments(settings: Settings) -> Iterator[Finding]:
    install = settings.install_dir
    works, text = _run(str(install / "engine-venv/bin/python"), "-c", INSTALLED_IN_ENGINE)
    if works:
        yield Finding("ok", "engine", f"LocalStack {text} with windtunnel's plugin")
    else:
        yield Finding("fail", "engine", f"its environment does not work: {text}", "scripts/bootstrap --force")
    works, text = _run(
        str(install / "runtime/current/bin/python"), "-c", "import awslambdaric, sys; print(sys.version.split()[0])"
    )
    if not works:
        yield Finding("fail", "functions", f"their environment does not work: {text}", "scripts/bootstrap --force")
    elif not text.startswith("3.13"):
        yield Finding("warn", "functions", f"run on Python {text}", "install Python 3.13 for functions that ask for it")
    else:
        yield Finding("ok", "functions", f"run on Python {text}")


def _template(settings: Settings) -> Iterator[Finding]:
    if settings.template.is_file():
        yield Finding("ok", "template", str(settings.template))
    else:
        yield Finding("fail", "template", f"{settings.template} is not there", "set template in windtunnel.toml")


def _engine(settings: Settings) -> Iterator[Finding]:
    from windtunnel.engines import EmbeddedEngine, LocalStackEngine
    from windtunnel.engines.ports import port_holder
    from windtunnel.engines.process import describe

    kind = LocalStackEngine if settings.engine == "localstack" else EmbeddedEngine
    status = kind(settings).status()
    if status.state == "up":
        yield Finding("ok", "up", f"{status.detail} at {status.endpoint_url}")
        return
    if status.state == "broken":
        yield Finding("warn", "up", status.detail, "make down, then make up")
        return
    for port, hint in ((settings.port, "make up PORT=4570"), (settings.api_port, "make up API_PORT=4571")):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            taken = probe.connect_ex((HOST, port)) == 0
        if taken:
            holder = port_holder(port)
            by = f" by {describe(holder)}" if holder else ""
            yield Finding("warn", "port", f"{port} is taken{by}", hint)
        else:
            yield Finding("ok", "port", f"{port} is free")


def _disk(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(settings.root).free / 2**30
    if free < 2:
        yield Finding("warn", "disk", f"{free:.1f} GB free", "the environments need about 1 GB")
    else:
        yield Finding("ok", "disk", f"{free:.0f} GB free")


def _docker() -> Iterator[Finding]:
    if shutil.which("docker") is None:
        yield Finding("ok", "docker", "not there, and not needed")
        return
    works, _text = _run("docker", "info", "--format", "{{.ServerVersion}}")
    yield Finding("ok", "docker", "there" if works else "a client without an engine; not needed")


def _container_engine(settings: Settings) -> Iterator[Finding]:
    """What ENGINE=localstack needs, up to the first thing that is missing."""
    from windtunnel.engines import LocalStackEngine

    yield from (Finding(*found) for found in LocalStackEngine(settings).examine())
