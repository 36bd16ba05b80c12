from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.errors import WindtunnelError
from windtunnel.load.cost import MONTH_SECONDS, Usage, bill, charged, memory_choices, total
from windtunnel.load.function_log import FunctionFigures
from windtunnel.load.money import amount
from windtunnel.load.prices import FOLDER, read_prices
from windtunnel.load.sample import Cell

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


@pytest.mark.parametrize(
    ("requests", "dollars"),
    [
        # AWS whitepaper "Best Practices for Designing Amazon API Gateway Private APIs", Cost optimization, table 4: the
        # first 333 million at $3.50, the next 667 at $2.80, the next 19 billion at $2.38, all beyond at $1.51
        (333e6, 333 * 3.50),
        (400e6, 333 * 3.50 + 67 * 2.80),
        (2e9, 333 * 3.50 + 667 * 2.80 + 1000 * 2.38),
        (21e9, 333 * 3.50 + 667 * 2.80 + 19_000 * 2.38 + 1000 * 1.51),
    ],
)
def test_a_months_requests_are_priced_by_tiers(requests: float, dollars: float) -> None:
    lines = bill(Usage(api_requests=requests), PRICES)

    assert lines[0].dollars == pytest.approx(dollars)
    # what is free is not of the first tier, it is before it
    assert lines[0].after_free_tier == pytest.approx(bill(Usage(api_requests=requests - 1e6), PRICES)[0].dollars)


def test_computing_logs_and_transfer_have_tiers_too() -> None:
    # AWS Compute Blog, "Introducing tiered pricing for AWS Lambda": 10 % less from 6 billion GB-seconds, 20 % from 15
    compute = bill(Usage(gb_seconds=16e9), PRICES)[2]
    # 60 TB of a function's logs
    logs = bill(Usage(log_bytes=60 * 2**40), PRICES)[5]
    transfer = bill(Usage(transfer_bytes=160 * 2**40), PRICES)[6]

    assert compute.dollars == pytest.approx((6e9 + 9e9 * 0.9 + 1e9 * 0.8) * 0.0000166667, rel=1e-5)
    assert logs.dollars == pytest.approx(1024 * (10 * 0.50 + 20 * 0.25 + 20 * 0.10 + 10 * 0.05))
    assert transfer.dollars == pytest.approx(1024 * (10 * 0.09 + 40 * 0.085 + 100 * 0.07 + 10 * 0.05))


@pytest.mark.parametrize(
    "tiers",
    [
        "[{ up_to = 10, price = 2.0 }, { up_to = 5, price = 1.0 }, { price = 0.5 }]",
        "[{ up_to = 10, price = 2.0 }]",
        "[{ price = 2.0 }, { up_to = 10, price = 1.0 }]",
        "[{ up_to = 10 }, { price = 1.0 }]",
        "[]",
        '"much"',
    ],
)
def test_tiers_that_do_not_follow_one_another_say_so(tmp_path: Path, tiers: str) -> None:
    text = (FOLDER / "us-east-1.toml").read_text()
    (tmp_path / "us-east-1.toml").write_text(text.replace("per_million_read_units = 0.125", f"reads = {tiers}"))

    with pytest.raises(WindtunnelError, match="has no usable prices"):
        read_prices("us-east-1", tmp_path)


def test_what_api_gateway_throttles_or_never_got_is_not_charged_for() -> None:
    cell = Cell(good=100, throttled=40, errors={"502": 3, "connection refused": 7, "no answer in 35 s": 2})

    # a quarter of the 429s was a function's own answer
    assert charged(cell, own_throttles=0.75) == 100 + 3 + 10


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (123_457.0, "123,457"),
        (1_234.5, "1,234"),
        (999.94, "999.9"),
        (0.1234567, "0.1235"),
        (0.0000123, "0.000012"),
        (0, "0"),
    ],
)
def test_an_amount_has_no_exponent(value: float, text: str) -> None:
    assert amount(value) == text


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
    assert all(source.startswith("https://aws.amazon.com/") for source in PRICES.sources.values())
