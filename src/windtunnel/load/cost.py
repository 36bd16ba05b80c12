"""What a load would cost on AWS, per service, for the run as it was and for a month of it.

Each rule's source is the service's pricing page, which the price file names. CloudWatch counts 26 bytes for each event
beside its text (Amazon CloudWatch Logs API Reference, PutLogEvents: the size of a batch). API Gateway charges neither
for what it throttles itself, nor for what never came to it; a request whose function Lambda refused it charges for (AWS
re:Post, "Does AWS charge for throttled requests", answered by AWS).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from windtunnel.load.function_log import FunctionFigures
from windtunnel.load.prices import Prices
from windtunnel.load.sample import Cell

MONTH_SECONDS = 730 * 3600
"""A month as AWS's own calculator has it: 730 hours."""
MEMORY_SIZES = (128, 256, 512, 1024, 1769, 3008)
ONE_CPU_MB = 1769
"""One vCPU (AWS Lambda Developer Guide, "Configure Lambda function memory"): beyond it more memory makes no single
thread faster."""
EVENT_BYTES = 26
GB = 2**30


@dataclass(frozen=True)
class Usage:
    """What is paid for."""

    api_requests: float = 0.0
    """That API Gateway charges for."""
    invocations: float = 0.0
    gb_seconds: float = 0.0
    read_units: float = 0.0
    write_units: float = 0.0
    log_bytes: float = 0.0
    transfer_bytes: float = 0.0
    """Of bodies: the generators do not count headers."""

    def times(self, factor: float) -> Usage:
        """So many times as much."""
        return Usage(**{field.name: getattr(self, field.name) * factor for field in fields(self)})


def charged(cell: Cell, own_throttles: float) -> float:
    """How many of the requests that came to an end API Gateway charges for. `own_throttles`: the share of 429s that are
    API Gateway's own, and no function's answer."""
    unanswered = sum(count for kind, count in cell.errors.items() if not kind.isdigit())
    return cell.requests - unanswered - cell.throttled * own_throttles


@dataclass(frozen=True)
class Line:
    """A line of the bill: dollars with and without the free tier."""

    service: str
    title: str
    amount: float
    unit: str
    dollars: float
    after_free_tier: float


def bill(usage: Usage, prices: Prices) -> tuple[Line, ...]:
    """What a usage costs, a line for each thing that has a price. Tiers begin with it: it is all that a month has."""

    def line(title: str, amount: float, unit: str, key: tuple[str, str, str], per: float = 1.0) -> Line:
        section, price_name, free_name = key
        paid = max(0.0, amount - prices.price(section, free_name))
        dollars, after_free_tier = (prices.dollars(section, price_name, part) / per for part in (amount, paid))
        return Line(section, title, amount, unit, dollars, after_free_tier)

    million = 1e6
    asked = ("api_gateway", "per_million_requests", "free_requests")
    called = ("lambda", "per_million_requests", "free_requests")
    computed = ("lambda", "per_gb_second", "free_gb_seconds")
    wrote = ("dynamodb", "per_million_write_units", "free_write_units")
    read = ("dynamodb", "per_million_read_units", "free_read_units")
    return (
        line("requests", usage.api_requests, "requests", asked, million),
        line("requests", usage.invocations, "requests", called, million),
        line("compute", usage.gb_seconds, "GB-seconds", computed),
        line("writes", usage.write_units, "write units", wrote, million),
        line("reads", usage.read_units, "read units", read, million),
        line("ingestion", usage.log_bytes / GB, "GB", ("logs", "per_gb", "free_gb")),
        line("to the internet", usage.transfer_bytes / GB, "GB", ("transfer", "per_gb", "free_gb")),
    )


def total(lines: Iterable[Line], *, free_tier: bool) -> float:
    """The bill's sum in dollars."""
    return sum(line.after_free_tier if free_tier else line.dollars for line in lines)


@dataclass(frozen=True)
class MemoryChoice:
    """A function's compute per million invocations at a memory size, in dollars, between two assumptions."""

    memory_mb: int
    as_measured: float
    """The duration stays what it is: the function waits more than it computes."""
    in_proportion: float
    """The duration falls as the memory grows, up to one vCPU: it computes all the time."""


def memory_choices(figures: FunctionFigures, prices: Prices) -> tuple[MemoryChoice, ...]:
    """What a function would cost at other sizes. Sizes that it does not fit into are left out."""
    if not figures.invocations or not figures.memory_mb:
        return ()
    seconds = figures.billed_ms / figures.invocations / 1000
    price = prices.price("lambda", "per_gb_second") * 1e6 / 1024
    found = []
    for size in sorted({*MEMORY_SIZES, figures.memory_mb}):
        if size < figures.used_mb:
            continue
        faster = min(figures.memory_mb, ONE_CPU_MB) / min(size, ONE_CPU_MB)
        found.append(MemoryChoice(size, size * seconds * price, size * seconds * faster * price))
    return tuple(found)
