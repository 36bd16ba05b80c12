from __future__ import annotations

import pytest
from proxy_integration.errors import InvalidRequest
from users.etag import etag, parse_if_match


@pytest.mark.parametrize("header", [None, "*", " * "])
def test_no_precondition_lets_any_version_through(header: str | None) -> None:
    assert parse_if_match(header) is None


@pytest.mark.parametrize(
    ("header", "versions"),
    [
        (etag(3), {3}),
        ('"1", "2" ,"3"', {1, 2, 3}),
        # RFC 9110, 13.1.1: If-Match compares strongly, so that a weak tag never matches
        ('W/"3"', set()),
        ('W/"3", "4"', {4}),
        ('"somebody else\'s"'.replace(" ", ""), set()),
        ('""', set()),
    ],
)
def test_tags_are_versions(header: str, versions: set[int]) -> None:
    assert parse_if_match(header) == frozenset(versions)


@pytest.mark.parametrize("header", ["", "3", '"3', '"3",', '"3" "4"', "*, *", ", ".join(['"1"'] * 21)])
def test_what_is_no_list_of_tags_is_invalid(header: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_if_match(header)

    assert [error.field for error in raised.value.errors] == ["If-Match"]
