"""AWS's prices, from a dated file a region."""

from __future__ import annotations

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
class Prices:
    """A region's prices in US dollars, as they were on a day."""

    region: str
    looked_up: str
    note: str
    tables: Mapping[str, Mapping[str, Any]]

    def price(self, section: str, name: str) -> float:
        """A price or a free amount."""
        return float(self.tables[section][name])

    def sources(self) -> Mapping[str, str]:
        """Each service's own page."""
        return {section: str(self.tables[section]["source"]) for section in SECTIONS}


def read_prices(region: str, folder: Path = FOLDER) -> Prices:
    """The region's prices; those of us-east-1 where there are none of its own, which their `region` tells."""
    path = folder / f"{region}.toml"
    if not path.exists():
        path = folder / f"{DEFAULT_REGION}.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        tables = {section: document[section] for section in SECTIONS}
        return Prices(document["region"], str(document["looked_up"]), document["note"], tables)
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise WindtunnelError(f"{path} has no usable prices: {error}") from error
