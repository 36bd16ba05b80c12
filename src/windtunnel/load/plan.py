"""What a run is to do: everything that Locust's processes need to know, as one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from windtunnel.load.targets import Target


@dataclass(frozen=True)
class Plan:
    """A run. It holds the API key: what is kept of it is `public()`."""

    run: str
    """The run's name; its requests carry it in their User-Agent."""
    scenario: str
    shape: str
    users: int
    seconds: float
    warmup: float
    folder: str
    """Where samples are written, by the process that steers."""
    base_url: str
    api_key: str = field(repr=False)
    outputs: Mapping[str, str] = field(default_factory=dict)
    """The stack's own outputs."""
    endpoint_url: str | None = None
    """Where a local engine's AWS services are; None on AWS."""
    region: str = "us-east-1"
    account: str = "000000000000"
    """The AWS account on a local engine."""
    workers: int = 1
    seed: int = 1
    max_rate: float | None = None
    """Requests a second of all generators together; None for no limit."""
    step_seconds: float = 10.0
    targets: tuple[Target, ...] = ()
    """What a step of the stairs must meet."""
    interactive: bool = False
    """Locust's own web UI says how many users there are, and when."""
    most_seconds: float | None = None
    """The longest that all of an interactive run may take, from its first test on; None for no end."""
    own_url: str = ""
    """The API's address as the process that steers sees it, where that is another than `base_url`."""

    def agent(self, endpoint: str) -> str:
        """The User-Agent of the run's requests to an endpoint: by it the access log knows them."""
        return f"windtunnel-load/{self.run} ({endpoint})"

    def text(self) -> str:
        return json.dumps(asdict(self))

    def public(self) -> dict[str, Any]:
        """As it may be kept: without the key."""
        document = asdict(self)
        del document["api_key"]
        return document


def plan_from_text(text: str) -> Plan:
    """The plan in a text that Plan.text() made."""
    document = json.loads(text)
    return Plan(**{**document, "targets": tuple(Target(**target) for target in document["targets"])})


def scenario_class(scenario: str) -> str:
    """The name of a scenario's class in the locustfile: users-crud is UsersCrud."""
    return "".join(word.capitalize() for word in scenario.split("-"))
