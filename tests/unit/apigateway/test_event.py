"""The event of a Lambda proxy integration.

Source: API Gateway Developer Guide, "Lambda proxy integrations in API Gateway", "Input format of a Lambda function for
proxy integration": its keys, its null where there is nothing, the last value of what is repeated.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from windtunnel.apigateway.definition import Stage
from windtunnel.apigateway.event import NOT_PASSED, EventBuilder, request_time
from windtunnel.apigateway.request import Authorization, Caller, Match, Request

KEYS = {
    "resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters",
    "multiValueQueryStringParameters", "pathParameters", "stageVariables", "requestContext", "body", "isBase64Encoded",
}  # fmt: skip
CONTEXT_KEYS = {
    "resourceId", "resourcePath", "httpMethod", "extendedRequestId", "requestTime", "path", "accountId", "protocol",
    "stage", "domainPrefix", "requestTimeEpoch", "requestId", "identity", "domainName", "deploymentId", "apiId",
}  # fmt: skip
IDENTITY_KEYS = {
    "cognitoIdentityPoolId", "accountId", "cognitoIdentityId", "caller", "sourceIp", "principalOrgId", "accessKey",
    "cognitoAuthenticationType", "cognitoAuthenticationProvider", "userArn", "userAgent", "user",
}  # fmt: skip
Build = Callable[..., dict[str, Any]]


@pytest.fixture
def build(make_request: Callable[..., Request], make_match: Callable[..., Match]) -> Build:
    """The event of a request, read as a function reads it."""

    def build(
        headers: dict[str, str] | None = None,
        *,
        stage: Stage | None = None,
        authorization: Authorization | None = None,
        caller: Caller | None = None,
        parameters: dict[str, str] | None = None,
        **given: Any,
    ) -> dict[str, Any]:
        request = make_request(headers, **given)
        if stage is not None:
            request = replace(request, stage=stage)
        match = make_match(parameters)
        builder = EventBuilder(request.stage, match.method)
        payload = builder.build(request, match, authorization or Authorization(), caller or Caller())
        event: dict[str, Any] = json.loads(payload)
        return event

    return build


def test_every_key_is_there_and_null_where_there_is_nothing(build: Build, make_stage: Callable[..., Stage]) -> None:
    event = build(stage=make_stage(variables={}), parameters={})

    assert event.keys() == KEYS
    assert event["requestContext"].keys() == CONTEXT_KEYS
    assert event["requestContext"]["identity"].keys() == IDENTITY_KEYS
    nothing = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body")
    assert [event[key] for key in nothing] == [None] * 5
    assert event["isBase64Encoded"] is False


def test_the_context_tells_of_request_and_stage(build: Build, make_stage: Callable[..., Stage]) -> None:
    context = build({"User-Agent": "curl/8"}, stage=make_stage(variables={"a": "b"}))["requestContext"]

    assert (context["requestId"], context["extendedRequestId"]) == ("r1", "x1=")
    assert context["requestTime"] == "15/Jan/2027:08:00:00 +0000"
    assert context["requestTimeEpoch"] == 1_800_000_000_000
    assert (context["path"], context["protocol"]) == ("/test/users/1", "HTTP/1.1")
    assert context["domainPrefix"] == context["domainName"].split(".")[0]
    assert (context["identity"]["sourceIp"], context["identity"]["userAgent"]) == ("192.0.2.7", "curl/8")


def test_a_binary_body_is_in_base64(build: Build, make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(binary_media_types=("image/png",))

    event = build({"Content-Type": "image/png; q=1"}, stage=stage, body=bytes(range(256)))

    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == bytes(range(256))


def test_a_body_that_is_not_binary_is_text(build: Build, make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(binary_media_types=("image/png",))

    assert build({"Content-Type": "text/plain"}, stage=stage, body="grüße".encode())["body"] == "grüße"
    assert build(stage=stage, body=b"\xff")["body"] == "\ufffd"


def test_an_api_key_is_told(build: Build) -> None:
    identity = build(caller=Caller("value", "id"))["requestContext"]["identity"]

    assert (identity["apiKey"], identity["apiKeyId"]) == ("value", "id")


def test_a_lambda_authorizers_context_is_flat(build: Build) -> None:
    authorization = Authorization("user", {"a": "1"}, None, 12)

    authorizer = build(authorization=authorization)["requestContext"]["authorizer"]

    assert authorizer == {"a": "1", "principalId": "user", "integrationLatency": 12}


def test_a_user_pools_claims_are_under_claims(build: Build) -> None:
    authorization = Authorization(context={"claims": {"sub": "5"}})

    assert build(authorization=authorization)["requestContext"]["authorizer"] == {"claims": {"sub": "5"}}


def test_forwarding_headers_are_written_by_api_gateway(build: Build) -> None:
    event = build({"X-Forwarded-For": "203.0.113.9", "Connection": "close", "Content-Length": "0"})

    assert event["headers"]["X-Forwarded-For"] == "203.0.113.9, 192.0.2.7"
    assert event["headers"]["X-Forwarded-Port"] == "443"
    assert event["headers"]["X-Amzn-Trace-Id"] == "Root=1-1-1"
    assert not {"Connection", "Content-Length"} & event["headers"].keys()


def test_a_custom_domains_base_path_stays_in_the_path(build: Build) -> None:
    event = build(path="/users/1", full_path="/v1/users/1")

    assert (event["path"], event["requestContext"]["path"]) == ("/v1/users/1", "/v1/users/1")


def test_an_operations_name_is_told(make_request: Callable[..., Request], make_match: Callable[..., Match]) -> None:
    match = make_match(operation_name="getUser")
    request = make_request()

    event = json.loads(EventBuilder(request.stage, match.method).build(request, match, Authorization(), Caller()))

    assert event["requestContext"]["operationName"] == "getUser"


NAME = st.text("abcDEF-", min_size=1, max_size=6)
VALUE = st.text(max_size=8).map(lambda text: text.encode("latin-1", "ignore").decode("latin-1"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    headers=st.lists(st.tuples(NAME, VALUE), max_size=6),
    query=st.text("ab=&+%20;", max_size=20),
    body=st.binary(max_size=30),
)
def test_any_request_makes_an_event_that_says_what_it_said(
    make_request: Callable[..., Request],
    make_match: Callable[..., Match],
    headers: list[tuple[str, str]],
    query: str,
    body: bytes,
) -> None:
    lowered = {name.lower(): value for name, value in headers}
    request = make_request(headers=None, query=query, body=body)
    request = replace(request, headers=tuple(headers), lowered=lowered)
    match = make_match()

    event = json.loads(EventBuilder(request.stage, match.method).build(request, match, Authorization(), Caller()))

    # an independent, slow reading: header names without regard to case, the first spelling counts
    first: dict[str, str] = {}
    all_values: dict[str, list[str]] = {}
    for name, value in headers:
        if name.lower() not in NOT_PASSED:
            kept = first.setdefault(name.lower(), name)
            all_values.setdefault(kept, []).append(value)
    for name, values in all_values.items():
        assert event["multiValueHeaders"][name] == values
        assert event["headers"][name] == values[-1]
    pairs = parse_qsl(query, keep_blank_values=True, separator="&")
    many: dict[str, list[str]] = {}
    for name, value in pairs:
        many.setdefault(name, []).append(value)
    assert event["multiValueQueryStringParameters"] == (many or None)
    assert event["queryStringParameters"] == ({name: values[-1] for name, values in many.items()} or None)
    assert event["body"] == (body.decode("utf-8", "replace") or None)


def test_the_time_is_that_of_an_access_log() -> None:
    assert request_time(0) == "01/Jan/1970:00:00:00 +0000"
