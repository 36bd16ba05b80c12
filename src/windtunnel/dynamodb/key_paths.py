"""No expression looks inside a key attribute, of the table or of an index: those are scalars.

Recorded from AWS: dynalite's tests (test/query.js, "IndexKey: d"; test/getItem.js, "Key: a"), ScyllaDB's
test/alternator/test_gsi.py (an update of what is inside an index' key).
"""

from __future__ import annotations

from typing import Protocol

from windtunnel.dynamodb.expressions.document_path import check_key_paths
from windtunnel.dynamodb.expressions.tree import Steps
from windtunnel.dynamodb.table import Table


class _Expression(Protocol):
    @property
    def paths(self) -> tuple[Steps, ...]: ...


def check_paths(table: Table, *expressions: _Expression | None) -> None:
    """Raises where an expression names a place inside a key attribute."""
    inner = [steps for each in expressions if each is not None for steps in each.paths if len(steps) > 1]
    if not inner:
        return
    check_key_paths(inner, table.key.names)
    for index in table.indexes.values():
        check_key_paths(inner, index.key.names, "IndexKey")
