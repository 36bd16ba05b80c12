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


def validation_failed(errors: Sequence[FieldError]) -> InvalidRequest:
    """The error for a request with these fields wrong."""
    return InvalidRequest("Validation failed", errors)
