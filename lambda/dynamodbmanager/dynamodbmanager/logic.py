"""What the service does, over the tables and without HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dynamodbmanager.command import Echo, Ping, TableCommand, parse_command
from dynamodbmanager.tables import Tables


@dataclass(frozen=True)
class Manager:
    """Runs operations on the tables that it is allowed to use."""

    tables: Tables
    allowed_tables: frozenset[str]

    def run(self, document: Mapping[str, Any]) -> Any:
        """The operation's result. Raises InvalidRequest."""
        match parse_command(document, self.allowed_tables):
            case Ping():
                return "pong"
            case Echo(payload):
                return payload
            case TableCommand(method, table_name, payload):
                return self.tables.call(table_name, method, payload)
