"""Errors that a person reads: what failed, on what, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


class WindtunnelError(Exception):
    """A failure with a remedy: `str()` says what failed, `hint` what to do, `detail` is evidence (log lines)."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.detail = detail


class ConfigError(WindtunnelError):
    """A setting cannot be used."""

    exit_code = 2


class EngineError(WindtunnelError):
    """An engine did not start, answer or stop as it should."""


class TemplateError(WindtunnelError):
    """The SAM template is missing, cannot be read, or names something that is not there."""


class BuildError(WindtunnelError):
    """A function's or layer's artifact could not be built."""


class DeployError(WindtunnelError):
    """The stack did not reach the state that was asked for."""


def nearest(given: str, known: Sequence[str]) -> str:
    """A hint for a name that is not there: which may be meant, or which there are."""
    close = difflib.get_close_matches(given.lower(), known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"there are {', '.join(known)}"
