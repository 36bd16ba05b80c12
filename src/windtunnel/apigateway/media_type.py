"""Media types, and which of them a REST API treats as binary.

Sources: API Gateway Developer Guide, "Working with binary media types for REST APIs", "Content type conversions in API
Gateway" (of an Accept header only the first media type counts) and "Return binary media from a Lambda proxy
integration" (*/* for what browsers send); LocalStack's validated tests (image/* matches image/png).
"""

from __future__ import annotations

from collections.abc import Sequence


def media_type(header: str) -> str:
    """The first media type of an Accept or Content-Type header, in lower case and without parameters."""
    return header.partition(",")[0].partition(";")[0].strip().lower()


class BinaryTypes:
    """The binary media types of an API."""

    def __init__(self, types: Sequence[str]) -> None:
        names = {media_type(entry) for entry in types}
        self._all = "*/*" in names
        self._exact = frozenset(name for name in names if not name.endswith("/*"))
        self._families = frozenset(name.removesuffix("*") for name in names if name.endswith("/*"))
        self._any = bool(names)

    def __bool__(self) -> bool:
        return self._any

    def match(self, header: str | None) -> bool:
        """Whether the first media type of a header is a binary one; */* takes also a header that is not there."""
        if self._all:
            return True
        if not header or not self._any:
            return False
        name = media_type(header)
        return name in self._exact or name.partition("/")[0] + "/" in self._families
