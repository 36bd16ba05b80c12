"""Streams: a record is written with the change that it is of, as GetRecords' ready JSON."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from windtunnel.dynamodb.database import Database
from windtunnel.dynamodb.item_key import key_attributes
from windtunnel.dynamodb.row import Principal, Row, StreamRecord, dumps, sequence_number
from windtunnel.dynamodb.sizes import item_size
from windtunnel.dynamodb.table import Table

MICROSECONDS = 1_000_000
"""A sequence is the time in microseconds, or one more than the last: it grows over restarts as well."""


class Streams:
    """The part of the store that is about streams."""

    database: Database
    execute: Callable[..., Any]
    clock: Callable[[], float]
    _stream_ids: dict[str, int]
    _sequence: int

    def _reset_streams(self) -> None:
        self._stream_ids = dict(self.execute("SELECT arn, id FROM streams"))
        (highest,) = self.execute("SELECT max(sequence) FROM stream_records").fetchone()
        self._sequence = max(highest or 0, getattr(self, "_sequence", 0))

    # --- streams ------------------------------------------------------------------------------------------------

    def create_stream(self, arn: str, account: str, region: str, document: Mapping[str, Any]) -> None:
        """Before the table's document names it."""
        with self.database.transaction():
            cursor = self.execute(
                "INSERT INTO streams(arn, account, region, document) VALUES (?, ?, ?, ?)",
                (arn, account, region, dumps(document).decode()),
            )
            self._stream_ids[arn] = cursor.lastrowid
            self.database.undo(lambda: self._stream_ids.__delitem__(arn))

    def update_stream(self, arn: str, document: Mapping[str, Any]) -> None:
        """Another document."""
        with self.database.transaction():
            self.execute("UPDATE streams SET document = ? WHERE arn = ?", (dumps(document).decode(), arn))

    def delete_stream(self, arn: str) -> None:
        """With its records."""
        number = self._stream_ids[arn]
        with self.database.transaction():
            self.execute("DELETE FROM stream_records WHERE stream_id = ?", (number,))
            self.execute("DELETE FROM streams WHERE id = ?", (number,))
            del self._stream_ids[arn]
            self.database.undo(lambda: self._stream_ids.__setitem__(arn, number))

    def find_stream(self, arn: str) -> Mapping[str, Any] | None:
        """Its document."""
        found = self.execute("SELECT document FROM streams WHERE arn = ?", (arn,)).fetchone()
        return json.loads(found[0]) if found else None

    def streams(self, account: str, region: str) -> list[tuple[str, Mapping[str, Any]]]:
        """ARN and document, by ARN."""
        found = self.execute(
            "SELECT arn, document FROM streams WHERE account = ? AND region = ? ORDER BY arn", (account, region)
        )
        return [(arn, json.loads(document)) for arn, document in found]

    def all_streams(self) -> list[tuple[str, Mapping[str, Any]]]:
        """ARN and document of every account's, in every region."""
        return [(arn, json.loads(document)) for arn, document in self.execute("SELECT arn, document FROM streams")]

    # --- records ------------------------------------------------------------------------------------------------

    def stream_records(self, arn: str, after: int, limit: int) -> list[StreamRecord]:
        """Those with a sequence above `after`, in order, `limit` at most."""
        found = self.execute(
            "SELECT sequence, record FROM stream_records WHERE stream_id = ? AND sequence > ? "
            "ORDER BY sequence LIMIT ?",
            (self._stream_ids.get(arn), after, limit),
        )
        return [StreamRecord(sequence, sequence / MICROSECONDS, text) for sequence, text in found]

    def last_sequence(self) -> int:
        """The highest that any record was given so far; those to come have a higher one."""
        return self._sequence

    def first_sequence(self, arn: str) -> int | None:
        """Of a stream's oldest record; None where it has none."""
        (sequence,) = self.execute(
            "SELECT min(sequence) FROM stream_records WHERE stream_id = ?", (self._stream_ids.get(arn),)
        ).fetchone()
        return int(sequence) if sequence is not None else None

    def trim_streams(self, before: float) -> int:
        """Delete the records from before a Unix time; returns how many there were."""
        limit, trimmed = int(before * MICROSECONDS), 0
        with self.database.transaction():
            for number in self._stream_ids.values():
                trimmed += self.execute(
                    "DELETE FROM stream_records WHERE stream_id = ? AND sequence < ?", (number, limit)
                ).rowcount
        return trimmed

    def _next_sequence(self) -> int:
        self._sequence = max(self._sequence + 1, int(self.clock() * MICROSECONDS))
        return self._sequence

    def _append_record(self, table: Table, old: Row | None, new: Row | None, principal: Principal | None) -> None:
        """Nothing where nothing changed: "If you perform a PutItem or UpdateItem operation that does not change any
        data in an item, DynamoDB Streams does not write a stream record" (Developer Guide, "Change data capture")."""
        assert table.stream is not None
        number = self._stream_ids.get(table.stream.arn)
        if number is None or (old and new and (old.text == new.text or old.item == new.item)):
            return
        sequence = self._next_sequence()
        text = _record(table, old, new, sequence, principal)
        self.execute("INSERT INTO stream_records VALUES (?, ?, ?)", (number, sequence, text))


def _record(table: Table, old: Row | None, new: Row | None, sequence: int, principal: Principal | None) -> bytes:
    assert table.stream is not None
    present = new or old
    assert present is not None
    view = table.stream.view_type
    keys = key_attributes((table.key,), present.item)
    size = item_size(keys)
    change: list[bytes] = [
        b'"ApproximateCreationDateTime":%d,"Keys":%b' % (sequence // MICROSECONDS, dumps(keys)),
    ]
    if new and view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        change.append(b'"NewImage":' + new.text)
        size += new.size
    if old and view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        change.append(b'"OldImage":' + old.text)
        size += old.size
    change.append(
        b'"SequenceNumber":"%b","SizeBytes":%d,"StreamViewType":"%b"'
        % (sequence_number(sequence).encode(), size, view.encode())
    )
    name = b"MODIFY" if old and new else b"INSERT" if new else b"REMOVE"
    identity = b""
    if principal:
        identity = b',"userIdentity":' + dumps({"PrincipalId": principal.id, "Type": principal.type})
    return (
        b'{"awsRegion":"%b","dynamodb":{%b},"eventID":"%b","eventName":"%b","eventSource":"aws:dynamodb",'
        b'"eventVersion":"1.1"%b}'
    ) % (table.region.encode(), b",".join(change), uuid.uuid4().hex.encode(), name, identity)
