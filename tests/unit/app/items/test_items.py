"""The items service's JavaScript, by Node.js's own test runner: each file of tests beside this one is a test here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RUNTIME = Path(__file__).parents[4] / ".windtunnel/runtime/node"

node = shutil.which("node")
pytestmark = pytest.mark.skipif(node is None or not RUNTIME.is_dir(), reason="no Node.js: install one, then make setup")


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_javascript(file: Path) -> None:
    command = [str(node), "--no-warnings", "--import", str(HERE / "resolve_sdk.mjs"), "--test", str(file)]

    ran = subprocess.run(
        command, env={**os.environ, "SDK": str(RUNTIME)}, capture_output=True, text=True, timeout=60, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    # a file without tests would pass, too
    assert "# tests 0" not in ran.stdout.replace("ℹ", "#")
