"""What can be wrong with a request. The status code of each is in entry_point.py, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One field of a request, by its name in the JSON document or the query, and what it must be."""

    field: str
    message: str


class ApplicationError(Exception):
    """An answer to the caller. The message is for them to read."""

    def __init__(self, message: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = tuple(errors)


class InvalidRequest(ApplicationError):
    """The request breaks a rule; `errors` names the fields, all of them at once."""


class NotFound(ApplicationError):
    """What the request is about does not exist."""


class Forbidden(ApplicationError):
    """The caller may not do this, whoever it is otherwise."""


class Conflict(ApplicationError):
    """Something else is going on with it right now: try again."""


class PreconditionFailed(ApplicationError):
    """It is not what the caller takes it for (RFC 9110, If-Match)."""


class Unprocessable(ApplicationError):
    """The request is valid, and contradicts an earlier one."""


def validation_failed(errors: Sequence[FieldError]) -> InvalidRequest:
    """The error for a request with these fields wrong."""
    return InvalidRequest("Validation failed", errors)
