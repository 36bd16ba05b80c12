"""AWS's prices, from a dated file a region."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windtunnel.errors import WindtunnelError

FOLDER = Path(__file__).parent / "prices"
DEFAULT_REGION = "us-east-1"
SECTIONS = ("lambda", "api_gateway", "dynamodb", "logs", "transfer")


@dataclass(frozen=True)
class Tier:
    """What a unit costs of a month's amount up to `up_to`, beyond the tier before."""

    up_to: float
    price: float


@dataclass(frozen=True)
class Prices:
    """A region's prices in US dollars, as they were on a day; a free amount is a price with one tier."""

    region: str
    looked_up: str
    note: str
    sources: Mapping[str, str]
    """Each service's own page."""
    tiers: Mapping[tuple[str, str], tuple[Tier, ...]]
    """By service and name."""

    def price(self, section: str, name: str) -> float:
        """The first tier's price, or a free amount."""
        return self.tiers[section, name][0].price

    def dollars(self, section: str, name: str, amount: float) -> float:
        """What an amount costs, each part of it at its tier's price."""
        found, before = 0.0, 0.0
        for tier in self.tiers[section, name]:
            found += max(0.0, min(amount, tier.up_to) - before) * tier.price
            before = tier.up_to
        return found


def read_prices(region: str, folder: Path = FOLDER) -> Prices:
    """The region's prices; those of us-east-1 where there are none of its own, which their `region` tells."""
    path = folder / f"{region}.toml"
    if not path.exists():
        path = folder / f"{DEFAULT_REGION}.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        sources = {section: str(document[section]["source"]) for section in SECTIONS}
        tiers = {
            (section, name): _tiers(f"{section}.{name}", value)
            for section in SECTIONS
            for name, value in document[section].items()
            if name != "source"
        }
        return Prices(document["region"], str(document["looked_up"]), document["note"], sources, tiers)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise WindtunnelError(f"{path} has no usable prices: {error}") from error


def _tiers(name: str, value: Any) -> tuple[Tier, ...]:
    """A price as the file has it: one number, or tiers. Raises ValueError where these do not follow one another."""
    if not isinstance(value, list):
        return (Tier(math.inf, float(value)),)
    found = tuple(Tier(float(tier.get("up_to", math.inf)), float(tier["price"])) for tier in value)
    ends = [tier.up_to for tier in found]
    if ends != sorted(set(ends)) or math.inf not in ends:
        raise ValueError(f"{name}: each tier's up_to must be above the one before, and the last has none")
    return found
