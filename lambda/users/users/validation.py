"""The rules for what clients send. Every rule is checked, so that a caller sees all that is wrong at once.

A name is trimmed and then 1 to 100 characters. An email is the address part of RFC 5322 as the internet uses it: a
dot-atom, an @ and a domain name with a dot, in ASCII (no quoted local part, no comment, no address literal). An age is
an integer as JSON Schema has it: 30 and 30.0 are, true and "30" are not; null means none. What the service itself sets
may be sent, so that a document read can be changed and sent back, and is ignored. Any other field is an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from proxy_integration.errors import FieldError, validation_failed

from users.user import Profile

NAME_LENGTH = 100
AGES = range(1, 151)
EMAIL_LENGTH = 254  # RFC 5321's path of 256, less its angle brackets
LOCAL_PART_LENGTH = 64
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = re.compile(rf"(?P<local>{ATOM}(?:\.{ATOM})*)@{LABEL}(?:\.{LABEL})+")

SET_BY_CLIENT = ("name", "email", "age")
SET_BY_SERVICE = ("userId", "createdAt", "updatedAt", "version")


def parse_profile(document: Mapping[str, Any]) -> Profile:
    """The profile in a request's body. Raises InvalidRequest with every field that is wrong."""
    name = document.get("name")
    name = name.strip() if isinstance(name, str) else name
    email = document.get("email")
    email = email.strip() if isinstance(email, str) else email
    age = document.get("age")

    found = {"name": _name_error(name), "email": _email_error(email), "age": _age_error(age)}
    errors = [FieldError(field, message) for field, message in found.items() if message]
    errors += [
        FieldError(field, "is not a field of a user")
        for field in document
        if field not in SET_BY_CLIENT and field not in SET_BY_SERVICE
    ]
    if errors:
        raise validation_failed(errors)
    return Profile(name=str(name), email=str(email), age=None if age is None else int(age))


def _name_error(name: object) -> str | None:
    if name is None:
        return "is required"
    if not isinstance(name, str):
        return "must be a string"
    if not 1 <= len(name) <= NAME_LENGTH:
        return f"must have 1 to {NAME_LENGTH} characters"
    if any(unicodedata.category(character) == "Cc" for character in name):
        return "must not contain control characters"
    return None


def _email_error(email: object) -> str | None:
    if email is None:
        return "is required"
    if not isinstance(email, str):
        return "must be a string"
    matched = EMAIL.fullmatch(email) if len(email) <= EMAIL_LENGTH else None
    if matched is None or len(matched["local"]) > LOCAL_PART_LENGTH:
        return "must be a valid email address"
    return None


def _age_error(age: object) -> str | None:
    if age is None:
        return None
    # bool is a subclass of int; `in` compares a Decimal's value, so 30.0 is in the range and 30.5 is not
    number = not isinstance(age, bool) and isinstance(age, int | Decimal) and Decimal(age).is_finite()
    if not number or age not in AGES:
        return f"must be an integer from {AGES[0]} to {AGES[-1]}"
    return None
