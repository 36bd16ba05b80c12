from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.errors import WindtunnelError
from windtunnel.load.cost import MONTH_SECONDS, Usage, bill, memory_choices, total
from windtunnel.load.function_log import FunctionFigures
from windtunnel.load.prices import read_prices

PRICES = read_prices("us-east-1")


def test_three_million_requests_cost_what_aws_own_example_says() -> None:
    # AWS Lambda Pricing, example 1: 3 million invocations of 1 s at 512 MB are 1,500,000 GB-seconds; less the free tier
    # 1,100,000, which is $18.33 (18.34 there, at $0.00001667), and $0.40 for 2 million requests
    usage = Usage(invocations=3_000_000, gb_seconds=1_500_000)

    lines = {(line.service, line.title): line for line in bill(usage, PRICES)}

    assert lines["lambda", "compute"].after_free_tier == pytest.approx(18.33, abs=0.01)
    assert lines["lambda", "requests"].after_free_tier == pytest.approx(0.40)
    assert lines["lambda", "compute"].dollars == pytest.approx(25.0, abs=0.01)


def test_every_service_has_its_price() -> None:
    gib = 2**30
    usage = Usage(
        api_requests=1e6,
        invocations=1e6,
        gb_seconds=1000,
        read_units=1e6,
        write_units=1e6,
        log_bytes=10 * gib,
        transfer_bytes=200 * gib,
    )

    lines = bill(usage, PRICES)

    dollars = [line.dollars for line in lines]
    assert dollars == pytest.approx([3.50, 0.20, 0.0166667, 0.625, 0.125, 5.0, 18.0])
    free = [line.after_free_tier for line in lines]
    assert free == pytest.approx([0.0, 0.0, 0.0, 0.625, 0.125, 2.5, 9.0])
    assert total(lines, free_tier=False) == pytest.approx(sum(dollars))


def test_a_month_is_730_hours() -> None:
    assert Usage(api_requests=10).times(MONTH_SECONDS / 5).api_requests == 10 / 5 * 730 * 3600


def function(**more: object) -> FunctionFigures:
    fields = {
        "function": "f",
        "invocations": 100,
        "cold_starts": 0,
        "failed": 0,
        "p50": 10.0,
        "p95": 10.0,
        "p99": 10.0,
        "init_p50": 0.0,
        "billed_ms": 10_000,
        "memory_mb": 256,
        "used_mb": 120,
        "concurrency": 1,
        "log_bytes": 0,
        **more,
    }
    return FunctionFigures(**fields)  # type: ignore[arg-type]


def test_memory_costs_between_waiting_and_computing() -> None:
    choices = {choice.memory_mb: choice for choice in memory_choices(function(), PRICES)}

    # 0.1 s at 256 MB, a million times: 25,000 GB-seconds
    assert choices[256].as_measured == pytest.approx(25_000 * 0.0000166667)
    assert choices[256].in_proportion == pytest.approx(choices[256].as_measured)
    assert choices[512].as_measured == pytest.approx(2 * choices[256].as_measured)
    assert choices[512].in_proportion == pytest.approx(choices[256].as_measured)
    # beyond one vCPU a single thread is no faster
    assert choices[3008].in_proportion == pytest.approx(choices[1769].in_proportion * 3008 / 1769)


def test_a_size_that_the_function_does_not_fit_into_is_left_out() -> None:
    sizes = [choice.memory_mb for choice in memory_choices(function(used_mb=140), PRICES)]

    assert sizes == [256, 512, 1024, 1769, 3008]
    assert memory_choices(function(invocations=0), PRICES) == ()


def test_another_region_gets_the_prices_there_are_and_knows_it() -> None:
    assert read_prices("eu-north-1").region == "us-east-1"


def test_a_price_file_with_nothing_in_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "us-east-1.toml").write_text('region = "us-east-1"')

    with pytest.raises(WindtunnelError, match="has no usable prices"):
        read_prices("us-east-1", tmp_path)


def test_prices_are_dated_and_name_their_pages() -> None:
    assert PRICES.looked_up.startswith("20")
    assert all(source.startswith("https://aws.amazon.com/") for source in PRICES.sources().values())
