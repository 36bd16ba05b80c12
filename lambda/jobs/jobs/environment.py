"""The configuration of the jobs functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proxy_integration.environment import InvalidEnvironment, required


@dataclass(frozen=True)
class ApiEnvironment:
    """JOBS_TABLE, QUEUE_URL, ORDERED_QUEUE_URL; CORS_ALLOW_ORIGIN: the origin that browsers may call from, or *."""

    jobs_table: str
    queue_url: str
    ordered_queue_url: str
    cors_allow_origin: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> ApiEnvironment:
        """Raises InvalidEnvironment where one is missing."""
        return cls(*required(variables, "JOBS_TABLE", "QUEUE_URL", "ORDERED_QUEUE_URL", "CORS_ALLOW_ORIGIN"))


@dataclass(frozen=True)
class WorkerEnvironment:
    """JOBS_TABLE, QUEUE_URL of the worker's own queue, MAX_ATTEMPTS: its redrive policy's maxReceiveCount."""

    jobs_table: str
    queue_url: str
    max_attempts: int

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> WorkerEnvironment:
        """Raises InvalidEnvironment where one is missing, or no number."""
        table, url, attempts = required(variables, "JOBS_TABLE", "QUEUE_URL", "MAX_ATTEMPTS")
        if not attempts.isdigit():
            raise InvalidEnvironment(f"MAX_ATTEMPTS is no number: {attempts}")
        return cls(table, url, int(attempts))
