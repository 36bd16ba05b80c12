"""The project's own checks, each a list of commands that end with exit code 0 when all is well."""

from __future__ import annotations

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


def run_check(
    name: str, root: Path, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> int:
    """Run a check's commands in `root` up to the first that fails, and return its exit code, or 0.

    `arguments` go to the last command, which is pytest in every check that has one.
    """
    commands = CHECKS[name]
    for number, command in enumerate(commands, 1):
        extra = arguments if number == len(commands) else ()
        code = subprocess.run([*command, *extra], cwd=root, env=environment, check=False).returncode
        if code != 0:
            return code
    return 0
