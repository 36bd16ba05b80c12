"""Sources: "recorded" is the event that AWS sent in LocalStack's validated test_lambda_aws_proxy_integration."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from windtunnel.apigateway.definition import Method, Stage
from windtunnel.apigateway.event import EventBuilder, request_time
from windtunnel.apigateway.request import Authorization, Caller, Match, Request

Build = Callable[..., dict[str, Any]]
Headers = tuple[tuple[str, str], ...]


def sent(request: Request, headers: Headers) -> Request:
    return replace(request, headers=headers, lowered={name.lower(): value for name, value in headers})


@pytest.fixture
def build(
    make_stage: Callable[..., Stage],
    make_method: Callable[..., Method],
    make_request: Callable[..., Request],
    make_match: Callable[..., Match],
) -> Build:
    def make(
        headers: Headers = (),
        *,
        stage: dict[str, Any] | None = None,
        method: dict[str, Any] | None = None,
        parameters: dict[str, str] | None = None,
        authorization: Authorization | None = None,
        caller: Caller | None = None,
        **given: Any,
    ) -> dict[str, Any]:
        builder = EventBuilder(make_stage(**{"variables": {}, **(stage or {})}), make_method(**(method or {})))
        payload = builder.build(
            sent(make_request(**given), headers), make_match(parameters), authorization or Authorization(),
            caller or Caller(),
        )  # fmt: skip
        event: dict[str, Any] = json.loads(payload)
        return event

    return make


def test_a_recorded_event(build: Build) -> None:
    # recorded, "invocation-payload-without-trailing-slash", but for what CloudFront adds at an edge endpoint
    event = build(
        (
            ("Host", "s4x3opwd6i.execute-api.us-east-1.amazonaws.com"),
            ("User-Agent", "python-requests/testing"),
            ("Accept-Encoding", "gzip, deflate"),
            ("Accept", "*/*"),
            ("Connection", "keep-alive"),
            ("tEsT-HEADeR", "aValUE"),
            ("authorization", "random-value"),
        ),
        method={"resource_path": "/{proxy+}"},
        parameters={"proxy": "test-path"},
        path="/test-path",
        full_path="/test/test-path",
        scheme="https",
        port=443,
        time=1_720_614_516.123,
    )

    headers = {
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate",
        "Authorization": "random-value",
        "Host": "s4x3opwd6i.execute-api.us-east-1.amazonaws.com",
        "User-Agent": "python-requests/testing",
        "X-Amzn-Trace-Id": "Root=1-1-1",
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        "tEsT-HEADeR": "aValUE",
    }
    assert event == {
        "body": None,
        "headers": headers,
        "httpMethod": "GET",
        "isBase64Encoded": False,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": None,
        "path": "/test-path",
        "pathParameters": {"proxy": "test-path"},
        "queryStringParameters": None,
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "s4x3opwd6i",
            "deploymentId": "d1",
            "domainName": "s4x3opwd6i.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "s4x3opwd6i",
            "extendedRequestId": "x1=",
            "httpMethod": "GET",
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "cognitoAuthenticationProvider": None,
                "cognitoAuthenticationType": None,
                "cognitoIdentityId": None,
                "cognitoIdentityPoolId": None,
                "principalOrgId": None,
                "sourceIp": "192.0.2.7",
                "user": None,
                "userAgent": "python-requests/testing",
                "userArn": None,
            },
            "path": "/test/test-path",
            "protocol": "HTTP/1.1",
            "requestId": "r1",
            "requestTime": "10/Jul/2024:12:28:36 +0000",
            "requestTimeEpoch": 1720614516123,
            "resourceId": "abc123",
            "resourcePath": "/{proxy+}",
            "stage": "test",
        },
        "resource": "/{proxy+}",
        "stageVariables": None,
    }


@pytest.mark.parametrize(
    ("given", "path", "full_path"),
    [
        ({"path": "/proxy-value/", "full_path": "/stage/proxy-value/"}, "/proxy-value/", "/stage/proxy-value/"),
        ({"path": "//proxy-value", "full_path": "/stage//proxy-value"}, "/proxy-value", "/stage//proxy-value"),
        ({"path": "/a//b", "full_path": "/stage/a//b"}, "/a//b", "/stage/a//b"),
        ({"path": "/a%2Bb+c", "full_path": "/stage/a%2Bb+c"}, "/a%2Bb+c", "/stage/a%2Bb+c"),
        ({"path": "", "full_path": "/stage"}, "/", "/stage"),
        # a custom domain's base path is part of the event's path
        ({"path": "/a", "full_path": "/v1/a", "base_path": "v1"}, "/v1/a", "/v1/a"),
    ],
)
def test_paths_are_as_sent(build: Build, given: dict[str, Any], path: str, full_path: str) -> None:
    # recorded, "...-with-trailing-slash", "...-prepended-slash", "...-double-slash", "...-path-encoded-email"
    event = build(**given)

    assert event["path"] == path
    assert event["requestContext"]["path"] == full_path


def test_of_a_repeated_parameter_the_last_value_counts(build: Build) -> None:
    # recorded, "invocation-payload-with-params-encoding-multi"
    event = build(query="category=electronics&category=books&price=10&price=20&price=30&empty=")

    assert event["queryStringParameters"] == {"category": "books", "price": "30", "empty": ""}
    assert event["multiValueQueryStringParameters"] == {
        "category": ["electronics", "books"],
        "price": ["10", "20", "30"],
        "empty": [""],
    }


def test_a_query_of_nothing_is_null(build: Build) -> None:
    event = build(query="&")

    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None


def test_of_a_repeated_header_the_last_value_counts(build: Build) -> None:
    # Developer Guide, "Input format of a Lambda function for proxy integration"
    event = build((("X-Multi", "1"), ("Other", "o"), ("X-Multi", "2")))

    assert event["headers"]["X-Multi"] == "2"
    assert event["multiValueHeaders"]["X-Multi"] == ["1", "2"]


def test_headers_that_are_not_handed_on(build: Build) -> None:
    # "Amazon API Gateway important notes": the table's column for lambda; recorded: no Content-Length
    dropped = (
        "Connection", "content-length", "Content-MD5", "Expect", "Max-Forwards", "Proxy-Authenticate", "Server", "TE",
        "Trailer", "Transfer-Encoding", "Upgrade", "WWW-Authenticate",
    )  # fmt: skip
    kept = ("Age", "Content-Encoding", "Content-Type", "Date", "Pragma", "Range", "Referer", "Via", "Warn")

    event = build(tuple((name, "x") for name in (*dropped, *kept)))

    added = {"X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"}
    assert set(event["headers"]) == {*kept, *added}


def test_a_signature_is_not_handed_on(build: Build) -> None:
    # "Amazon API Gateway important notes": Authorization is dropped with a signature of version 4 or with AWS_IAM
    assert "Authorization" not in build((("Authorization", "AWS4-HMAC-SHA256 Credential=x"),))["headers"]
    assert "Authorization" not in build((("authorization", "x"),), method={"authorization": "AWS_IAM"})["headers"]


def test_what_forwarded_headers_say_is_the_gateway_s_own(build: Build) -> None:
    event = build(
        (
            ("x-forwarded-for", "203.0.113.9"),
            ("X-Forwarded-For", "198.51.100.1"),
            ("X-Forwarded-Proto", "gopher"),
            ("x-forwarded-port", "1"),
            ("x-amzn-trace-id", "Root=client"),
        ),
        scheme="http",
        port=4567,
        trace_id="Root=1-2-3",
    )

    assert event["headers"] == {
        "X-Amzn-Trace-Id": "Root=1-2-3",
        "X-Forwarded-For": "203.0.113.9, 198.51.100.1, 192.0.2.7",
        "X-Forwarded-Port": "4567",
        "X-Forwarded-Proto": "http",
    }


def test_a_key_is_part_of_the_identity(build: Build) -> None:
    # "Context variables": identity.apiKey, identity.apiKeyId; recorded events without a key have neither
    identity = build(caller=Caller("secret", "key1"))["requestContext"]["identity"]
    assert (identity["apiKey"], identity["apiKeyId"]) == ("secret", "key1")

    identity = build(caller=Caller("secret"))["requestContext"]["identity"]
    assert (identity["apiKey"], identity["apiKeyId"]) == ("secret", None)


def test_no_user_agent_is_null(build: Build) -> None:
    assert build()["requestContext"]["identity"]["userAgent"] is None


def test_stage_variables_and_operation_name(build: Build) -> None:
    event = build(stage={"variables": {"table": 'a"b'}}, method={"operation_name": "GetUser"}, parameters={})

    assert event["stageVariables"] == {"table": 'a"b'}
    assert event["requestContext"]["operationName"] == "GetUser"
    assert event["pathParameters"] is None


def test_a_lambda_authorizer_s_context_is_text(build: Build) -> None:
    # "Output from an API Gateway Lambda authorizer": "numberKey": "123", "booleanKey": "true"
    context = {"stringKey": "value", "numberKey": 123, "booleanKey": True, "no": False, "nothing": None}
    authorization = Authorization("user|a1b2", context, None, 17)

    event = build(authorization=authorization)

    assert event["requestContext"]["authorizer"] == {
        "stringKey": "value",
        "numberKey": "123",
        "booleanKey": "true",
        "no": "false",
        "nothing": None,
        "principalId": "user|a1b2",
        "integrationLatency": 17,
    }


def test_a_lambda_authorizer_without_context(build: Build) -> None:
    assert build(authorization=Authorization("user"))["requestContext"]["authorizer"] == {"principalId": "user"}


def test_the_claims_of_a_user_pool(build: Build) -> None:
    # Developer Guide, "Integrate a REST API with a user pool": $context.authorizer.claims
    event = build(authorization=Authorization(context={"claims": {"sub": "abc", "exp": "1"}}))

    assert event["requestContext"]["authorizer"] == {"claims": {"sub": "abc", "exp": "1"}}


@pytest.mark.parametrize(
    ("types", "content_type", "encoded"),
    [
        ((), "image/png", False),
        (("image/png",), "image/png", True),
        (("image/png",), "application/json", False),
        (("*/*",), "application/json", True),
    ],
)
def test_a_binary_body_is_base64(build: Build, types: tuple[str, ...], content_type: str, encoded: bool) -> None:
    # "Content type conversions in API Gateway"
    event = build((("Content-Type", content_type),), stage={"binary_media_types": types}, body=b"plain")

    assert event["isBase64Encoded"] is encoded
    assert event["body"] == (base64.b64encode(b"plain").decode() if encoded else "plain")


def test_a_body_is_text_in_utf_8(build: Build) -> None:
    assert build(body='{"name": "Zoë"}'.encode())["body"] == '{"name": "Zoë"}'
    assert build(body=b"\xff\x00")["body"] == "\ufffd\x00"
    assert build(stage={"binary_media_types": ("*/*",)})["body"] is None


def test_a_time_in_the_common_log_format() -> None:
    assert request_time(0) == "01/Jan/1970:00:00:00 +0000"


NOT_HANDED_ON = {
    "connection", "content-length", "content-md5", "expect", "max-forwards", "proxy-authenticate", "server", "te",
    "trailer", "transfer-encoding", "upgrade", "www-authenticate",
    "x-amzn-trace-id", "x-forwarded-port", "x-forwarded-proto",
}  # fmt: skip
TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"))
NAMES = st.sampled_from(["Host", "host", "X-A", "x-a", "accept", "Connection", "AUTHORIZATION", "X-Forwarded-For"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headers=st.lists(st.tuples(NAMES | TEXT.filter(bool), TEXT), max_size=8),
    pairs=st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), max_size=5),
    body=st.binary() | st.text().map(str.encode),
    binary=st.booleans(),
    parameters=st.dictionaries(st.text(max_size=3), TEXT, max_size=2),
    time=st.floats(0, 4e9),
)
def test_events_are_those_of_a_slow_builder(
    build: Build,
    headers: list[tuple[str, str]],
    pairs: list[tuple[str, str]],
    body: bytes,
    binary: bool,
    parameters: dict[str, str],
    time: float,
) -> None:
    query = "&".join(f"{quote(name, '')}={quote(value, '')}" for name, value in pairs)

    event = build(
        tuple(headers),
        stage={"binary_media_types": ("*/*",) if binary else ()},
        parameters=parameters,
        query=query,
        body=body,
        time=time,
    )

    single, multi = slow_headers(headers)
    assert event["headers"] == single
    assert event["multiValueHeaders"] == multi
    assert event["queryStringParameters"] == (dict(pairs) or None)
    assert event["multiValueQueryStringParameters"] == (
        {name: [value for key, value in pairs if key == name] for name, _ in pairs} or None
    )
    assert event["pathParameters"] == (parameters or None)
    if not body:
        assert (event["body"], event["isBase64Encoded"]) == (None, False)
    elif binary:
        assert base64.b64decode(event["body"]) == body
    else:
        assert event["body"] == body.decode("utf-8", "replace")
    moment = datetime.fromtimestamp(int(time), UTC)
    assert event["requestContext"]["requestTime"] == moment.strftime("%d/%b/%Y:%H:%M:%S +0000")


def slow_headers(headers: list[tuple[str, str]]) -> tuple[dict[str, str], dict[str, list[str]]]:
    known = {"host": "Host", "authorization": "Authorization", "user-agent": "User-Agent"}
    multi: dict[str, list[str]] = {}
    forwarded = []
    for name, value in headers:
        if name.lower() == "x-forwarded-for":
            forwarded += [value] if value else []
        elif name.lower() not in NOT_HANDED_ON and not (name.lower() == "authorization" and value.startswith("AWS4-")):
            multi.setdefault(known.get(name.lower(), name), []).append(value)
    multi["X-Forwarded-For"] = [", ".join([*forwarded, "192.0.2.7"])]
    multi |= {"X-Amzn-Trace-Id": ["Root=1-1-1"], "X-Forwarded-Port": ["80"], "X-Forwarded-Proto": ["http"]}
    return {name: values[-1] for name, values in multi.items()}, multi
