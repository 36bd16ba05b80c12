"""How invocations and inits end."""

from __future__ import annotations

from typing import NamedTuple, Self

from windtunnel.functions.failure import Failure, error_type, too_large
from windtunnel.functions.runtime_api import Responded


class Ending(NamedTuple):
    """How an invocation ended, or an init: what the caller gets, and what the log says of it."""

    payload: bytes
    is_error: bool = True
    status: str = ""
    error_type: str = ""
    words: tuple[str, ...] = ()
    """Lines of Lambda's own, after the function's output."""
    broken: bool = False
    """The process is not fit for another invocation."""

    @classmethod
    def of(cls, failure: Failure) -> Self:
        """It failed, and not by the function's own answer."""
        return cls(failure.payload, True, "error", failure.type)

    @classmethod
    def broke(cls, failure: Failure) -> Self:
        """The same with the process that had the invocation lost, which the log tells."""
        return cls(failure.payload, True, "error", failure.type, (failure.message, failure.type), broken=True)

    @classmethod
    def answered(cls, outcome: Responded) -> Self:
        """The runtime's own answer; its body is None where it was too large."""
        body = outcome.body
        if body is None:
            # the runtime was told 413 and gives up
            failure = too_large()
            return cls(failure.payload, True, "error", failure.type, broken=True)
        if not outcome.is_error:
            return cls(body, is_error=False)
        return cls(body, True, "error", error_type(body) or outcome.error_type)
