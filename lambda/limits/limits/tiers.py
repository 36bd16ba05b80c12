"""Which tier an API key is in."""

from __future__ import annotations

import json
from collections.abc import Mapping

from proxy_integration.environment import InvalidEnvironment

from limits.bucket import Tier


def read_tiers(text: str) -> Mapping[str, Tier]:
    """The tiers by API key id, of JSON such as {"key id": {"name": "free", "rate": 2, "burst": 5}}.

    Raises InvalidEnvironment.
    """
    try:
        return {
            key_id: Tier(str(tier["name"]), float(tier["rate"]), int(tier["burst"]))
            for key_id, tier in json.loads(text).items()
            if float(tier["rate"]) > 0 and int(tier["burst"]) > 0
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidEnvironment(f"TIERS is no object of tiers: {error!r}") from error
