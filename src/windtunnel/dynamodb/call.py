"""What an operation is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from windtunnel.dynamodb.consumed import READ, WRITE, Bill
from windtunnel.dynamodb.errors import DynamoDBError, resource_not_found
from windtunnel.dynamodb.life import Life
from windtunnel.dynamodb.lifecycle import AT_ONCE, Delays
from windtunnel.dynamodb.store import Store
from windtunnel.dynamodb.table import ACTIVE, Index, Table

Answer = dict[str, Any] | bytes
"""An operation's answer: JSON-ready, or the ready bytes of a JSON object where that is faster."""


@dataclass(slots=True)
class Call:
    """One request, taken off the wire: the body's members are checked by the operation. Not to be changed.

    Not frozen, which would make it three times as dear: there is one for each request.
    """

    account: str
    """12 digits."""
    region: str
    parameters: dict[str, Any]
    store: Store
    now: float
    """Unix time."""
    request_id: str = ""
    life: Life | None = None
    """What of real life was asked for; None: nothing."""
    delays: Delays = AT_ONCE
    """How long tables take to be made, changed and deleted."""
    host: str = ""
    """The Host header: where the client came to."""
    bill: Bill = field(default_factory=Bill)
    """What the request is counted for."""

    def table(self, name: str | None = None) -> Table:
        """The ACTIVE table `name` (a name or an ARN; the request's TableName where it is None).

        Raises ResourceNotFoundException as item operations do: without the table's name. An operation that says
        more ("Table: x not found") calls find_table() itself.
        """
        table = self.find_table(self.parameters["TableName"] if name is None else name)
        if table is None or table.status in ("CREATING", "DELETING"):
            raise resource_not_found("Requested resource not found")
        return table

    def take_reads(self, table: Table, index: Index | None, partition: bytes | None, units: float) -> None:
        """Raises ProvisionedThroughputExceededException where that is on."""
        if self.life is not None:
            with self._noting(READ, table, index):
                self.life.reads(table, index, partition, units)

    def take_writes(self, table: Table, index: Index | None, partition: bytes | None, units: float) -> None:
        """Raises ProvisionedThroughputExceededException where that is on."""
        if self.life is not None:
            with self._noting(WRITE, table, index):
                self.life.writes(table, index, partition, units)

    @contextmanager
    def _noting(self, kind: str, table: Table, index: Index | None) -> Iterator[None]:
        try:
            yield
        except DynamoDBError:
            self.bill.throttled += ((kind, table, index.name if index and index.is_global else ""),)
            raise

    def find_table(self, name: str) -> Table | None:
        """The table by its name or ARN, in whatever state; None where there is none."""
        account, region = self.account, self.region
        if name.startswith("arn:"):
            parts = name.split(":", 5)
            if len(parts) < 6:
                return None
            region, account, resource = parts[3], parts[4], parts[5]
            name = resource.split("/")[1] if resource.startswith("table/") else resource
        return self.store.find_table(account, region, name)


__all__ = ["ACTIVE", "Answer", "Call"]
