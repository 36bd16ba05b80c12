"""The fork stands in for LocalStack: the same modules below another name, and each of them once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from windtunnel.plugin.localemu import stand_in
stand_in()
import localstack.services.lambda_ as stood_in
from localstack.services import NAME
import localemu.services.lambda_ as real
print(stood_in is real, stood_in.__name__, stood_in.__spec__.name, NAME, real.loads)
try:
    import localstack.services.missing
except ModuleNotFoundError as error:
    print(error)
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder with a package like the fork's, which counts how often it is loaded."""
    inner = tmp_path / "localemu/services"
    inner.mkdir(parents=True)
    (tmp_path / "localemu/__init__.py").write_text("")
    (inner / "__init__.py").write_text("NAME = __name__\n")
    (inner / "lambda_.py").write_text("import sys\nloads = sys.loads = getattr(sys, 'loads', 0) + 1\n")
    return tmp_path


def run(packages: Path) -> str:
    source = Path(__file__).parents[3] / "src"
    program = f"import sys; sys.path[:0] = [{str(source)!r}, {str(packages)!r}]\n{PROGRAM}"
    return subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True, timeout=30
    ).stdout


def test_a_module_is_the_forks_own_under_either_name(packages: Path) -> None:
    first, second = run(packages).splitlines()

    assert first == "True localemu.services.lambda_ localemu.services.lambda_ localemu.services 1"
    assert "localstack.services.missing" in second


def test_where_localstack_is_installed_the_fork_is_left_alone(packages: Path) -> None:
    own = packages / "localstack/services"
    own.mkdir(parents=True)
    (packages / "localstack/__init__.py").write_text("")
    (own / "__init__.py").write_text("NAME = __name__\n")
    (own / "lambda_.py").write_text("")

    assert run(packages).startswith("False localstack.services.lambda_ ")
