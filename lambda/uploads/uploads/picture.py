"""Looking at a picture: what it really is, how large, and a small one of it. Pure, over bytes."""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from uploads.upload import TYPES, Picture

THUMBNAIL = (256, 256)
MAX_PIXELS = 50_000_000
"""A file of few bytes can unpack into gigabytes: this is 150 MB as RGB, less than the function has."""


class NotThatPicture(Exception):
    """The file is not the picture that it was announced as; the message is for its owner."""


def examine(content: bytes, content_type: str) -> tuple[Picture, bytes]:
    """What the file is, and its thumbnail as WebP. Raises NotThatPicture.

    The first bytes decide what it is, whatever its name or Content-Type say.
    """
    expected = TYPES[content_type]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=list(TYPES.values())) as image:
                found = str(image.format)
                if found != expected:
                    raise NotThatPicture(f"it is {found}, not {expected}")
                if image.width * image.height > MAX_PIXELS:
                    raise NotThatPicture(f"it has {image.width} x {image.height} pixels, more than {MAX_PIXELS}")
                picture = Picture(found, image.width, image.height, len(content))
                return picture, _thumbnail(image)
    except UnidentifiedImageError as error:
        raise NotThatPicture(f"it is no {expected}, nor another picture that is known here") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Pillow's plugins raise any of these for a file that is broken or cut off
        raise NotThatPicture(f"it is broken: {error}") from error


def _thumbnail(image: Image.Image) -> bytes:
    # as it is to be seen: cameras store how they were held
    upright = ImageOps.exif_transpose(image)
    small = upright.convert("RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB")
    small.thumbnail(THUMBNAIL)
    target = io.BytesIO()
    small.save(target, "WEBP", quality=80)
    return target.getvalue()
