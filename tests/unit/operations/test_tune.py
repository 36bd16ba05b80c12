"""What a memory size comes to, by the REPORT lines of its invocations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from operations.tune import NoReport, Row, Run, row

# recorded: AWS Lambda Developer Guide, "Log and monitor Python Lambda functions", with an init duration
REPORT = (
    "REPORT RequestId: 8f507cfc\tDuration: {duration} ms\tBilled Duration: {billed} ms\tMemory Size: 512 MB\t"
    "Max Memory Used: 56 MB{init}\n"
)


def test_a_report_is_read() -> None:
    cold = Run.read("START\n" + REPORT.format(duration="15.74", billed="147", init="\tInit Duration: 130.49 ms\t"))
    warm = Run.read(REPORT.format(duration="2.00", billed="2", init="\t"))

    assert cold == Run(15.74, 147, 56, 130.49)
    assert warm == Run(2.0, 2, 56, None)


def test_a_log_without_a_report_is_an_error() -> None:
    with pytest.raises(NoReport, match="no REPORT line"):
        Run.read("START RequestId: 8f507cfc\n")


def test_a_size_costs_its_billed_time_times_its_memory() -> None:
    runs = [Run(100.0, 100, 56, 130.0), Run(300.0, 300, 70, None)]

    found = row(512, runs, "x86_64")

    # 0.2 s of half a GB on average, at $0.0000166667 a GB-second (AWS Lambda Pricing, x86, first tier)
    assert replace(found, gb_seconds=0.0, dollars=0.0) == Row(512, 200.0, 300.0, 130.0, 70, 0.0, 0.0)
    assert found.gb_seconds == pytest.approx(0.1)
    assert found.dollars == pytest.approx(1.66667)


def test_arm64_costs_a_fifth_less() -> None:
    runs = [Run(100.0, 100, 56, None)]

    assert row(512, runs, "arm64").dollars == pytest.approx(row(512, runs, "x86_64").dollars * 0.8, rel=1e-4)
