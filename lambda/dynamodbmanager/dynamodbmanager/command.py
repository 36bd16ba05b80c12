"""What a request asks the DynamoDBManager to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from proxy_integration.errors import FieldError, validation_failed

# operation -> the method of boto3's Table that takes the payload as its keyword arguments
TABLE_METHODS: Mapping[str, str] = MappingProxyType(
    {"create": "put_item", "read": "get_item", "update": "update_item", "delete": "delete_item", "list": "scan"}
)
OPERATIONS = (*TABLE_METHODS, "echo", "ping")


@dataclass(frozen=True)
class TableCommand:
    """A call of a table's method."""

    method: str
    table_name: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Echo:
    """Give the payload back."""

    payload: Any


@dataclass(frozen=True)
class Ping:
    """Say pong."""


type Command = TableCommand | Echo | Ping


def parse_command(document: Mapping[str, Any], allowed_tables: frozenset[str]) -> Command:
    """The command in a request's body. Raises InvalidRequest with every field that is wrong.

    `list` may do without a payload: a scan has no argument that it needs.
    """
    operation = document.get("operation")
    if operation is None:
        raise validation_failed([FieldError("operation", f"is required: one of {', '.join(OPERATIONS)}")])
    if operation not in OPERATIONS:
        raise validation_failed([FieldError("operation", f"must be one of {', '.join(OPERATIONS)}")])
    if operation == "ping":
        return Ping()
    if operation == "echo":
        return Echo(document.get("payload"))

    table_name = document.get("tableName")
    payload = document.get("payload", {} if operation == "list" else None)
    found = {"tableName": _table_error(table_name, allowed_tables), "payload": _payload_error(payload)}
    errors = [FieldError(field, message) for field, message in found.items() if message]
    if errors:
        raise validation_failed(errors)
    return TableCommand(TABLE_METHODS[operation], str(table_name), dict(payload))


def _table_error(name: object, allowed_tables: frozenset[str]) -> str | None:
    if name is None:
        return "is required"
    if not isinstance(name, str):
        return "must be a string"
    if name not in allowed_tables:
        return f"table {name!r} is not allowed"
    return None


def _payload_error(payload: object) -> str | None:
    if payload is None:
        return "is required"
    if not isinstance(payload, dict):
        return "must be an object"
    # boto3 lets the argument win over the table it is called on: it would be a way around the allowed tables
    if "TableName" in payload:
        return "must not have a TableName; tableName names the table"
    return None
