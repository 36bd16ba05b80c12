"""Sources: "recorded" is what AWS answered in LocalStack's validated test_aws_proxy_response_payload_format_validation
and test_lambda_aws_proxy_response_format; "important notes" is the Developer Guide's page of that name."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from windtunnel.apigateway.definition import Stage
from windtunnel.apigateway.errors import API_CONFIGURATION_ERROR, BAD_GATEWAY, GatewayError
from windtunnel.apigateway.request import Match, Request
from windtunnel.apigateway.response import fits_header, proxy_response
from windtunnel.http.messages import Response

Answered = Callable[..., Response]


@pytest.fixture
def answered(
    make_stage: Callable[..., Stage], make_request: Callable[..., Request], make_match: Callable[..., Match]
) -> Answered:
    def answer(payload: Any, headers: dict[str, str] | None = None, **stage: Any) -> Response:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return proxy_response(raw, make_request(headers, stage=make_stage(**stage)), make_match())

    return answer


def lines(response: Response) -> list[tuple[str, str]]:
    """The headers that the function gave, without API Gateway's own."""
    own = {b"Content-Type", b"x-amzn-RequestId", b"x-amz-apigw-id", b"X-Amzn-Trace-Id"}
    return [(name.decode(), value.decode()) for name, value in response.headers if name not in own]


def refused(answered: Answered, payload: Any) -> bool:
    try:
        answered(payload)
    except GatewayError as error:
        return error.kind is BAD_GATEWAY and error.message == "Internal server error"
    return False


def test_an_answer_and_the_gateway_s_own_headers(answered: Answered) -> None:
    # recorded, "invoke-api-with-headers": the default content type, a header's true
    response = answered(
        {"statusCode": 201, "headers": {"test-header": "value", "header-bool": True}, "body": "created"}
    )

    assert response == Response(
        201,
        [
            (b"Content-Type", b"application/json"),
            (b"test-header", b"value"),
            (b"header-bool", b"true"),
            (b"x-amzn-RequestId", b"r1"),
            (b"x-amz-apigw-id", b"x1="),
            (b"X-Amzn-Trace-Id", b"Root=1-1-1"),
        ],
        b"created",
    )


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"statusCode": 200},
        {"statusCode": 200, "headers": None, "multiValueHeaders": None, "body": None, "isBase64Encoded": None},
        {"headers": {}},
        {"statusCode": None},
    ],
)
def test_no_key_is_required(answered: Answered, payload: dict[str, Any]) -> None:
    # recorded, "empty-response", "no-body", "only-headers", "invoke-api-with-headers-null"
    response = answered(payload)

    assert (response.status, response.body, lines(response)) == (200, b"", [])


@pytest.mark.parametrize(("given", "status"), [(201, 201), ("201", 201), (" 404 ", 404), (200.0, 200), (599, 599)])
def test_a_status_is_a_number_or_reads_as_one(answered: Answered, given: object, status: int) -> None:
    # recorded, "invoke-api-status-code-str"
    assert answered({"statusCode": given}).status == status


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not json",
        b"[" * 100_000,
        # recorded, "invoke-api-just-string", "invoke-api-wrong-format", "invoke-api-invalid-status-code"
        "justAString",
        {"statusCode": 200, "wrongValue": "value"},
        {"statusCode": "test"},
        # recorded, "invoke-api-multi-headers-invalid"
        {"statusCode": 200, "multiValueHeaders": {"test-multi-invalid": "value1"}},
        None,
        [],
        7,
        {"errorMessage": "boom", "errorType": "Exception"},
        {"statusCode": True},
        {"statusCode": ""},
        {"statusCode": 99},
        # would leave the exchange open
        {"statusCode": 101},
        {"statusCode": 600},
        {"statusCode": "1" * 5000},
        {"statusCode": {}},
        {"headers": []},
        {"headers": {"a": {}}},
        {"headers": {"a": ["1"]}},
        {"multiValueHeaders": []},
        {"multiValueHeaders": {"a": [[]]}},
        {"body": {"a": 1}},
        {"body": ["a"]},
        {"isBase64Encoded": "yes"},
        {"isBase64Encoded": []},
    ],
)
def test_what_is_no_proxy_response_is_502(answered: Answered, payload: Any) -> None:
    assert refused(answered, payload)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"multiValueHeaders": {"m": ["1", "2"]}}, [("m", "1"), ("m", "2")]),
        # recorded, "invoke-api-multi-headers-overwrite" and "-casing": multiValueHeaders decides about the spelling
        (
            {"multiValueHeaders": {"tesT-Multi": ["value-multi"]}, "headers": {"test-multi": "value-solo"}},
            [("tesT-Multi", "value-multi"), ("tesT-Multi", "value-solo")],
        ),
        # "Output format ...": the same key-value pair in both is there once
        (
            {"multiValueHeaders": {"m": ["1", "2"]}, "headers": {"m": "2", "n": "3"}},
            [("m", "1"), ("m", "2"), ("n", "3")],
        ),
        ({"multiValueHeaders": {"m": [None, 7, False]}}, [("m", "7"), ("m", "false")]),
        ({"headers": {"a": 5, "b": 1.5, "c": None, "d": ""}}, [("a", "5"), ("b", "1.5"), ("d", "")]),
        ({"headers": {"é": "x"}}, None),
    ],
)
def test_headers_of_both_kinds_are_merged(
    answered: Answered, payload: dict[str, Any], expected: list[tuple[str, str]] | None
) -> None:
    if expected is None:
        assert refused(answered, payload)
    else:
        assert lines(answered(payload)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, f"x-amzn-Remapped-{name}") for name in (
            "Authorization", "Connection", "content-md5", "Date", "Max-Forwards", "Server", "User-Agent",
            "www-authenticate",
        )),
        # seen with Lambda behind REST APIs, as is x-amzn-remapped-x-amzn-requestid
        ("Content-Length", "x-amzn-Remapped-Content-Length"),
        ("x-amzn-RequestId", "x-amzn-Remapped-x-amzn-RequestId"),
        *((name, None) for name in (
            "Expect", "Host", "Proxy-Authenticate", "TE", "Trailer", "transfer-encoding", "Upgrade", "Via",
            "X-Amzn-Trace-Id",
        )),
        *((name, name) for name in ("Accept", "Age", "Content-Encoding", "Pragma", "Range", "Referer", "Set-Cookie")),
    ],
)  # fmt: skip
def test_headers_that_are_remapped_or_dropped(answered: Answered, name: str, expected: str | None) -> None:
    # important notes: the table's column for a response of lambda
    response = answered({"headers": {name: "given"}})

    assert lines(response) == ([] if expected is None else [(expected, "given")])


