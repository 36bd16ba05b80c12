"""The routes below /_windtunnel/dynamodb/: the state in a word, and snapshots of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.integration.dynamodb.things import MakeTable, put_all, strings

type Control = Callable[..., tuple[int, Any]]


@pytest.fixture
def control(endpoint: str) -> Iterator[Control]:
    """Asks a route; the snapshots it made are gone afterwards."""

    def ask(method: str, path: str, **headers: str) -> tuple[int, Any]:
        request = urllib.request.Request(f"{endpoint}/_windtunnel/dynamodb/{path}", method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, json.loads(reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    yield ask
    for snapshot in ask("GET", "snapshots")[1]["snapshots"]:
        ask("DELETE", f"snapshots/{snapshot['name']}")


def test_a_state_is_set_aside_and_taken_back(control: Control, dynamodb: Any, make_table: MakeTable) -> None:
    table = make_table()
    put_all(dynamodb, table, strings(id="1"))
    status, taken = control("POST", "snapshots/clean")
    put_all(dynamodb, table, strings(id="2"))
    make_table()

    restored, _ = control("POST", "snapshots/clean/restore")

    assert (status, restored) == (200, 200)
    assert taken["name"] == "clean"
    assert taken["bytes"] > 0
    assert dynamodb.list_tables()["TableNames"] == [table]
    assert dynamodb.scan(TableName=table)["Items"] == [strings(id="1")]
    put_all(dynamodb, table, strings(id="3"))
    assert dynamodb.scan(TableName=table)["Count"] == 2


def test_snapshots_are_listed_and_deleted(control: Control) -> None:
    control("POST", "snapshots/b")
    control("POST", "snapshots/a")

    status, told = control("DELETE", "snapshots/b")

    assert (status, told) == (200, {"deleted": "b"})
    assert [snapshot["name"] for snapshot in control("GET", "snapshots")[1]["snapshots"]] == ["a"]


def test_a_snapshot_that_is_not_there(control: Control) -> None:
    control("POST", "snapshots/known")

    for method, path in (("POST", "snapshots/none/restore"), ("DELETE", "snapshots/none")):
        assert control(method, path) == (404, {"message": "there is no snapshot 'none'; there are: known"})


def test_a_name_that_is_none(control: Control) -> None:
    status, told = control("POST", "snapshots/..")

    assert status == 400
    assert told["message"].startswith("no name for a snapshot")


def test_the_status_tells_what_there_is(control: Control, dynamodb: Any, make_table: MakeTable) -> None:
    before = control("GET", "status")[1]
    put_all(dynamodb, make_table(), strings(id="1"))

    status, told = control("GET", "status")

    assert status == 200
    assert told["ready"] is True
    assert told["data"] == "memory"
    assert (told["tables"], told["items"]) == (before["tables"] + 1, before["items"] + 1)


def test_a_web_page_is_refused(control: Control) -> None:
    status, _ = control("POST", "snapshots/evil", Origin="http://evil.example")

    assert status == 403
    assert control("GET", "snapshots")[1] == {"snapshots": []}


def test_a_route_that_is_not_there(control: Control) -> None:
    assert control("GET", "nothing")[0] == 404
