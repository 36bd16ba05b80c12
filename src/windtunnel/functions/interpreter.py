"""Which interpreter a function's runtime gets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from windtunnel.errors import EngineError

PYTHON = re.compile(r"python3\.\d+")
CURRENT = "current"
PYTHON_LANGUAGE, NODE, PROVIDED = "python", "node", "provided"
"""What an interpreter is of (runtimes.py)."""


@dataclass(frozen=True)
class Interpreter:
    """An environment with an interpreter, AWS's runtime interface client and boto3, made by scripts/bootstrap."""

    path: Path
    packages: Path
    """Its site-packages: what stands for /var/runtime."""
    identifier: str
    """What it really is, for the log: python:3.13.0."""
    exact: bool
    """False where the runtime asks for another version, which is not there."""
    language: str = PYTHON_LANGUAGE


def find_interpreter(runtimes: Path, runtime: str) -> Interpreter:
    """The interpreter for a Lambda runtime: of its version, else the one that is there. `runtimes` holds them.

    Raises EngineError for a runtime that is no Python, and where no interpreter is installed.
    """
    if not PYTHON.fullmatch(runtime):
        raise EngineError(f"windtunnel runs Python functions so far, and not the runtime {runtime!r}")
    exact = (runtimes / runtime / "bin/python").exists()
    home = runtimes / (runtime if exact else CURRENT)
    if not (home / "bin/python").exists():
        raise EngineError(f"no interpreter for {runtime} in {runtimes}", hint="make setup")
    packages = next(home.resolve().glob("lib/python3.*/site-packages"))
    return Interpreter(home.resolve() / "bin/python", packages, f"python:{_version(home)}", exact)


def _version(home: Path) -> str:
    """The full version as the environment's own note has it, "?" where it has none."""
    for line in (home / "pyvenv.cfg").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() in {"version", "version_info"}:
            return value.strip()
    return "?"
