"""Deploying to AWS itself: `sam build && sam deploy`, unchanged, with the project's own samconfig.toml."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from windtunnel.errors import DeployError


def sam_deploy(template: Path, binaries: Path, environment: Mapping[str, str], options: Sequence[str] = ()) -> None:
    """Run SAM beside the template, on this terminal: it asks before it changes anything (confirm_changeset).

    `binaries` is the folder with sam and the interpreter that it builds with. Raises DeployError with SAM's exit code.
    """
    # sam looks for pythonX.Y and its pip on the PATH
    path = os.pathsep.join([str(binaries), environment.get("PATH", os.defpath)])
    for command in (["build"], ["deploy", *options]):
        called = [str(binaries / "sam"), *command]
        completed = subprocess.run(called, cwd=template.parent, env={**environment, "PATH": path}, check=False)
        if completed.returncode != 0:
            raise DeployError(
                f"sam {command[0]} ended with exit code {completed.returncode}",
                hint="what it says above; `make up` deploys to this machine instead",
            )
