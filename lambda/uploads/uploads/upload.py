"""An upload: what a client announced, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from proxy_integration.errors import FieldError, validation_failed

MAX_BYTES = 5 * 1024 * 1024
TYPES: Mapping[str, str] = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}
"""What may be uploaded, and what Pillow calls it."""
NAME_LENGTH = 200


class State(StrEnum):
    """waiting → ready, or refused where the file is not what it was announced as."""

    WAITING = "waiting"
    READY = "ready"
    REFUSED = "refused"


@dataclass(frozen=True)
class Announcement:
    """What a client says that it will upload."""

    file_name: str
    content_type: str


@dataclass(frozen=True)
class Picture:
    """What is known of a picture once it was looked at. Sizes in pixels and bytes."""

    format: str
    width: int
    height: int
    size: int

    def document(self) -> dict[str, Any]:
        return {"format": self.format, "width": self.width, "height": self.height, "bytes": self.size}


def parse_announcement(document: Mapping[str, Any]) -> Announcement:
    """The announcement in a request's body. Raises InvalidRequest with every field that is wrong."""
    name, kind = document.get("fileName"), document.get("contentType")
    errors = []
    if not isinstance(name, str) or not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        errors.append(FieldError("fileName", f"must have 1 to {NAME_LENGTH} printable characters"))
    if not isinstance(kind, str) or kind not in TYPES:
        errors.append(FieldError("contentType", f"must be one of {', '.join(TYPES)}"))
    errors += [FieldError(field, "is not known") for field in sorted(document.keys() - {"fileName", "contentType"})]
    if errors:
        raise validation_failed(errors)
    return Announcement(str(name), str(kind))
