"""The configuration of the DynamoDBManager function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proxy_integration.environment import InvalidEnvironment, required


@dataclass(frozen=True)
class Environment:
    """ALLOWED_TABLES: table names, separated by commas. CORS_ALLOW_ORIGIN: the origin that browsers may call from."""

    allowed_tables: frozenset[str]
    cors_allow_origin: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Environment:
        """Raises InvalidEnvironment where one is missing."""
        tables, origin = required(variables, "ALLOWED_TABLES", "CORS_ALLOW_ORIGIN")
        names = frozenset(name.strip() for name in tables.split(",") if name.strip())
        if not names:
            raise InvalidEnvironment("ALLOWED_TABLES names no table")
        return cls(names, origin)
