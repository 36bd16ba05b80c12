from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.load.scenarios import read_scenarios
from windtunnel.load.targets import Target, TargetsError, parse_targets, read_targets

LOAD = Path(__file__).parents[2] / "load"
SCENARIOS = ("mixed", "read-heavy")


def test_a_scenario_has_the_shared_targets_and_its_own_in_their_place() -> None:
    document = {
        "default": {"all": {"p95_ms": 400, "error_share": 0.001}},
        "mixed": {"all": {"p95_ms": 200}, "POST /users": {"p50_ms": 20}},
        "read-heavy": {"all": {"p95_ms": 1}},
    }

    assert parse_targets(document, "mixed", SCENARIOS) == (
        Target("all", "p95_ms", 200.0),
        Target("all", "error_share", 0.001),
        Target("POST /users", "p50_ms", 20.0),
    )


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"mixed": {"all": {"p95": 1}}}, "aims at 'p95'"),
        ({"mixed": {"all": {"p95_ms": "fast"}}}, "is a finite number from 0, not 'fast'"),
        ({"mixed": {"all": {"p95_ms": True}}}, "is a finite number from 0, not True"),
        ({"mixed": {"all": {"p95_ms": float("nan")}}}, "is a finite number from 0, not nan"),
        ({"mixed": {"all": {"p95_ms": float("inf")}}}, "is a finite number from 0, not inf"),
        ({"mixed": {"all": {"p95_ms": 10**400}}}, "is a finite number from 0, not 1000"),
        ({"read-heavy": {"all": {"p95_ms": -1}}}, "read-heavy.all.p95_ms is a finite number from 0, not -1"),
        ({"mixed": {"all": {"error_share": 5}}}, "is a share from 0 to 1, not 5"),
        ({"mixed": {"p95_ms": 5}}, r"write \[mixed.all\]"),
        ({"mixed": 5}, "'mixed' is a table"),
    ],
)
def test_a_target_that_cannot_be_used_is_refused_with_its_place(document: dict[str, object], said: str) -> None:
    with pytest.raises(TargetsError, match=said):
        parse_targets(document, "mixed", SCENARIOS)


@pytest.mark.parametrize(
    ("table", "meant"), [("read_heavy", "read-heavy"), ("Mixed", "mixed"), ("defualt", "default"), ("mixd", "mixed")]
)
def test_a_table_of_no_scenario_is_refused_with_the_nearest(table: str, meant: str) -> None:
    with pytest.raises(TargetsError, match="is of no scenario") as refused:
        parse_targets({table: {"all": {"p95_ms": 1}}}, "mixed", SCENARIOS)

    assert refused.value.hint == f"did you mean '{meant}'?"


def test_a_file_that_is_not_there_or_no_toml_says_so(tmp_path: Path) -> None:
    with pytest.raises(TargetsError, match="cannot be read"):
        read_targets(tmp_path / "none.toml", "mixed", SCENARIOS)
    for content in (b"[", b"\xff\xfe[", b"# caf\xe9\n"):
        (tmp_path / "bad.toml").write_bytes(content)
        with pytest.raises(TargetsError, match="not valid TOML"):
            read_targets(tmp_path / "bad.toml", "mixed", SCENARIOS)


@pytest.mark.parametrize("scenario", ["users-crud", "read-heavy", "write-heavy", "manager-mix", "hot-key", "mixed"])
def test_every_scenario_of_ours_has_targets(scenario: str) -> None:
    targets = read_targets(LOAD / "slo.toml", scenario, read_scenarios(LOAD / "locustfile.py"))

    assert {"p95_ms", "error_share", "throttled_share"} <= {target.metric for target in targets}
