from __future__ import annotations

import pytest

from windtunnel.load.function_log import (
    FunctionLog,
    Invocation,
    cold_starts,
    concurrency,
    figures_of,
    parse_report,
)

# a REPORT line as Lambda writes it ("Monitoring and logging": AWS Lambda Developer Guide), tabs between its fields
COLD = (
    "REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\tDuration: 23.74 ms\tBilled Duration: 190 ms\t"
    "Memory Size: 128 MB\tMax Memory Used: 66 MB\tInit Duration: 166.10 ms\t\n"
)
TIMED_OUT = (
    "REPORT RequestId: 8f507cfc\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 256 MB\t"
    "Max Memory Used: 51 MB\tStatus: timeout\t"
)


def call(ended: int, duration: float, **more: object) -> Invocation:
    fields = {"billed": 100, "memory_mb": 256, "used_mb": 60, **more}
    return Invocation("f", f"id-{ended}", ended, duration, **fields)  # type: ignore[arg-type]


def test_a_cold_start_is_read_whole() -> None:
    report = parse_report("create-user", 5000, COLD)

    assert report == Invocation(
        "create-user", "8f507cfc-xmpl-4697-b07a-ac58fc914c95", 5000, 23.74, 190, 128, 66, 166.10, ""
    )


def test_a_timeout_has_its_status_and_no_init() -> None:
    report = parse_report("f", 5000, TIMED_OUT)

    assert report is not None
    assert (report.status, report.init) == ("timeout", None)


# AWS Lambda Developer Guide, "Monitoring for Lambda SnapStart": a restored environment's REPORT has two fields more
RESTORED = (
    "REPORT RequestId: 8f507cfc\tDuration: 5.40 ms\tBilled Duration: 50 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 60 MB\tRestore Duration: 700.00 ms\tBilled Restore Duration: 45 ms\t"
)


def test_how_long_a_restore_took_is_not_the_duration() -> None:
    report = parse_report("f", 5000, RESTORED)

    assert report == Invocation("f", "8f507cfc", 5000, 5.4, 50, 128, 60)


@pytest.mark.parametrize(
    "line", ["START RequestId: 8f507cfc Version: $LATEST", '{"message": "REPORT done"}', "REPORT", ""]
)
def test_other_lines_are_none(line: str) -> None:
    assert parse_report("f", 5000, line) is None


def test_concurrency_is_the_most_at_once_in_each_second() -> None:
    calls = [call(1100, 100), call(1150, 100), call(1190, 100), call(1300, 110), call(5900, 2500), call(5000, 500)]

    # 3400 to 5900 goes on all through second 4, and has company from 4500 to 5000
    assert concurrency(calls) == {1: 3, 3: 1, 4: 2, 5: 2}


def test_one_that_begins_when_another_ends_is_not_beside_it() -> None:
    assert concurrency([call(1100, 100), call(1200, 100)]) == {1: 1}


def test_cold_starts_are_where_they_began() -> None:
    calls = [call(1050, 100, init=50.0), call(2050, 20), call(2900, 100, init=40.0), call(2950, 100, init=40.0)]

    assert cold_starts(calls) == {0: 1, 2: 2}


def test_figures_bill_the_memory_for_the_billed_time() -> None:
    calls = (
        call(1000, 90.0, billed=500, init=410.0),
        call(2000, 10.0, billed=10, used_mb=80),
        call(3000, 12.0, billed=12),
    )

    figures = figures_of(FunctionLog("f", calls, events=12, log_bytes=2400))

    assert (figures.invocations, figures.cold_starts, figures.used_mb, figures.billed_ms) == (3, 1, 80, 522)
    assert figures.gb_seconds == pytest.approx(0.25 * 0.522)
    assert figures.p50 == pytest.approx(12.0, rel=0.011)
