"""The project's own checks, each a list of commands that end with exit code 0 when all is well."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

Command = tuple[str, ...]

PYTEST: Command = (sys.executable, "-m", "pytest")
LINT: tuple[Command, ...] = (
    (sys.executable, "-m", "ruff", "check"),
    (sys.executable, "-m", "ruff", "format", "--check"),
    (sys.executable, "-m", "mypy"),
)
MOST_WORKERS = 4
"""Each may have engines of its own, of 300 MB and more."""
ALONE = ("--numprocesses", "--dist", "--pdb", "--trace", "-s", "--capture")
"""Options of pytest's with which whoever gives them wants no workers, or others; -n as well."""
UNIT, INTEGRATION, E2E = "tests/unit", "tests/integration", "tests/integration/app"

CHECKS: Mapping[str, tuple[Command, ...]] = MappingProxyType(
    {
        "lint": LINT,
        "unit": ((*PYTEST, UNIT),),
        "integration": ((*PYTEST, INTEGRATION, f"--ignore={E2E}"),),
        "e2e": ((*PYTEST, E2E),),
        "test": ((*PYTEST, UNIT, INTEGRATION),),
        "check": (*LINT, (*PYTEST, UNIT, INTEGRATION, f"--ignore={E2E}")),
    }
)


def workers(command: Command, arguments: Sequence[str], cores: int) -> Command:
    """How many files pytest is to run at a time. End-to-end tests alone have one engine, which is up: one."""
    given = any(argument.split("=")[0] in ALONE or argument[:2] == "-n" for argument in arguments)
    if INTEGRATION not in command or given or cores < 2:
        return ()
    return "-n", str(min(cores, MOST_WORKERS)), "--dist", "loadfile"


def run_check(
    name: str, root: Path, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> int:
    """Run a check's commands in `root` up to the first that fails, and return its exit code, or 0.

    `arguments` go to the last command, which is pytest in every check that has one.
    """
    commands = CHECKS[name]
    for number, command in enumerate(commands, 1):
        extra = (*workers(command, arguments, os.cpu_count() or 1), *arguments) if number == len(commands) else ()
        code = subprocess.run([*command, *extra], cwd=root, env=environment, check=False).returncode
        if code != 0:
            return code
    return 0
