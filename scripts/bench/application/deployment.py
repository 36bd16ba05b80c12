"""An application that answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deployment:
    """Where it is and how it is asked."""

    url: str
    api_key: str
    notes: tuple[str, ...] = ()
    """What this system would not take or does not do, for the page."""
