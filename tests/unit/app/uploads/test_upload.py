from __future__ import annotations

from typing import Any

import pytest
from proxy_integration.errors import InvalidRequest
from uploads.upload import Announcement, parse_announcement


def test_an_announcement_is_taken() -> None:
    document = {"fileName": "Zoë.png", "contentType": "image/png"}

    assert parse_announcement(document) == Announcement("Zoë.png", "image/png")


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({}, ["fileName", "contentType"]),
        ({"fileName": "", "contentType": "text/html"}, ["fileName", "contentType"]),
        ({"fileName": "a\nb", "contentType": ["image/png"]}, ["fileName", "contentType"]),
        ({"fileName": "a" * 201, "contentType": "image/png", "b": 1, "a": 2}, ["fileName", "a", "b"]),
    ],
)
def test_all_that_is_wrong_is_said_at_once(document: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_announcement(document)

    assert [error.field for error in raised.value.errors] == fields
