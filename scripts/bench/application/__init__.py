"""The applications under test, each a file: deployed by AWS calls alone, so that every system can take part."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from bench.application.deployment import Deployment
from bench.application.rest import RestApplication
from bench.system import Running


class Application(Protocol):
    def deploy(self, system: Running) -> Deployment:
        """Deploy it and ask it once, with everything that it should answer. Raises BenchError."""

    def observed(self, system: Running) -> tuple[str, ...]:
        """After the load: what the system kept of it, and what it should have kept and did not."""


APPLICATIONS: Mapping[str, Application] = MappingProxyType({"rest": RestApplication()})
