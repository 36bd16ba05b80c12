"""What a function's answer becomes.

Sources: API Gateway Developer Guide, "Output format of a Lambda function for proxy integration", "API Gateway important
notes" (remapped headers), "Return binary media from a Lambda proxy integration", "Payload compression for REST APIs";
recorded: LocalStack's test_lambda_aws_proxy_response_format (which keys may be missing, which may not be there).
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.apigateway.definition import Stage
from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.request import Match, Request
from windtunnel.apigateway.response import proxy_response
from windtunnel.http.messages import Response

Answer = Callable[..., Response]


@pytest.fixture
def answer(
    make_request: Callable[..., Request], make_match: Callable[..., Match], make_stage: Callable[..., Stage]
) -> Answer:
    """The response to a payload, for a request with these headers to a stage with these values."""

    def answer(payload: object, headers: dict[str, str] | None = None, **stage: Any) -> Response:
        request = replace(make_request(headers), stage=make_stage(**stage))
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return proxy_response(raw, request, make_match())

    return answer


def values(response: Response, name: str) -> list[str]:
    return [value.decode() for key, value in response.headers if key.decode().lower() == name.lower()]


@pytest.mark.parametrize(
    ("payload", "status", "body"),
    [
        ({"statusCode": 201, "body": "made"}, 201, b"made"),
        ({"statusCode": "404", "body": "no"}, 404, b"no"),
        ({"body": "ok"}, 200, b"ok"),
        ({}, 200, b""),
        ({"statusCode": 204, "body": None, "headers": None, "multiValueHeaders": None}, 204, b""),
        ({"statusCode": 200, "body": 5}, 200, b"5"),
        ({"statusCode": 200, "body": "grüße"}, 200, "grüße".encode()),
    ],
)
def test_what_fits_is_passed_on(answer: Answer, payload: object, status: int, body: bytes) -> None:
    response = answer(payload)

    assert (response.status, response.body) == (status, body)
    assert values(response, "content-type") == ["application/json"]
    assert values(response, "x-amzn-RequestId") == ["r1"]
    assert values(response, "x-amz-apigw-id") == ["x1="]
    assert values(response, "X-Amzn-Trace-Id") == ["Root=1-1-1"]


@pytest.mark.parametrize(
    "payload",
    [
        b"not json",
        None,
        "text",
        [1],
        {"statusCode": 200, "body": "ok", "extra": 1},
        {"errorMessage": "boom", "errorType": "ValueError"},
        {"statusCode": "two"},
        {"statusCode": True},
        {"statusCode": {}},
        {"statusCode": 99},
        {"statusCode": 600},
        {"body": {"a": 1}},
        {"body": [1]},
        {"headers": "x"},
        {"headers": []},
        {"headers": {"a": {"b": 1}}},
        {"headers": {"a": ["b"]}},
        {"headers": {"bad name": "x"}},
        {"multiValueHeaders": {"a": "b"}},
        {"multiValueHeaders": {"a": [["b"]]}},
        {"multiValueHeaders": []},
    ],
)
def test_what_does_not_fit_is_a_bad_gateway(answer: Answer, payload: object) -> None:
    with pytest.raises(GatewayError) as caught:
        answer(payload)

    assert (caught.value.kind.status, caught.value.kind.type) == (502, "DEFAULT_5XX")
    assert caught.value.message == "Internal server error"


def test_headers_of_both_kinds_are_merged_and_the_same_value_comes_once(answer: Answer) -> None:
    payload = {
        "headers": {"X-One": "1", "X-Many": "b", "content-type": "text/html"},
        "multiValueHeaders": {"x-many": ["a", "b"], "Set-Cookie": ["c=1", "d=2"]},
    }

    response = answer(payload)

    assert values(response, "x-one") == ["1"]
    assert values(response, "x-many") == ["a", "b"]
    assert values(response, "set-cookie") == ["c=1", "d=2"]
    assert values(response, "content-type") == ["text/html"]


def test_values_that_are_no_text_become_text(answer: Answer) -> None:
    response = answer({"headers": {"a": True, "b": False, "c": 5, "d": 1.5, "e": None}})

    assert [values(response, name) for name in "abcde"] == [["true"], ["false"], ["5"], ["1.5"], []]


@pytest.mark.parametrize("name", ["Date", "Server", "Connection", "Content-Length", "WWW-Authenticate", "Host"])
def test_headers_that_are_api_gateways_are_remapped(answer: Answer, name: str) -> None:
    response = answer({"headers": {name: "x"}})

    assert values(response, name) == []
    assert values(response, f"x-amzn-Remapped-{name}") == ["x"]


@pytest.mark.parametrize("name", ["Transfer-Encoding", "Upgrade", ""])
def test_headers_of_the_connection_are_dropped(answer: Answer, name: str) -> None:
    assert "x" not in [value.decode() for _, value in answer({"headers": {name: "x"}}).headers]


@given(st.text(max_size=20))
def test_no_value_begins_another_header(text: str) -> None:
    from windtunnel.apigateway.response import _header

    made = _header("x", text)

    assert made is not None
    assert not set(made[1]) & set(b"\r\n\0")


BINARY = {"isBase64Encoded": True, "body": base64.b64encode(b"\0\xff").decode()}


@pytest.mark.parametrize(
    ("types", "accept", "is_binary"),
    [
        (("image/png",), "image/png", True),
        (("image/*",), "image/png, text/html", True),
        (("*/*",), "anything/else", True),
        (("*/*",), None, True),
        # only the first media type of Accept counts
        (("image/png",), "text/html, image/png", False),
        (("image/png",), None, False),
        ((), "image/png", False),
    ],
)
def test_binary_is_decoded_where_the_client_accepts_it(
    answer: Answer, types: tuple[str, ...], accept: str | None, is_binary: bool
) -> None:
    headers = {"Accept": accept} if accept else {}

    response = answer(BINARY, headers, binary_media_types=types)

    assert response.body == (b"\0\xff" if is_binary else BINARY["body"].encode())  # type: ignore[attr-defined]


def test_what_is_no_base64_is_a_bad_gateway(answer: Answer) -> None:
    with pytest.raises(GatewayError):
        answer({"isBase64Encoded": True, "body": "?"}, binary_media_types=("*/*",))


@pytest.mark.parametrize(
    ("accepted", "expand"), [("gzip, br", gzip.decompress), ("deflate", zlib.decompress), ("br", bytes), ("", bytes)]
)
def test_a_body_is_compressed_as_the_client_accepts_it(
    answer: Answer, accepted: str, expand: Callable[[bytes], bytes]
) -> None:
    response = answer({"body": "a" * 100}, {"Accept-Encoding": accepted}, minimum_compression_size=100)

    assert isinstance(response.body, bytes)
    assert expand(response.body) == b"a" * 100


@pytest.mark.parametrize(
    ("payload", "size"), [({"body": "a" * 99}, 100), ({"body": "a" * 100, "headers": {"content-encoding": "br"}}, 0)]
)
def test_a_small_body_and_one_that_is_encoded_stay_as_they_are(answer: Answer, payload: Any, size: int) -> None:
    response = answer(payload, {"Accept-Encoding": "gzip"}, minimum_compression_size=size)

    assert response.body == payload["body"].encode()
