from __future__ import annotations

import pytest

from windtunnel.checks import CHECKS, workers

TEST = CHECKS["test"][-1]


@pytest.mark.parametrize(("cores", "expected"), [(1, None), (2, "2"), (16, "4")])
def test_files_run_side_by_side_where_there_are_cores(cores: int, expected: str | None) -> None:
    found = workers(TEST, ["-k", "users"], cores)

    assert found == (() if expected is None else ("-n", expected, "--dist", "loadfile"))


@pytest.mark.parametrize("given", [["-n", "3"], ["-n0"], ["--numprocesses=1"], ["--pdb"], ["-x", "-s"]])
def test_what_is_given_counts(given: list[str]) -> None:
    assert workers(TEST, given, 8) == ()


@pytest.mark.parametrize("name", ["unit", "e2e", "lint"])
def test_one_engine_or_none_is_for_one(name: str) -> None:
    assert workers(CHECKS[name][-1], [], 8) == ()


@pytest.mark.parametrize("name", ["integration", "check"])
def test_integration_tests_have_engines_of_their_own(name: str) -> None:
    assert workers(CHECKS[name][-1], [], 8)
