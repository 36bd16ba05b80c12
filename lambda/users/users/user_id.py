"""The form of user ids."""

from __future__ import annotations

import re

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def canonical(text: str) -> str | None:
    """A UUID in lower case, which is how ids are stored (RFC 9562 reads both cases); None if it is no UUID."""
    lowered = text.lower()
    return lowered if UUID.fullmatch(lowered) else None
