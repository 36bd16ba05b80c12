"""Media types and which of them are binary for an API."""

from __future__ import annotations

from collections.abc import Sequence


def media_type(header: str | None) -> str:
    """A Content-Type or Accept header's first media type, in lower case without parameters."""
    return (header or "").split(",", 1)[0].split(";", 1)[0].strip().lower()


def is_binary(header: str | None, binary_media_types: Sequence[str]) -> bool:
    """Whether a header's first media type is among an API's binary media types.

    Source: API Gateway Developer Guide, "Return binary media from a Lambda proxy integration": of Accept only the first
    media type counts.
    """
    if not binary_media_types:
        return False
    kind = media_type(header)
    main = kind.split("/", 1)[0]
    for entry in binary_media_types:
        wanted = entry.lower()
        if wanted == "*/*" or wanted == kind or (wanted.endswith("/*") and wanted[:-2] == main and kind):
            return True
    return False
