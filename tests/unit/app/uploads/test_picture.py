from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from uploads.picture import NotThatPicture, examine
from uploads.upload import TYPES, Picture

from uploads import picture


def encoded(kind: str, size: tuple[int, int] = (640, 480), mode: str = "RGB", **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new(mode, size, "teal" if mode == "RGB" else (0, 128, 128, 0)).save(target, kind, **options)
    return target.getvalue()


@pytest.mark.parametrize(("content_type", "kind"), TYPES.items())
def test_a_picture_is_measured_and_gets_a_thumbnail(content_type: str, kind: str) -> None:
    content = encoded(kind)

    found, thumbnail = examine(content, content_type)

    assert found == Picture(kind, 640, 480, len(content))
    with Image.open(io.BytesIO(thumbnail)) as small:
        assert (small.format, small.size) == ("WEBP", (256, 192))


def test_a_small_picture_is_not_blown_up() -> None:
    with Image.open(io.BytesIO(examine(encoded("PNG", (3, 2)), "image/png")[1])) as small:
        assert small.size == (3, 2)


def test_what_is_transparent_stays_so() -> None:
    with Image.open(io.BytesIO(examine(encoded("PNG", mode="RGBA"), "image/png")[1])) as small:
        assert small.mode == "RGBA"


def test_a_camera_held_upright_is_seen_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turn clockwise by 90 degrees
    content = encoded("JPEG", (640, 480), exif=exif)

    with Image.open(io.BytesIO(examine(content, "image/jpeg")[1])) as small:
        assert small.size == (192, 256)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (encoded("PNG"), "it is PNG, not JPEG"),
        (b"MZ\x90\x00 this is a program", "it is no JPEG"),
        (b"", "it is no JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "it is no JPEG"),
        (encoded("JPEG")[:400], "it is broken"),
    ],
    ids=["another type", "a program", "nothing", "svg", "cut off"],
)
def test_what_is_not_what_it_was_announced_as_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(NotThatPicture, match=reason):
        examine(content, "image/jpeg")


def test_a_small_file_that_unpacks_into_gigabytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "MAX_PIXELS", 640 * 480 - 1)

    with pytest.raises(NotThatPicture, match="pixels"):
        examine(encoded("PNG"), "image/png")


@given(st.binary(max_size=200), st.integers(0, 2000))
def test_whatever_the_bytes_it_is_a_picture_or_refused(noise: bytes, at: int) -> None:
    content = bytearray(encoded("PNG", (8, 8)))
    content[at % len(content) : at % len(content) + len(noise)] = noise

    # any other exception would be tried twice again, and then be a dead letter
    with contextlib.suppress(NotThatPicture):
        found, _ = examine(bytes(content), "image/png")
        assert found.format == "PNG"
