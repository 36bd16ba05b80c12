"""What `make` runs, as `make -n` prints it: only its command line chooses."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def dry_run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    # of a make that runs these tests nothing is passed on
    kept = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}}
    return subprocess.run(
        ["make", "-n", *arguments], cwd=ROOT, env={**kept, **variables}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("target", ["load", "load-ui"])
@pytest.mark.parametrize(("given", "agreed"), [("1", True), ("yes", True), ("no", False), ("0", False), ("", False)])
def test_only_a_yes_on_the_command_line_agrees_to_pay(target: str, given: str, agreed: bool) -> None:
    done = dry_run(target, f"YES={given}")

    assert done.returncode == 0, done.stderr
    assert ("--yes-cost-money" in done.stdout) == agreed


@pytest.mark.parametrize("flags", [(), ("-e",)])
def test_the_environment_agrees_to_nothing(flags: tuple[str, ...]) -> None:
    variables = {"YES": "1", "ARGS": "--yes-cost-money", "WRITE": "1", "FUNCTION": "create-user", "USERS": "5000"}

    said = [dry_run(*flags, target, **variables).stdout.split() for target in ("load", "load-ui", "bench", "tune")]

    assert not {"--yes-cost-money", "--write", "create-user", "--users"} & {word for words in said for word in words}


def test_what_is_neither_yes_nor_no_is_refused() -> None:
    done = dry_run("load", "YES=maybe")

    assert done.returncode == 2
    assert "YES=maybe is neither yes (1) nor no (0)" in done.stderr
    assert "windtunnel load" not in done.stdout


def test_options_of_the_command_line_are_passed_on() -> None:
    load = dry_run("load", "SCENARIO=hot-key", "MAX_RATE=5", "SLO=it's mine.toml", "ARGS=--seed 7").stdout

    assert "--scenario 'hot-key'" in load
    assert "--max-rate '5'" in load
    assert r"--slo 'it'\''s mine.toml'" in load
    assert load.rstrip().endswith("--seed 7")
    assert "-- -k users" in dry_run("unit", "ARGS=-k users").stdout
    assert "--write" in dry_run("bench", "WRITE=1").stdout
    assert "scripts/tune 'create-user'" in dry_run("tune", "FUNCTION=create-user").stdout
