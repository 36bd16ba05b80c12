"""Sources: Developer Guide, "Variables for access logging for API Gateway" and "Context variables for data
transformations"."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from windtunnel.apigateway.context import ContextVariables, Outcome, context_variables
from windtunnel.apigateway.definition import Stage
from windtunnel.apigateway.errors import BAD_REQUEST_BODY, MISSING_AUTHENTICATION_TOKEN, GatewayError
from windtunnel.apigateway.request import Authorization, Caller, Match, Request

OUTCOME = Outcome(
    status=201,
    response_length=17,
    response_latency_ms=9,
    integration_status=200,
    integration_latency_ms=7,
    integration_request_id="lambda-1",
    integration_response_status=201,
    integration_error="none",
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accountId", "111122223333"),
        ("apiId", "s4x3opwd6i"),
        ("awsEndpointRequestId", "lambda-1"),
        ("deploymentId", "d1"),
        ("domainName", "s4x3opwd6i.execute-api.us-east-1.amazonaws.com"),
        ("domainPrefix", "s4x3opwd6i"),
        ("endpointType", "REGIONAL"),
        ("extendedRequestId", "x1="),
        ("httpMethod", "GET"),
        ("identity.apiKey", "secret"),
        ("identity.apiKeyId", "key1"),
        ("identity.sourceIp", "192.0.2.7"),
        ("identity.userAgent", "curl/8"),
        ("identity.caller", None),
        ("integration.error", "none"),
        ("integration.integrationStatus", 200),
        ("integration.latency", 7),
        ("integration.requestId", "lambda-1"),
        ("integration.status", 201),
        ("integrationErrorMessage", "none"),
        ("integrationLatency", 7),
        ("integrationStatus", 200),
        ("operationName", "GetUser"),
        ("path", "/test/users/1"),
        ("protocol", "HTTP/1.1"),
        ("requestId", "r1"),
        ("requestTime", "15/Jan/2027:08:00:00 +0000"),
        ("requestTimeEpoch", 1_800_000_000_000),
        ("resourceId", "abc123"),
        ("resourcePath", "/users/{userId}"),
        ("responseLatency", 9),
        ("responseLength", 17),
        ("stage", "test"),
        ("status", 201),
        ("customDomain.basePathMatched", None),
        ("error.message", None),
        ("error.messageString", None),
        ("error.responseType", None),
        ("error.validationErrorString", None),
        ("xrayTraceId", None),
        ("authorizer.principalId", None),
        ("noSuchThing", None),
    ],
)
def test_a_request_s_variables(
    make_request: Callable[..., Request], make_match: Callable[..., Match], name: str, expected: object
) -> None:
    lookup = context_variables(
        make_request({"User-Agent": "curl/8"}),
        make_match(operation_name="GetUser"),
        caller=Caller("secret", "key1"),
        outcome=OUTCOME,
    )

    assert lookup(name) == expected


def test_an_error_s_variables(make_request: Callable[..., Request]) -> None:
    error = GatewayError(BAD_REQUEST_BODY, 'not "valid"', validation="[required: name]")
    lookup = context_variables(make_request(), outcome=Outcome(error=error))

    assert lookup("error.message") == 'not "valid"'
    assert lookup("error.messageString") == json.dumps('not "valid"')
    assert lookup("error.responseType") == "BAD_REQUEST_BODY"
    assert lookup("error.validationErrorString") == "[required: name]"


def test_without_a_method_there_is_no_resource(make_request: Callable[..., Request]) -> None:
    error = GatewayError(MISSING_AUTHENTICATION_TOKEN, None)
    lookup = context_variables(make_request(base_path="v1"), outcome=Outcome(error=error))

    assert [lookup(name) for name in ("resourceId", "resourcePath", "operationName", "error.message")] == [None] * 4
    assert lookup("error.messageString") == "null"
    assert lookup("error.validationErrorString") is None
    assert lookup("customDomain.basePathMatched") == "v1"


def test_an_authorizer_s_variables(make_request: Callable[..., Request]) -> None:
    authorization = Authorization("user", {"numKey": 1, "boolKey": True}, None, 12)
    lookup = context_variables(make_request(), authorization=authorization)

    assert lookup("authorizer.principalId") == "user"
    assert lookup("authorizer.numKey") == "1"
    assert lookup("authorizer.boolKey") == "true"
    assert lookup("authorizer.integrationLatency") == 12
    assert lookup("authorizer.latency") == 12
    assert lookup("authorizer.none") is None


def test_a_claim_but_not_the_claims(make_request: Callable[..., Request]) -> None:
    # "Calling $context.authorizer.claims returns null"
    authorization = Authorization(context={"claims": {"sub": "abc", "cognito:groups": "a,b", "address": {"city": "x"}}})
    lookup = context_variables(make_request(), authorization=authorization)

    assert lookup("authorizer.claims.sub") == "abc"
    assert lookup("authorizer.claims.cognito:groups") == "a,b"
    assert lookup("authorizer.claims") is None
    assert lookup("authorizer.claims.address") is None


def test_what_a_refusing_authorizer_said(make_request: Callable[..., Request]) -> None:
    error = GatewayError(MISSING_AUTHENTICATION_TOKEN, "x", authorizer={"why": "because"})

    assert context_variables(make_request(), outcome=Outcome(error=error))("authorizer.why") == "because"


@pytest.mark.parametrize(
    ("tracing", "header", "expected"),
    [(True, "Root=1-a-b;Sampled=1", "1-a-b"), (True, "Self=x", None), (False, "Root=1-a-b", None)],
)
def test_a_trace_is_told_where_the_stage_traces(
    make_request: Callable[..., Request],
    make_stage: Callable[..., Stage],
    tracing: bool,
    header: str,
    expected: str | None,
) -> None:
    lookup = context_variables(make_request(stage=make_stage(tracing=tracing), trace_id=header))

    assert lookup("xrayTraceId") == expected


def test_the_variables_as_a_mapping(make_request: Callable[..., Request], make_match: Callable[..., Match]) -> None:
    variables = ContextVariables(make_request(), make_match(), Authorization("user"), Caller("secret", "key1"))

    tree: dict[str, Any] = variables.as_mapping()

    assert tree["identity"] == {"apiKey": "secret", "apiKeyId": "key1", "sourceIp": "192.0.2.7"}
    assert tree["authorizer"] == {"principalId": "user"}
    assert tree["resourcePath"] == "/users/{userId}"
    assert "error" not in tree
    assert "authorizer" not in ContextVariables(make_request()).as_mapping()
