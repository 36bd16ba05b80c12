"""What cannot be run as asked: said before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.load.runs import (
    load,
    slo,
)


def test_a_search_without_anything_that_users_break_is_refused(variables: dict[str, str], tmp_path: Path) -> None:
    done = load(variables, "--shape", "step", "--slo", slo(tmp_path, "[default.all]\nthroughput = 1\n"))

    assert done.returncode == 2
    assert "has none that more users break" in done.stderr
    assert "p95_ms" in done.stderr


def test_aws_is_never_loaded_by_accident(variables: dict[str, str]) -> None:
    done = load({**variables, "WINDTUNNEL_ENGINE": "aws"}, "--seconds", "5")
    longer = load({**variables, "WINDTUNNEL_ENGINE": "aws"}, "--seconds", "3600", "--yes-cost-money")

    assert done.returncode == longer.returncode == 2
    assert "--yes-cost-money" in done.stderr
    assert "more than the cap of 10 minutes" in longer.stderr


def test_aws_without_credentials_says_so(variables: dict[str, str], tmp_path: Path) -> None:
    nobody = {name: value for name, value in variables.items() if not name.startswith("AWS_")}
    nobody |= {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "WINDTUNNEL_ENGINE": "aws"}

    done = load(nobody, "--seconds", "5", "--yes-cost-money")

    assert done.returncode == 2
    assert "AWS does not know who is asking: Unable to locate credentials" in done.stderr
    assert "a bug in windtunnel" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--scenario", "mixd"), "did you mean 'mixed'?"),
        (("--seconds", "1"), "too short to measure a whole second"),
        (("--ui", "--ui-port", "70000"), "'--ui-port'"),
        (("--workers", "2", "--bind-port", "70000"), "'--bind-port'"),
        (("--workers", "2", "--bind", "192.0.2.1"), "cannot be listened on"),
        (("--max-minutes", "inf"), "'--max-minutes'"),
    ],
)
def test_what_cannot_be_run_as_asked_ends_with_2_and_says_why(
    variables: dict[str, str], arguments: tuple[str, ...], said: str
) -> None:
    done = load(variables, *arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
