"""Reads cost what they return, whatever the table's size: SQLite searches by the key and sorts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.unit.dynamodb.test_store import ACCOUNT, DOCUMENT, REGION

from windtunnel.dynamodb.row import IndexKey, Key
from windtunnel.dynamodb.store import Store
from windtunnel.dynamodb.store_read import Bounds, Segment
from windtunnel.dynamodb.table import Table

type Plan = Callable[[], list[str]]


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store(None)
    yield opened
    opened.close()


@pytest.fixture
def table(store: Store) -> Table:
    return store.create_table(ACCOUNT, REGION, DOCUMENT)


def plan(store: Store, read: Callable[[], object]) -> list[str]:
    """How SQLite goes about the statements of a read."""
    statements: list[str] = []
    store.database.connection.set_trace_callback(statements.append)
    read()
    store.database.connection.set_trace_callback(None)
    return [
        detail
        for statement in statements
        for _, _, _, detail in store.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    ]


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize(
    "bounds", [Bounds(), Bounds(low=b"a", high=b"b", high_inclusive=False), Bounds(b"x", high=b"x")]
)
@pytest.mark.parametrize("of_index", [False, True])
@pytest.mark.parametrize("goes_on", [False, True])
def test_a_query_searches_by_the_key(
    store: Store, table: Table, forward: bool, bounds: Bounds, of_index: bool, goes_on: bool
) -> None:
    index = table.indexes["by-kind"] if of_index else None
    after = (IndexKey(b"p", b"r", b"tp", b"tr") if of_index else Key(b"p", b"r")) if goes_on else None

    found = plan(store, lambda: list(store.query_rows(table, index, b"p", bounds, forward=forward, after=after)))

    (search,) = found
    assert search.startswith("SEARCH")
    assert "USING PRIMARY KEY (p=?" in search


@pytest.mark.parametrize("of_index", [False, True])
def test_a_scan_goes_on_and_a_segment_begins_by_the_key(store: Store, table: Table, of_index: bool) -> None:
    index = table.indexes["by-kind"] if of_index else None
    after = IndexKey(b"p", b"r", b"tp", b"tr") if of_index else Key(b"p", b"r")

    for read in (
        lambda: list(store.scan_rows(table, index, after=after)),
        lambda: list(store.scan_rows(table, index, segment=Segment(1, 4))),
        lambda: list(store.scan_rows(table, index, segment=Segment(1, 4), after=after)),
    ):
        (search,) = plan(store, read)
        assert search.startswith("SEARCH")


def test_a_scan_from_the_beginning_sorts_nothing(store: Store, table: Table) -> None:
    (scan,) = plan(store, lambda: list(store.scan_rows(table, None)))

    assert scan.startswith("SCAN")
    assert "TEMP B-TREE" not in scan


def test_an_item_is_searched_by_its_whole_key(store: Store, table: Table) -> None:
    (search,) = plan(store, lambda: store.get(table, Key(b"p", b"r")))

    assert search.endswith("USING PRIMARY KEY (p=? AND r=?)")
