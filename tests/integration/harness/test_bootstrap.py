"""scripts/bootstrap and the Makefile, as a new user meets them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from windtunnel.config import Settings

COMMANDS = ("help", "setup", "up", "down", "status", "logs", "deploy", "lock", "doctor", "clean")
CHECKS = ("e2e", "unit", "integration", "test", "lint", "check")


@pytest.fixture
def root(windtunnel_settings: Settings) -> Path:
    return windtunnel_settings.root


def shell(root: Path, *command: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **(variables or {})}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def clone(root: Path, tmp_path: Path) -> Path:
    """A checkout that was never set up, so that it remembers no interpreter."""
    scripts = tmp_path / "clone/scripts"
    scripts.mkdir(parents=True)
    shutil.copy(root / "scripts/bootstrap", scripts)
    shutil.copy(root / "pyproject.toml", scripts.parent)
    return scripts.parent


@pytest.fixture
def poor_path(tmp_path: Path) -> str:
    """A PATH with what the script needs, and no Python but an impostor that does not run (a pyenv shim, say)."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "env", "cat", "cksum", "sort", "sed", "dirname", "mkdir", "rm", "git"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    shim = folder / "python3.13"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    return str(folder)


def test_a_second_run_has_nothing_to_do(root: Path) -> None:
    done = shell(root, "scripts/bootstrap")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_suitable_python_says_where_it_looked_and_what_to_install(
    clone: Path, poor_path: str, tmp_path: Path
) -> None:
    if any(Path(f"{folder}/python{v}").exists() for folder in ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin")
           for v in ("3.12", "3.13")):  # fmt: skip
        pytest.skip("this machine has a Python 3.12 or 3.13 where the bootstrap always looks")

    done = shell(clone, "scripts/bootstrap", "--find-python", variables={"PATH": poor_path, "HOME": str(tmp_path)})

    assert done.returncode == 1
    assert "no suitable Python: 3.13 or 3.12" in done.stderr
    assert "pyenv install 3.13" in done.stderr
    assert "WINDTUNNEL_PYTHON=" in done.stderr


@pytest.mark.parametrize("manager", ["pyenv", "uv"])
def test_an_interpreter_of_pyenv_or_uv_is_found_without_being_on_the_path(
    clone: Path, poor_path: str, tmp_path: Path, windtunnel_settings: Settings, manager: str
) -> None:
    place = {"pyenv": ".pyenv/versions/3.13.99", "uv": ".local/share/uv/python/cpython-3.13.99-linux"}[manager]
    folder = tmp_path / "home" / place / "bin"
    folder.mkdir(parents=True)
    real = windtunnel_settings.install_dir / "runtime/current/bin/python"
    (folder / "python3.13").write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    (folder / "python3.13").chmod(0o755)

    variables = {"PATH": poor_path, "HOME": str(tmp_path / "home")}
    done = shell(clone, "scripts/bootstrap", "--find-python", variables=variables)

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(real)


def test_the_interpreter_of_the_first_setup_is_kept(clone: Path, windtunnel_settings: Settings) -> None:
    first = windtunnel_settings.install_dir / "runtime/current/bin/python"
    (clone / ".windtunnel").mkdir()
    (clone / ".windtunnel/bootstrap.stamp").write_text(f"unfinished\n{first}\n")

    done = shell(clone, "scripts/bootstrap", "--find-python")

    assert done.stdout.strip() == str(first)


@pytest.mark.parametrize("named", ["/bin/true", "/nonexistent"])
def test_a_named_interpreter_that_does_not_suit_is_refused(root: Path, named: str) -> None:
    done = shell(root, "scripts/bootstrap", "--find-python", variables={"WINDTUNNEL_PYTHON": named})

    assert done.returncode == 1
    assert f"WINDTUNNEL_PYTHON={named} is not a Python 3.12 or 3.13" in done.stderr


def test_an_unknown_option_is_refused_with_the_usage(root: Path) -> None:
    done = shell(root, "scripts/bootstrap", "--frce")

    assert done.returncode == 2
    assert "usage: scripts/bootstrap" in done.stderr


def test_locks_are_exact_hashed_and_without_addresses(root: Path) -> None:
    locks = [*root.glob("requirements/*.txt"), *root.glob("lambda/**/requirements.txt")]
    assert {lock.name for lock in locks} >= {"engine.txt", "harness.txt", "lambda-runtime.txt", "bootstrap.txt"}

    for lock in locks:
        text = lock.read_text()
        pinned = re.findall(r"^([a-z0-9][\w.\[\]-]*)==[^\s;]+", text, re.M | re.I)
        entries = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
        assert len(pinned) == len(entries), lock
        assert text.count("--hash=sha256:") >= len(entries), lock
        assert "://" not in text, lock


def test_make_lists_every_target_with_what_it_does(root: Path) -> None:
    listed = shell(root, "make", "help").stdout

    for target in (*COMMANDS, *CHECKS):
        assert re.search(rf"^  make {target} +\S", listed, re.M), target


@pytest.mark.parametrize(
    ("arguments", "variables", "seen"),
    [
        (["PORT=99999"], {}, "port = '99999' (WINDTUNNEL_PORT): not a port"),
        (["ENGINE=nonsense"], {}, "engine = 'nonsense' (WINDTUNNEL_ENGINE): no such engine"),
        ([], {"ENGINE": "nonsense"}, "engine = 'nonsense' (ENGINE): no such engine"),
    ],
)
def test_settings_on_makes_command_line_reach_windtunnel(
    root: Path, arguments: list[str], variables: dict[str, str], seen: str
) -> None:
    done = shell(root, "make", "status", *arguments, variables=variables)

    assert done.returncode != 0
    assert seen in done.stderr


def test_a_port_that_happens_to_be_in_the_environment_is_not_meant_for_us(root: Path) -> None:
    done = shell(root, "make", "status", variables={"PORT": "99999"})

    assert "not a port" not in done.stderr
