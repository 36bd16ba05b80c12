from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxy_integration.errors import InvalidRequest
from users.user import Profile
from users.validation import parse_profile

ADA = {"name": "Ada", "email": "ada@example.com"}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=5,
)


def errors(**fields: Any) -> dict[str, str]:
    """The errors of a document that is right but for these fields."""
    try:
        parse_profile({**ADA, **fields})
    except InvalidRequest as error:
        return {wrong.field: wrong.message for wrong in error.errors}
    return {}


def test_a_whole_profile() -> None:
    assert parse_profile({**ADA, "age": 36}) == Profile("Ada", "ada@example.com", 36)


def test_what_surrounds_name_and_email_is_trimmed() -> None:
    assert parse_profile({"name": "  Ada Lovelace\n", "email": " ada@example.com "}) == Profile(
        "Ada Lovelace", "ada@example.com"
    )


@pytest.mark.parametrize("name", ["A", "x" * 100, " " + "x" * 100 + " ", "Zoë 🚀", "李"])
def test_names(name: str) -> None:
    assert errors(name=name) == {}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (None, "is required"),
        ("", "must have 1 to 100 characters"),
        ("   ", "must have 1 to 100 characters"),
        ("x" * 101, "must have 1 to 100 characters"),
        (5, "must be a string"),
        (["Ada"], "must be a string"),
        ("Ada\x00", "must not contain control characters"),
        ("Ada\nLovelace", "must not contain control characters"),
    ],
)
def test_what_is_no_name(name: object, message: str) -> None:
    assert errors(name=name) == {"name": message}


@pytest.mark.parametrize(
    "email",
    [
        "a@b.co",
        "first.last+tag@sub.example.co.uk",
        "o'brien!#$%&*+/=?^_`{|}~-@example.com",
        "x" * 64 + "@example.com",
        "a@" + "x" * 63 + ".com",
        "a@xn--bcher-kva.example",
    ],
)
def test_emails(email: str) -> None:
    assert errors(email=email) == {}


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@@example.com",
        "ada@exam ple.com",
        "a da@example.com",
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
        "ada@-example.com",
        "ada@example-.com",
        "ada@.example.com",
        "ada@example..com",
        "ada@example.com.",
        "ada@example.com\nbcc: x@example.com",
        "ada@exämple.com",
        "ada@[127.0.0.1]",
        '"ada"@example.com',
        "Ada <ada@example.com>",
        "x" * 65 + "@example.com",
        "a@" + "x" * 64 + ".com",
        "a@" + ("x" * 60 + ".") * 5 + "com",
    ],
)
def test_what_is_no_email(email: str) -> None:
    assert errors(email=email) == {"email": "must be a valid email address"}


@pytest.mark.parametrize(("email", "message"), [(None, "is required"), (5, "must be a string")])
def test_an_email_is_required_and_a_string(email: object, message: str) -> None:
    assert errors(email=email) == {"email": message}


@pytest.mark.parametrize(
    ("age", "stored"), [(1, 1), (150, 150), (Decimal("30.0"), 30), (Decimal("3e1"), 30), (None, None)]
)
def test_ages(age: object, stored: int | None) -> None:
    found = parse_profile({**ADA, "age": age}).age

    assert (found, type(found)) == (stored, type(stored))


@pytest.mark.parametrize("age", [0, 151, -1, True, False, Decimal("30.5"), Decimal("1e300"), 10**300, "30", [30], {}])
def test_what_is_no_age(age: object) -> None:
    assert errors(age=age) == {"age": "must be an integer from 1 to 150"}


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_profile({"name": "", "age": 0, "emial": "ada@example.com"})

    assert caught.value.message == "Validation failed"
    assert [(error.field, error.message) for error in caught.value.errors] == [
        ("name", "must have 1 to 100 characters"),
        ("email", "is required"),
        ("age", "must be an integer from 1 to 150"),
        ("emial", "is not a field of a user"),
    ]


def test_what_the_service_sets_may_be_sent_and_is_ignored() -> None:
    assert parse_profile({**ADA, "userId": 5, "createdAt": "", "updatedAt": None}) == Profile("Ada", "ada@example.com")


@given(
    st.fixed_dictionaries(
        {"name": st.text() | ANYTHING, "email": st.emails() | ANYTHING},
        optional={"age": st.integers(0, 151) | ANYTHING, "userId": ANYTHING, "other": ANYTHING},
    )
)
def test_any_document_is_a_valid_profile_or_refused(document: dict[str, Any]) -> None:
    with suppress(InvalidRequest):
        profile = parse_profile(document)

        assert 1 <= len(profile.name) <= 100
        assert profile.age is None or 1 <= profile.age <= 150
        assert parse_profile({"name": profile.name, "email": profile.email, "age": profile.age}) == profile
