"""Everything the engine keeps, in one SQLite file (or in memory): tables, items, indexes, streams, backups.

Synchronous, for one thread: the loop's. Writes go inside `with store.transaction():`, which is all or nothing and may
be nested. Where the store was given `on_dirty` (the server's group commit), what transactions wrote is committed by
commit(), which on_dirty() is called once to arrange; else each outermost transaction commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from windtunnel.dynamodb.table import Index, Table


class Key(NamedTuple):
    """Where an item is in its table, in the order of the table: made by item_key.py."""

    partition: bytes
    """The hash key's partition token (4 bytes) and its key bytes."""
    range: bytes
    """The range key's order-preserving bytes; b"" where the table has none."""


class Row(NamedTuple):
    """An item as it is kept."""

    text: bytes
    """Its JSON, ready for the wire."""
    size: int
    """Its size by DynamoDB's rules."""


@dataclass(frozen=True, slots=True)
class Counts:
    """ItemCount and TableSizeBytes (or an index's)."""

    items: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose doing a change is, where not the client's: a stream record's userIdentity."""

    type: str = "Service"
    id: str = "dynamodb.amazonaws.com"


@dataclass(frozen=True, slots=True)
class StreamRecord:
    sequence: int
    time: float
    text: bytes
    """GetRecords' Record, as JSON; its SequenceNumber is sequence_number(sequence)."""


class Store:
    def __init__(self, path: Path | None, *, on_dirty: Callable[[], None] | None = None) -> None:
        """`path` None: in memory. Raises StoreError (locked by another process, damaged, not ours)."""

    def close(self) -> None: ...

    # --- transactions
    def transaction(self) -> AbstractContextManager[None]: ...
    def commit(self) -> None: ...

    # --- tables (metadata)
    def create_table(self, account: str, region: str, document: Mapping[str, Any]) -> Table:
        """document["Table"]["TableName"] must be free: look with find_table() first."""
    def find_table(self, account: str, region: str, name: str) -> Table | None: ...
    def tables(self, account: str | None = None, region: str | None = None) -> list[Table]:
        """By account, region, name."""
    def update_table(self, table: Table, document: Mapping[str, Any]) -> Table:
        """Indexes that are new in the document are built from the items there are, those that are gone are dropped."""
    def delete_table(self, table: Table) -> None:
        """With its items, indexes and history; not its streams' records."""
    def counts(self, table: Table, index: Index | None = None) -> Counts: ...

    # --- items: table.key and Key by item_key.py
    def get(self, table: Table, key: Key) -> Row | None: ...
    def write(
        self, table: Table, key: Key, old: Row | None, new: Mapping[str, Any] | None, *,
        principal: Principal | None = None,
    ) -> Row | None:
        """Put (or, where `new` is None, delete) the one item: table, every index, stream, history, counts.

        `old` is what get() gave within the same transaction. Returns the new row.
        """
    def items(self, table: Table) -> Iterator[tuple[Key, Row]]:
        """Every item in the order of a scan: for TTL, say. Do not write while reading: collect a batch first."""
    # query and scan: store_read.py (Query's and Scan's own)

    # --- streams: created and closed by "tables"; records are written by write()
    def create_stream(self, arn: str, account: str, region: str, document: Mapping[str, Any]) -> None: ...
    def update_stream(self, arn: str, document: Mapping[str, Any]) -> None: ...
    def delete_stream(self, arn: str) -> None:
        """With its records."""
    def find_stream(self, arn: str) -> Mapping[str, Any] | None:
        """Its document."""
    def streams(self, account: str, region: str) -> list[tuple[str, Mapping[str, Any]]]:
        """(arn, document), by arn."""
    def stream_records(self, arn: str, after: int, limit: int) -> list[StreamRecord]:
        """Those with a sequence above `after`, in order."""
    def last_sequence(self) -> int:
        """The highest sequence that was given to any record so far."""
    def first_sequence(self, arn: str) -> int | None: ...
    def trim_streams(self, before: float) -> int:
        """Delete records from before a time; returns how many."""

    # --- backups
    def create_backup(self, arn: str, table: Table, document: Mapping[str, Any]) -> None:
        """Copy the table's items under the backup's ARN; the document is the caller's, as for streams."""
    def find_backup(self, arn: str) -> Mapping[str, Any] | None: ...
    def update_backup(self, arn: str, document: Mapping[str, Any]) -> None: ...
    def backups(self, account: str, region: str) -> list[tuple[str, Mapping[str, Any]]]: ...
    def delete_backup(self, arn: str) -> None: ...
    def restore_backup(self, arn: str, table: Table) -> None:
        """Copy a backup's items into a new, empty table and build its indexes."""
    def restore_history(self, source: Table, moment: float, table: Table) -> None:
        """The same with the items that `source` (its history is kept: table.history) had at a Unix time."""
    def history_since(self, table: Table) -> float | None:
        """Since when history is kept; None where it is not."""
    def trim_history(self, before: float) -> int: ...

    # --- small documents of whoever needs them (resource policies, contributor insights, client tokens …)
    def get_document(self, kind: str, name: str) -> Mapping[str, Any] | None: ...
    def put_document(self, kind: str, name: str, document: Mapping[str, Any]) -> None: ...
    def delete_document(self, kind: str, name: str) -> None: ...
    def documents(self, kind: str) -> list[tuple[str, Mapping[str, Any]]]: ...
