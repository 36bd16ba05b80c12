"""What the service does, over the table and without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from proxy_integration.errors import ApplicationError, NotFound, PreconditionFailed

from users.etag import parse_if_match
from users.page import Page, parse_page_request
from users.table import ConditionFailed, UserTable
from users.user import User
from users.user_id import canonical
from users.validation import parse_profile


@dataclass(frozen=True)
class Users:
    """The users. `now` gives an aware time in UTC, `new_id` an id that nobody else has."""

    table: UserTable
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    def create(self, document: Mapping[str, Any]) -> User:
        """A new user with the profile in the document. Raises InvalidRequest."""
        profile = parse_profile(document)
        now = timestamp(self.now())
        user = User(str(self.new_id()), profile, created_at=now, updated_at=now)
        self.table.add(user)
        return user

    def list(self, query: Mapping[str, str]) -> Page:
        """The page that the query asks for: of all users, or of those with an email. Raises InvalidRequest."""
        request = parse_page_request(query)
        email = query.get("email")
        return self.table.page(request) if email is None else self.table.with_email(email, request)

    def get(self, user_id: str) -> User:
        """The user. Raises NotFound."""
        user = self.table.get(_existing(user_id))
        if user is None:
            raise user_not_found(user_id)
        return user

    def update(self, user_id: str, document: Mapping[str, Any], if_match: str | None = None) -> User:
        """The user with the document's profile instead of its own: no age in it removes the age.

        Raises NotFound, InvalidRequest, or PreconditionFailed where `if_match` names another version.
        """
        profile, versions = parse_profile(document), parse_if_match(if_match)
        try:
            return self.table.replace(_existing(user_id), profile, timestamp(self.now()), versions)
        except ConditionFailed as error:
            raise refusal(user_id, error.found) from error

    def delete(self, user_id: str, if_match: str | None = None) -> User:
        """The user as it was. Raises NotFound, InvalidRequest, or PreconditionFailed."""
        versions = parse_if_match(if_match)
        try:
            return self.table.remove(_existing(user_id), versions)
        except ConditionFailed as error:
            raise refusal(user_id, error.found) from error


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond: 2026-11-21T05:09:00.000Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user_not_found(user_id: str) -> NotFound:
    """The error for a user that is not there."""
    return NotFound(f"User {user_id} not found")


def refusal(user_id: str, found: User | None) -> ApplicationError:
    """Why a change did not happen: nobody is there, or somebody else has changed the user meanwhile."""
    if found is None:
        return user_not_found(user_id)
    return PreconditionFailed(f"User {user_id} is at version {found.version} now: read it again")


def _existing(user_id: str) -> str:
    """The id as it is stored. What is no UUID is nobody's id, which is known without asking the table."""
    stored = canonical(user_id)
    if stored is None:
        raise user_not_found(user_id)
    return stored
