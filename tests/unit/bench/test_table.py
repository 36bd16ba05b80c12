from __future__ import annotations

from bench.case import Case
from bench.figures import Row
from bench.table import failures, ratios, table


def row(system: str, rps: float, errors: int = 0) -> Row:
    return Row("noop-8", system, 8, rps, 1.234, 20.0, errors, 300.4, lowest=rps - 1, highest=rps + 1)


def test_each_system_has_a_line_with_windtunnels_ratio_to_it(case: Case) -> None:
    lines = table([case], [row("windtunnel", 5880.0), row("localstack", 105.0), row("ministack", 140.0)]).splitlines()

    assert lines[2] == "| noop-8 | 8 | windtunnel | 5 880 | 5 879 to 5 881 | 1.23 | 20.00 | 0 | 300 |  |"
    assert lines[3].endswith("| 0 | 300 | 56.0 × |")
    assert lines[4].endswith("| 0 | 300 | **42.0 ×** |")
    assert {line.count("|") for line in lines} == {11}


def test_errors_stand_out(case: Case) -> None:
    assert "| **7** |" in table([case], [row("windtunnel", 5880.0, errors=7)])


def test_a_failed_system_stays_in_the_table_with_its_reason_below(case: Case) -> None:
    failed = Row("noop-8", "localemu", 8, failed="it ended")
    other = Row("put-8", "localemu", 8, failed="it ended")

    assert "| noop-8 | 8 | localemu | failed |" in table([case], [row("windtunnel", 5880.0), failed])
    assert failures([failed, other]) == "- localemu **failed**: it ended"
    assert failures([row("windtunnel", 5880.0)]) == ""


def test_ratios_are_to_the_best_peer(case: Case) -> None:
    said = ratios([case], [row("windtunnel", 5880.0), row("localstack", 105.0), row("ministack", 140.0)])

    assert said == "- noop-8, keyed GET: **42.0 ×** the best peer, ministack"


def test_a_ratio_that_cannot_be_is_said(case: Case) -> None:
    failed = Row("noop-8", "windtunnel", 8, failed="it ended")

    assert "windtunnel has no figures" in ratios([case], [failed, row("localstack", 105.0)])
    assert "no peer has figures" in ratios([case], [row("windtunnel", 5880.0)])
