"""Reading a function's environment variables."""

from __future__ import annotations

from collections.abc import Mapping


class InvalidEnvironment(Exception):
    """The function is configured wrongly. Raised at cold start, so that Lambda never runs it."""


def required(variables: Mapping[str, str], *names: str) -> tuple[str, ...]:
    """The variables' values, in the order of the names. Raises InvalidEnvironment with all that are missing."""
    missing = [name for name in names if not variables.get(name, "").strip()]
    if missing:
        raise InvalidEnvironment(f"environment variables not set: {', '.join(missing)}")
    return tuple(variables[name].strip() for name in names)
