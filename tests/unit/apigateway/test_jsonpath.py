"""Source: Developer Guide, "Variables for data transformations", which refers to JsonPath for Java."""

from __future__ import annotations

import pytest

from windtunnel.apigateway.jsonpath import find

STORE = {
    "pets": [{"id": 1, "type": "dog"}, {"id": 2, "type": "cat"}, {"id": 3}],
    "a-b": {"c": None, "d.e": "dotted"},
    "first name": "Ada",
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", STORE),
        ("", STORE),
        ("$.pets[0].type", "dog"),
        ("pets[1].id", 2),
        ("$.pets[-1].id", 3),
        ("$['pets'][0]['id']", 1),
        ('$["first name"]', "Ada"),
        ("$.a-b['d.e']", "dotted"),
        ("$.a-b.c", None),
        ("$.pets[*].id", [1, 2, 3]),
        ("$.pets[*].type", ["dog", "cat"]),
        ("$.pets[0:2].id", [1, 2]),
        ("$.pets[1:].id", [2, 3]),
        ("$.pets[0,2].id", [1, 3]),
        ("$.pets[0]['id','type']", [1, "dog"]),
        ("$..type", ["dog", "cat"]),
        ("$..pets[0].id", [1]),
        ("$..['d.e']", ["dotted"]),
        ("$.pets[0].*", [1, "dog"]),
        ("$.first name.*", []),
    ],
)
def test_what_a_path_finds(path: str, expected: object) -> None:
    assert find(STORE, path) == (expected, True)


@pytest.mark.parametrize(
    "path", ["$.none", "$.pets[7]", "$.pets.id", "$.pets[?(@.id==1)]", "$.a-b[0]", "$.pets[0:1", "$.", "$[]", "$['']x]"]
)
def test_what_is_not_there_or_not_understood(path: str) -> None:
    assert find(STORE, path) == (None, False)


def test_a_span_of_no_list_is_empty() -> None:
    assert find({"a": 1}, "$.a[0:1]") == ([], True)
