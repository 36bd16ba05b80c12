"""A user, and the part of one that a client sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Profile:
    """What a client sets. `age` is optional."""

    name: str
    email: str
    age: int | None = None


@dataclass(frozen=True)
class User:
    """A user as stored. `user_id` is a UUID in lower case, the times are ISO 8601 in UTC."""

    user_id: str
    profile: Profile
    created_at: str
    updated_at: str
    version: int = 1
    """Counts the changes: what If-Match compares."""

    def document(self) -> dict[str, Any]:
        """The JSON document, which is also the table's item. A user without an age has no such attribute."""
        age = {} if self.profile.age is None else {"age": self.profile.age}
        return {
            "userId": self.user_id,
            "name": self.profile.name,
            "email": self.profile.email,
            **age,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "version": self.version,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> User:
        """The user of a table's item, whose numbers are Decimals."""
        age = item.get("age")
        return cls(
            user_id=item["userId"],
            profile=Profile(item["name"], item["email"], None if age is None else int(age)),
            created_at=item["createdAt"],
            updated_at=item["updatedAt"],
            # users from before there were versions have had none
            version=int(item.get("version", 0)),
        )
