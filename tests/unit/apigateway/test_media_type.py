"""Sources: Developer Guide, "Working with binary media types for REST APIs", "Content type conversions"."""

from __future__ import annotations

import pytest

from windtunnel.apigateway.media_type import BinaryTypes, media_type


@pytest.mark.parametrize(
    ("types", "header", "expected"),
    [
        ((), "image/png", False),
        ((), None, False),
        (("image/png",), "image/png", True),
        (("image/png",), "Image/PNG; q=1", True),
        (("image/png",), "text/html", False),
        (("image/png",), None, False),
        # only the first media type counts
        (("image/webp",), "image/webp,image/*,*/*;q=0.8", True),
        (("image/png",), "image/webp,image/png", False),
        # a client that takes everything does not ask for a binary type
        (("image/png",), "*/*", False),
        (("image/*",), "image/png", True),
        (("image/*",), "text/plain", False),
        (("*/*",), "text/plain", True),
        (("*/*",), None, True),
    ],
)
def test_which_media_types_are_binary(types: tuple[str, ...], header: str | None, expected: bool) -> None:
    assert BinaryTypes(types).match(header) is expected


def test_an_api_without_binary_types_is_told_apart() -> None:
    assert not BinaryTypes(())
    assert BinaryTypes(("a/b",))


def test_a_header_s_first_media_type() -> None:
    assert media_type(" Application/JSON ; charset=utf-8, text/html") == "application/json"
