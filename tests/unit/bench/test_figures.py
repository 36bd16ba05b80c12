from __future__ import annotations

import pytest

from bench.case import Case
from bench.figures import Round, Row, best_peer, failure, summarise, times
from bench.load import Sample


def test_figures_are_medians_and_errors_are_all_of_them(case: Case) -> None:
    rounds = [
        Round(Sample(rps=100.0, p50_ms=8.0, p99_ms=20.0, errors=0), rss_mb=300.0),
        Round(Sample(rps=10.0, p50_ms=80.0, p99_ms=900.0, errors=3), rss_mb=310.0),
        Round(Sample(rps=110.0, p50_ms=7.0, p99_ms=19.0, errors=1), rss_mb=305.0),
    ]

    row = summarise(case, "localstack", rounds)

    assert row.document() == {
        "case": "noop-8",
        "system": "localstack",
        "connections": 8,
        "rps": 100.0,
        "p50_ms": 8.0,
        "p99_ms": 20.0,
        "errors": 4,
        "rss_mb": 305.0,
    }
    assert (row.lowest, row.highest) == (10.0, 110.0)


def test_a_failure_has_its_reason_and_no_figures(case: Case) -> None:
    document = failure(case, "localemu", "it ended").document()

    assert document["failed"] == "it ended"
    assert document["rps"] is None


def rows(**rps: float | None) -> list[Row]:
    return [Row("noop-8", system, 8, rps=value) for system, value in rps.items()]


def test_the_best_peer_has_the_most_requests_and_is_not_windtunnel() -> None:
    best = best_peer(rows(windtunnel=5000.0, localstack=100.0, ministack=140.0, localemu=None))

    assert best is not None
    assert best.system == "ministack"


def test_without_figures_there_is_no_best_peer() -> None:
    assert best_peer(rows(windtunnel=5000.0, localstack=None)) is None


@pytest.mark.parametrize(("ours", "other", "ratio"), [(5000.0, 100.0, 50.0), (None, 100.0, None), (5000.0, None, None)])
def test_ratio(ours: float | None, other: float | None, ratio: float | None) -> None:
    first, second = rows(windtunnel=ours, localstack=other)

    assert times(first, second) == ratio
    assert times(None, second) is None
