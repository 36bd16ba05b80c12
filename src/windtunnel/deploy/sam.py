"""Deploying to AWS itself: `sam build && sam deploy`, unchanged, with the project's own samconfig.toml."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from windtunnel.errors import DeployError


def sam_options(stack: str, region: str, parameters: Mapping[str, str]) -> list[str]:
    """What `sam deploy` is told beside its configuration; parameters that are not named keep what they have."""
    options = ["--stack-name", stack, "--region", region]
    if parameters:
        options += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    return options


def sam_deploy(
    template: Path,
    binaries: Path,
    environment: Mapping[str, str],
    options: Sequence[str] = (),
    config: Path | None = None,
) -> None:
    """Run SAM beside the template, on this terminal: it asks before it changes anything (confirm_changeset).

    `binaries` is the folder with sam and the interpreter that it builds with; `config` is SAM's configuration where it
    is not beside the template. Raises DeployError with SAM's exit code.
    """
    # sam looks for pythonX.Y and its pip on the PATH
    path = os.pathsep.join([str(binaries), environment.get("PATH", os.defpath)])
    configured = ["--config-file", str(config)] if config else []
    for command in (["build"], ["deploy", *options]):
        called = [str(binaries / "sam"), *command, *configured]
        completed = subprocess.run(called, cwd=template.parent, env={**environment, "PATH": path}, check=False)
        if completed.returncode != 0:
            raise DeployError(
                f"sam {command[0]} ended with exit code {completed.returncode}",
                hint="what it says above; `make up` deploys to this machine instead",
            )