def test_a_function_s_content_type_replaces_the_default(answered: Answered) -> None:
    response = answered({"headers": {"content-type": "text/html"}})

    assert [value for name, value in response.headers if name.lower() == b"content-type"] == [b"text/html"]


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: stolen=1", "a\nb", "a\rb", "a\x00b", "\x7f"])
def test_a_line_break_in_a_header_never_reaches_the_wire(answered: Answered, value: str) -> None:
    assert refused(answered, {"headers": {"X": value}})
    assert refused(answered, {"multiValueHeaders": {"X": ["fine", value]}})
    assert refused(answered, {"headers": {value: "x"}})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(), st.text()))
def test_no_header_is_more_than_a_line(answered: Answered, headers: dict[str, str]) -> None:
    try:
        response = answered({"headers": headers})
    except GatewayError:
        return
    for name, value in response.headers:
        assert not {*name, *value} & {*b"\r\n\x00"}
        assert name


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON_VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)
KEYS = st.sampled_from(["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded", "other"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(KEYS, JSON_VALUES) | JSON_VALUES | st.binary())
def test_whatever_a_function_answers_is_a_response_or_an_error(answered: Answered, payload: Any) -> None:
    try:
        response = answered(payload, {"Accept-Encoding": "gzip"}, binary_media_types=("*/*",))
    except GatewayError:
        return
    assert 200 <= response.status < 600


@pytest.mark.parametrize(
    ("types", "accept", "is_decoded"),
    [
        ((), "image/png", False),  # recorded, "invoke-api-b64-encoded-true"
        (("image/png",), "image/png", True),
        (("image/png",), "image/webp,image/png", False),
        (("image/png",), "*/*", False),
        (("image/*",), "image/png", True),
        (("*/*",), "text/html", True),
        (("*/*",), None, True),
    ],
)
def test_a_binary_body_is_decoded_where_the_client_takes_it(
    answered: Answered, types: tuple[str, ...], accept: str | None, is_decoded: bool
) -> None:
    # "Content type conversions in API Gateway": by the first media type of the Accept header
    text = base64.b64encode(b"\x89PNG").decode()

    response = answered(
        {"body": text, "isBase64Encoded": True}, {"Accept": accept} if accept else None, binary_media_types=types
    )

    assert response.body == (b"\x89PNG" if is_decoded else text.encode())


def test_a_body_that_is_not_said_to_be_base64_stays(answered: Answered) -> None:
    # recorded, "invoke-api-b64-encoded-false"
    for flag in (False, None, "false", 0):
        response = answered({"body": "dGVzdA==", "isBase64Encoded": flag}, binary_media_types=("*/*",))
        assert response.body == b"dGVzdA=="
    assert answered({"body": "dGVzdA==", "isBase64Encoded": "true"}, binary_media_types=("*/*",)).body == b"test"


def test_a_body_that_is_no_base64_is_a_configuration_error(answered: Answered) -> None:
    # "Gateway response types": API_CONFIGURATION_ERROR, "base64 decoding fails on binary data"
    with pytest.raises(GatewayError) as caught:
        answered({"body": "abc", "isBase64Encoded": True}, binary_media_types=("*/*",))

    assert (caught.value.kind, caught.value.message) == (API_CONFIGURATION_ERROR, "Internal server error")


def test_scalar_bodies_are_text(answered: Answered) -> None:
    assert answered({"body": 12}).body == b"12"
    assert answered({"body": True}).body == b"true"
    assert answered({"body": "é\ud800"}).body == "é?".encode()


@pytest.mark.parametrize(
    ("minimum", "accept_encoding", "is_compressed"),
    [(None, "gzip", False), (0, "gzip", True), (100, "gzip", True), (101, "gzip", False), (0, None, False)],
)
def test_large_bodies_are_compressed_where_the_api_says_so(
    answered: Answered, minimum: int | None, accept_encoding: str | None, is_compressed: bool
) -> None:
    # "Payload compression for REST APIs"
    headers = {"Accept-Encoding": accept_encoding} if accept_encoding else None

    response = answered({"body": "a" * 100}, headers, minimum_compression_size=minimum)

    assert isinstance(response.body, bytes)
    assert ((b"Content-Encoding", b"gzip") in response.headers) is is_compressed
    assert (gzip.decompress(response.body) if is_compressed else response.body) == b"a" * 100


def test_an_empty_body_is_not_compressed(answered: Answered) -> None:
    assert answered({}, {"Accept-Encoding": "gzip"}, minimum_compression_size=0).body == b""


def test_what_fits_a_header() -> None:
    assert fits_header("X-A", "b c\té")
    assert not fits_header("X A", "b")
    assert not fits_header("X-A", "b\n")
