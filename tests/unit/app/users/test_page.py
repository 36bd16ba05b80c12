from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxy_integration.errors import InvalidRequest
from users.page import DEFAULT_LIMIT, Page, PageRequest, decode_token, encode_token, parse_page_request
from users.user import Profile, User

USER = User("6a0c1a5e-5a0b-4c5e-8f6e-0d6a2a4b8c10", Profile("Ada", "ada@example.com"), "2026", "2026")


def token_of(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_without_a_query_it_is_the_first_page() -> None:
    assert parse_page_request({}) == PageRequest(DEFAULT_LIMIT, None)


@pytest.mark.parametrize("limit", ["1", "100", "007"])
def test_limits(limit: str) -> None:
    assert parse_page_request({"limit": limit}).limit == int(limit)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "+1", "1.0", "", " 1", "ten", "1e1", "٣", "1_0", "9" * 5000])
def test_what_is_no_limit(limit: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_page_request({"limit": limit})

    assert [(error.field, error.message) for error in caught.value.errors] == [
        ("limit", "must be an integer from 1 to 100")
    ]


@given(st.uuids())
def test_a_token_leads_on_and_needs_no_escaping(user_id: object) -> None:
    token = encode_token(str(user_id))

    assert parse_page_request({"nextToken": token}).start_after == str(user_id)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "!!!!",
        "ünicode",
        encode_token(USER.user_id)[:-1],
        encode_token(USER.user_id) + "A",
        encode_token(USER.user_id) + "=",
        encode_token(USER.user_id.upper()),
        token_of("text"),
        token_of([USER.user_id]),
        token_of({}),
        token_of({"userId": 5}),
        token_of({"userId": "5"}),
        token_of({"userId": USER.user_id, "more": 1}),
        token_of({"id": USER.user_id}),
        base64.urlsafe_b64encode(b"\xff" * 9).decode(),
        base64.urlsafe_b64encode(b"[" * 99_999).decode(),
    ],
)
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_page_request({"nextToken": token})

    assert [error.field for error in caught.value.errors] == ["nextToken"]


@given(st.text(max_size=80))
def test_any_text_is_a_token_or_is_none(text: str) -> None:
    assert decode_token(text) is None


def test_limit_and_token_are_refused_together() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_page_request({"limit": "0", "nextToken": "x"})

    assert [error.field for error in caught.value.errors] == ["limit", "nextToken"]


def test_only_a_page_with_more_after_it_has_a_token() -> None:
    assert Page((USER,), last=None).document() == {"users": [USER.document()]}
    assert Page((USER,), last=USER.user_id).document() == {
        "users": [USER.document()],
        "nextToken": encode_token(USER.user_id),
    }
