"""What was published survives its edge."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from windtunnel.edge.publications import Publications
from windtunnel.edge.root import Root


class Plane:
    """Takes publications as a plane does; what has "bad" in it, it does not take."""

    def __init__(self) -> None:
        self.documents: dict[str, Mapping[str, Any]] = {}

    def apply(self, key: str, document: Mapping[str, Any] | None) -> None:
        if document is None:
            del self.documents[key]
            return
        if "bad" in document:
            raise ValueError("not a definition")
        self.documents[key] = document


@pytest.fixture
def plane() -> Plane:
    return Plane()


@pytest.fixture
def publications(tmp_path: Path, plane: Plane) -> Publications:
    made = Publications(tmp_path / "publications", plane.apply)
    assert made.load() == 0
    return made


def reloaded(tmp_path: Path) -> dict[str, Mapping[str, Any]]:
    """What the next edge serves."""
    plane = Plane()
    Publications(tmp_path / "publications", plane.apply).load()
    return plane.documents


def test_what_is_put_is_applied_and_there_after_a_restart(
    tmp_path: Path, plane: Plane, publications: Publications
) -> None:
    refused = publications.update({"stage/1/r/a/Prod": {"a": 1}, "function/1/r/f": {"b": [2]}}, [], replace=False)

    assert refused == []
    assert plane.documents == {"stage/1/r/a/Prod": {"a": 1}, "function/1/r/f": {"b": [2]}}
    assert reloaded(tmp_path) == plane.documents


def test_what_is_deleted_is_gone_for_good(tmp_path: Path, plane: Plane, publications: Publications) -> None:
    publications.update({"a": {"x": 1}, "b": {"x": 2}}, [], replace=False)

    publications.update({}, ["a", "never there"], replace=False)

    assert plane.documents == reloaded(tmp_path) == {"b": {"x": 2}}


def test_a_replacement_leaves_only_itself(tmp_path: Path, plane: Plane, publications: Publications) -> None:
    publications.update({"a": {"x": 1}, "b": {"x": 2}}, [], replace=False)

    publications.update({"b": {"x": 3}}, [], replace=True)

    assert plane.documents == reloaded(tmp_path) == {"b": {"x": 3}}


def test_what_cannot_be_applied_leaves_what_was_there_and_is_told(
    tmp_path: Path, plane: Plane, publications: Publications, caplog: pytest.LogCaptureFixture
) -> None:
    publications.update({"a": {"x": 1}}, [], replace=False)

    with caplog.at_level(logging.ERROR):
        refused = publications.update({"a": {"bad": 1}, "b": {"x": 2}}, [], replace=False)

    assert refused == ["a"]
    assert "publication a cannot be applied" in caplog.text
    assert plane.documents == reloaded(tmp_path) == {"a": {"x": 1}, "b": {"x": 2}}


def test_a_damaged_file_is_set_aside_and_the_others_are_served(
    tmp_path: Path, publications: Publications, caplog: pytest.LogCaptureFixture
) -> None:
    publications.update({"a": {"x": 1}, "b": {"x": 2}}, [], replace=False)
    (tmp_path / "publications/a.json").write_text('{"x": ')

    with caplog.at_level(logging.ERROR):
        assert reloaded(tmp_path) == {"b": {"x": 2}}

    assert "publication a cannot be used" in caplog.text
    assert (tmp_path / "publications/a.damaged").exists()


def test_an_unchanged_document_is_not_applied_again(plane: Plane, publications: Publications) -> None:
    publications.update({"a": {"x": 1}}, [], replace=False)
    plane.documents.clear()

    publications.update({"a": {"x": 1}}, [], replace=False)

    assert plane.documents == {}


def test_the_api_at_the_root_is_remembered(tmp_path: Path) -> None:
    root = Root(tmp_path / "root.json")
    root.load()
    assert root.api is None

    root.set("a1b2", "Prod")

    again = Root(tmp_path / "root.json")
    again.load()
    assert again.api == ("a1b2", "Prod")
