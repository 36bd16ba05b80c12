"""Pages of a list: what a client asks for, and the token that leads to the next one."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy_integration.errors import FieldError, validation_failed

from users.user import User
from users.user_id import canonical

LIMITS = range(1, 101)
DEFAULT_LIMIT = 50


@dataclass(frozen=True)
class PageRequest:
    """At most `limit` users, from after the user `start_after` on, or from the beginning."""

    limit: int = DEFAULT_LIMIT
    start_after: str | None = None


@dataclass(frozen=True)
class Page:
    """Users in the table's own order. `last` is where the next page starts; None where there is none.

    DynamoDB may find out only with one more request that there is no more: the last page can be empty.
    """

    users: tuple[User, ...]
    last: str | None

    def document(self) -> dict[str, Any]:
        """The JSON document; without `nextToken` it is the last page."""
        token = {} if self.last is None else {"nextToken": encode_token(self.last)}
        return {"users": [user.document() for user in self.users], **token}


def parse_page_request(query: Mapping[str, str]) -> PageRequest:
    """The page in a request's query. Raises InvalidRequest for a limit or a token that is none."""
    limit, token = query.get("limit"), query.get("nextToken")
    errors = []
    if limit is not None and not (re.fullmatch("[0-9]{1,3}", limit) and int(limit) in LIMITS):
        errors.append(FieldError("limit", f"must be an integer from {LIMITS[0]} to {LIMITS[-1]}"))
    start_after = None if token is None else decode_token(token)
    if token is not None and start_after is None:
        errors.append(FieldError("nextToken", "is not a token that this API gave out"))
    if errors:
        raise validation_failed(errors)
    return PageRequest(DEFAULT_LIMIT if limit is None else int(limit), start_after)


def encode_token(user_id: str) -> str:
    """DynamoDB's LastEvaluatedKey as base64url without padding: clients need not escape it, nor look into it."""
    return base64.urlsafe_b64encode(json.dumps({"userId": user_id}).encode()).rstrip(b"=").decode()


def decode_token(token: str) -> str | None:
    """The user id in a token; None if it is not one of ours."""
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(key, dict) or key.keys() != {"userId"} or not isinstance(key["userId"], str):
        return None
    user_id = canonical(key["userId"])
    # one token a position: a changed one is refused even where it could be read
    return user_id if user_id is not None and encode_token(user_id) == token else None
