from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from proxy_integration.errors import InvalidRequest
from proxy_integration.request import Request


def test_null_parameters_are_empty(proxy_event: Callable[..., dict[str, Any]]) -> None:
    request = Request.from_event(proxy_event())

    assert request == Request(path={}, query={}, body="")


def test_parameters_are_taken(proxy_event: Callable[..., dict[str, Any]]) -> None:
    request = Request.from_event(proxy_event(resource="/users/{userId}", path={"userId": "1"}, query={"limit": "2"}))

    assert (request.path, request.query) == ({"userId": "1"}, {"limit": "2"})


def test_a_base64_body_is_decoded(proxy_event: Callable[..., dict[str, Any]]) -> None:
    body = base64.b64encode('{"name": "Zoë"}'.encode()).decode()

    assert Request.from_event(proxy_event("POST", body=body, base64=True)).json_object() == {"name": "Zoë"}


@pytest.mark.parametrize("body", ["not base64!", base64.b64encode(b"\xff\xfe").decode()])
def test_a_base64_body_that_is_no_text_is_invalid(proxy_event: Callable[..., dict[str, Any]], body: str) -> None:
    with pytest.raises(InvalidRequest, match="not UTF-8 text"):
        Request.from_event(proxy_event("POST", body=body, base64=True))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "is empty"),
        ("", "is empty"),
        (" \n", "is empty"),
        ("{", "is not valid JSON: .*line 1 column 2"),
        ("[]", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ('"text"', "must be a JSON object"),
        ("1", "must be a JSON object"),
    ],
)
def test_a_body_that_is_no_json_object_is_invalid(
    proxy_event: Callable[..., dict[str, Any]], body: str | None, message: str
) -> None:
    request = Request.from_event(proxy_event("POST", body=body))

    with pytest.raises(InvalidRequest, match=message):
        request.json_object()
