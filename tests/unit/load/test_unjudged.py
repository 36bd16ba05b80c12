from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from windtunnel.load.capacity import ENGINE, Consumed
from windtunnel.load.function_log import FunctionLog, Invocation
from windtunnel.load.page import emulator_share
from windtunnel.load.plan import Plan
from windtunnel.load.report import Facts, Known, build
from windtunnel.load.samples import Samples
from windtunnel.load.unjudged import Unjudged, unjudged

ORIGIN = 1_795_000_000


@pytest.fixture
def make_report(plan: Plan, known: Known, make_samples: Callable[..., Samples]) -> Callable[..., dict[str, Any]]:
    """A report of a run with one function and one table, as `report.build` makes it."""

    def make(milliseconds: float = 10.0, table: str = "users-table", function: str = "create-user") -> dict[str, Any]:
        calls = tuple(
            Invocation(
                function,
                request_id=f"request-{second}",
                ended=(ORIGIN + second) * 1000,
                duration=milliseconds,
                billed=round(milliseconds),
                memory_mb=256,
                used_mb=60,
                init=400.0 if second == 0 else None,
            )
            for second in range(30)
        )
        facts = Facts(
            "embedded",
            "a machine",
            "windtunnel",
            "us-east-1",
            ended=ORIGIN + 30.0,
            functions=(FunctionLog(function, calls, events=90, log_bytes=9_000),),
            consumed=(Consumed(table, read_units=100.0, write_units=50.0, throttled=0, source=ENGINE),),
            function_throttles={function: 2},
        )
        return build(replace(plan, outputs={"UsersTableName": table}), make_samples(), facts, known)

    return make


def by_key(found: list[Unjudged]) -> dict[tuple[str, str], Unjudged]:
    return {(figure.of, figure.title): figure for figure in found}


def test_every_figure_beside_the_answers_is_there(make_report: Callable[..., dict[str, Any]]) -> None:
    found = by_key(unjudged(make_report(10.0), make_report(20.0)))

    duration = found["create-user", "duration p50"]
    assert duration.before == pytest.approx(10.0, rel=0.011)
    assert duration.after == pytest.approx(20.0, rel=0.011)
    assert (found["create-user", "billed, a call"].before, found["create-user", "billed, a call"].after) == (10, 20)
    assert found["create-user", "billed, a call"].share == 1.0
    expected = {
        ("create-user", "memory used"): 60,
        ("create-user", "memory"): 256,
        ("create-user", "cold starts"): 1,
        ("create-user", "at once"): 1,
        ("create-user", "throttles"): 2,
        ("UsersTable", "read units"): 100,
        ("UsersTable", "write units"): 50,
        ("UsersTable", "throttles"): 0,
        ("", "cold starts"): 1,
        ("", "functions at once"): 1,
        ("", "answers throttled (429)"): 0,
    }
    assert {key: found[key].after for key in expected} == expected
    assert found["", "a month on AWS"].before != found["", "a month on AWS"].after
    assert found["", "a month on AWS"].kind == "$"


def test_the_emulators_share_is_that_of_the_report(
    plan: Plan, known: Known, make_samples: Callable[..., Samples]
) -> None:
    samples = make_samples(endpoints=("POST /users", "probe gateway", "probe function", "probe table"))
    whole = build(plan, samples, Facts("embedded", "a machine", "windtunnel", "us-east-1", ORIGIN + 30.0), known)
    partly = {**whole, "overhead": {"gateway": 1.0, "table": 1.0}}

    found = by_key(unjudged(whole, partly))["", "the emulator's share of the median"]

    assert found.before == emulator_share(whole)[0]
    assert found.before is not None
    assert found.after is None


def test_a_table_is_the_same_after_a_deployment_from_nothing(make_report: Callable[..., dict[str, Any]]) -> None:
    found = unjudged(make_report(table="users-1a2b"), make_report(table="users-3c4d"))

    assert {figure.of for figure in found if figure.kind == "units"} == {"UsersTable"}
    assert not any(figure.telling for figure in found)


def test_what_is_in_one_of_the_two_only_is_shown_as_that(make_report: Callable[..., dict[str, Any]]) -> None:
    found = by_key(unjudged(make_report(function="create-user"), make_report(function="new-user")))

    assert (found["create-user", "memory"].before, found["create-user", "memory"].after) == (256, None)
    assert (found["new-user", "memory"].before, found["new-user", "memory"].after) == (None, 256)
    assert found["new-user", "memory"].share is None
    assert found["new-user", "memory"].telling


@pytest.mark.parametrize("key", ["functions", "capacity", "throttles", "overhead", "cost", "endpoints"])
def test_a_report_without_a_part_has_the_others(make_report: Callable[..., dict[str, Any]], key: str) -> None:
    whole = make_report()
    without = {name: part for name, part in whole.items() if name != key}

    assert unjudged(without, without)
    assert len(unjudged(whole, without)) == len(unjudged(whole, whole))


def test_only_more_than_a_twentieth_is_worth_a_line() -> None:
    assert not Unjudged("", "cold starts", "number", 100.0, 105.0).telling
    assert not Unjudged("", "cold starts", "number", 0.0, 0.0).telling
    assert Unjudged("", "cold starts", "number", 100.0, 94.0).telling
    assert Unjudged("", "cold starts", "number", 0.0, 1.0).telling
