"""A table's states and how long they last. By default nothing takes any time: a table is ACTIVE when it is made.

What is still to come is kept in the table's document under "Pending", a list of {"At": Unix time, "Step": name}, so
that it comes about after a restart as well. `settle` brings about what is due.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.store import Store
from windtunnel.dynamodb.table import ACTIVE, Table
from windtunnel.dynamodb.table_document import prune_definitions

type Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds that AWS takes, or seems to take. Observed on AWS: 14 to 22, 2 to 6, 3 to 6 and 500 to 1 000."""

    create: float = 0.0
    update: float = 0.0
    delete: float = 0.0
    index: float = 0.0


AT_ONCE = Delays()


def begin(document: Document, step: str, at: float) -> None:
    """Note what is to happen to a table at a time: "active", "index:<name>" or "gone"."""
    document.setdefault("Pending", []).append({"At": at, "Step": step})


def settle(store: Store, table: Table, now: float) -> Table | None:
    """The table with what is due done to it; None where it is gone now."""
    pending = table.document.get("Pending")
    if not pending or all(step["At"] > now for step in pending):
        return table
    document = copy.deepcopy(dict(table.document))
    due = [step["Step"] for step in document["Pending"] if step["At"] <= now]
    document["Pending"] = [step for step in document["Pending"] if step["At"] > now]
    if "gone" in due:
        store.delete_table(table)
        return None
    for step in due:
        _take(document["Table"], step)
    return store.update_table(table, document)


def settle_all(store: Store, now: float) -> None:
    """Bring about what is due in any table."""
    for table in store.tables():
        if table.document.get("Pending"):
            with store.transaction():
                settle(store, table, now)


def _take(told: Document, step: str) -> None:
    kind, _, name = step.partition(":")
    if kind == "active":
        told["TableStatus"] = ACTIVE
        if "RestoreSummary" in told:
            told["RestoreSummary"]["RestoreInProgress"] = False
        for index in told.get("GlobalSecondaryIndexes") or ():
            if index["IndexStatus"] == "UPDATING" or "Backfilling" not in index:
                index["IndexStatus"] = ACTIVE
    elif kind == "index":
        for index in told.get("GlobalSecondaryIndexes") or ():
            if index["IndexName"] == name:
                index["IndexStatus"] = ACTIVE
                index.pop("Backfilling", None)
    elif kind == "dropped":
        drop_index(told, name)


def drop_index(told: Document, name: str) -> None:
    """Take a global index, and the attributes that only it had for keys, out of a table's description."""
    left = [index for index in told.get("GlobalSecondaryIndexes") or () if index["IndexName"] != name]
    if left:
        told["GlobalSecondaryIndexes"] = left
    else:
        told.pop("GlobalSecondaryIndexes", None)
    prune_definitions(told)


def busy_indexes(told: Mapping[str, Any], *states: str) -> list[str]:
    """The names of the global indexes that are in one of these states."""
    return [
        index["IndexName"] for index in told.get("GlobalSecondaryIndexes") or () if index.get("IndexStatus") in states
    ]
