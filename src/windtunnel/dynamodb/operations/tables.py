"""What the operations on tables have in common: finding one, and its state."""

from __future__ import annotations

from windtunnel.dynamodb.call import Call
from windtunnel.dynamodb.errors import DynamoDBError, resource_in_use, table_not_found
from windtunnel.dynamodb.lifecycle import settle
from windtunnel.dynamodb.table import Table

IN_USE = "Attempt to change a resource which is still in use: "


def table_name(call: Call) -> str:
    """The request's TableName without what an ARN has before it."""
    name: str = call.parameters["TableName"]
    return name.rpartition("/")[2] if name.startswith("arn:") else name


def settled_table(call: Call, *, missing: DynamoDBError | None = None) -> Table:
    """The table of the request in the state that it is in by now.

    Raises ResourceNotFoundException, or `missing`, where there is none.
    """
    table = call.find_table(call.parameters["TableName"])
    if table is not None:
        with call.store.transaction():
            table = settle(call.store, table, call.now)
    if table is None:
        raise missing or table_not_found(table_name(call))
    return table


def require_idle(table: Table) -> None:
    """Raises ResourceInUseException while a table is made, changed or deleted."""
    doing = {"CREATING": "created", "UPDATING": "updated", "DELETING": "deleted"}.get(table.status)
    if doing:
        raise resource_in_use(f"{IN_USE}Table is being {doing}: {table.name}")
