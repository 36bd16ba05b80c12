"""The configuration of the users functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proxy_integration.environment import required


@dataclass(frozen=True)
class Environment:
    """USERS_TABLE: the table's name. CORS_ALLOW_ORIGIN: the origin that browsers may call from, or *."""

    users_table: str
    cors_allow_origin: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Environment:
        """Raises InvalidEnvironment where one is missing."""
        return cls(*required(variables, "USERS_TABLE", "CORS_ALLOW_ORIGIN"))
