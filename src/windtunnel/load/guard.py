"""Against AWS: never by accident, never without an estimate, never beyond the caps."""

from __future__ import annotations

from dataclasses import dataclass

from windtunnel.errors import WindtunnelError
from windtunnel.load.cost import EVENT_BYTES, Usage, bill, total
from windtunnel.load.prices import Prices

MAX_RATE = 50.0
MAX_MINUTES = 10.0
TYPICAL_MS = 30.0
TYPICAL_MB = 256.0
TYPICAL_LOG = 4 * (200.0 + EVENT_BYTES)
TYPICAL_ANSWER = 1024.0


class CostError(WindtunnelError):
    """A run against AWS that was not agreed to."""

    exit_code = 2


@dataclass(frozen=True)
class Caps:
    """The most that a run against AWS may do."""

    rate: float = MAX_RATE
    """Requests a second of all generators together."""
    minutes: float = MAX_MINUTES


def check_caps(seconds: float, caps: Caps) -> None:
    """Raises CostError where the run would be longer than its cap. The rate is held by the generators themselves."""
    if seconds > caps.minutes * 60:
        raise CostError(
            f"{seconds:.0f} s against AWS is more than the cap of {caps.minutes:g} minutes",
            hint="a shorter run (--seconds), or raise the cap: --max-minutes",
        )


def lasting(seconds: float, caps: Caps, *, interactive: bool) -> float:
    """How long a run may send at most, in seconds: of one from Locust's web UI only the cap is known."""
    return caps.minutes * 60 if interactive else seconds


def estimate(seconds: float, caps: Caps, prices: Prices) -> float:
    """The most that the run costs in dollars, free tier aside: the capped rate all the time, typical requests."""
    requests = caps.rate * seconds
    usage = Usage(
        api_requests=requests,
        invocations=requests,
        gb_seconds=requests * TYPICAL_MS / 1000 * TYPICAL_MB / 1024,
        read_units=requests * 5,
        write_units=requests,
        log_bytes=requests * TYPICAL_LOG,
        transfer_bytes=requests * TYPICAL_ANSWER,
    )
    return total(bill(usage, prices), free_tier=False)


def question(dollars: float, seconds: float, caps: Caps, stack: str) -> str:
    """What a person is asked."""
    return (
        f"This sends up to {caps.rate:g} requests a second for {seconds:.0f} s to the stack {stack} on AWS, "
        f"which costs about ${dollars:.2f} at list prices. Go on?"
    )


def require_agreement(*, agreed: bool, can_ask: bool) -> None:
    """Raises CostError where nobody agreed and nobody can be asked."""
    if not agreed and not can_ask:
        raise CostError(
            "a load test against AWS costs money, and there is no terminal to ask on",
            hint="say so with --yes-cost-money (make load ENGINE=aws YES=1)",
        )
