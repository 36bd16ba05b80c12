"""How API Gateway answers by itself.

Sources: API Gateway Developer Guide, "Gateway responses for REST APIs in API Gateway" (an own response, else that of
DEFAULT_4XX or DEFAULT_5XX, else AWS's; which variables a template may have) and "Gateway response types"; the default
bodies to the letter: DESIGN, "AWS's own words, exactly".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from windtunnel.apigateway.context import GETTERS, Outcome, context_variables
from windtunnel.apigateway.definition import GatewayResponse, Stage
from windtunnel.apigateway.errors import (
    ACCESS_DENIED,
    AUTHORIZER_CONFIGURATION_ERROR,
    BAD_GATEWAY,
    BAD_REQUEST_BODY,
    INTEGRATION_TIMEOUT,
    INVALID_API_KEY,
    QUOTA_EXCEEDED,
    REQUEST_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    ErrorKind,
    GatewayError,
)
from windtunnel.apigateway.gateway_responses import error_response
from windtunnel.apigateway.request import Authorization, Caller, Match, Request
from windtunnel.http.messages import Response

Refuse = Callable[..., Response]


@pytest.fixture
def refuse(make_request: Callable[..., Request], make_stage: Callable[..., Stage]) -> Refuse:
    """The answer to a request that ends in an error, in a stage with these gateway responses."""

    def refuse(error: GatewayError, headers: dict[str, str] | None = None, **responses: GatewayResponse) -> Response:
        request = make_request(headers)
        stage = make_stage(gateway_responses=responses, variables={"colour": "green"})
        outcome = Outcome(error.kind.status, error=error)
        lookup = context_variables(request, None, Authorization(), Caller(), outcome)
        return error_response(error, stage, request, lookup)

    return refuse


def header(response: Response, name: str) -> str | None:
    return next((value.decode() for key, value in response.headers if key.decode().lower() == name.lower()), None)


@pytest.mark.parametrize(
    ("kind", "message", "status", "body", "error_type"),
    [
        (INVALID_API_KEY, "Forbidden", 403, b'{"message":"Forbidden"}', "ForbiddenException"),
        (QUOTA_EXCEEDED, "Limit Exceeded", 429, b'{"message":"Limit Exceeded"}', "LimitExceededException"),
        (BAD_REQUEST_BODY, "Invalid request body", 400, b'{"message": "Invalid request body"}', "BadRequestException"),
        (UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type", 415, b'{"message": "Unsupported Media Type"}', None),
        (ACCESS_DENIED, "no", 403, b'{"Message":"no"}', "AccessDeniedException"),
        (BAD_GATEWAY, "Internal server error", 502, b'{"message": "Internal server error"}', None),
        (INTEGRATION_TIMEOUT, "Endpoint request timed out", 504, b'{"message": "Endpoint request timed out"}', None),
        # recorded: koki-develop/lgtm-generator issue 10
        (REQUEST_TOO_LARGE, "Request Too Long", 413, b'{"message": "Request Too Long"}', "BadRequestException"),
        (AUTHORIZER_CONFIGURATION_ERROR, None, 500, b'{"message":null}', "AuthorizerConfigurationException"),
    ],
)
def test_awss_own_words(
    refuse: Refuse, kind: ErrorKind, message: str | None, status: int, body: bytes, error_type: str | None
) -> None:
    response = refuse(GatewayError(kind, message))

    assert (response.status, response.body) == (status, body)
    assert header(response, "content-type") == "application/json"
    assert header(response, "x-amzn-RequestId") == "r1"
    assert header(response, "x-amz-apigw-id") == "x1="
    assert error_type is None or header(response, "x-amzn-ErrorType") == error_type


def test_a_types_own_response_counts_before_the_default_of_its_class(refuse: Refuse) -> None:
    own = GatewayResponse(418, {"gatewayresponse.header.x-a": "'own'"}, {})
    default = GatewayResponse(400, {"gatewayresponse.header.x-a": "'default'"}, {})

    specific = refuse(GatewayError(INVALID_API_KEY, "Forbidden"), INVALID_API_KEY=own, DEFAULT_4XX=default)
    general = refuse(GatewayError(QUOTA_EXCEEDED, "Limit Exceeded"), INVALID_API_KEY=own, DEFAULT_4XX=default)
    other = refuse(GatewayError(BAD_GATEWAY, "Internal server error"), DEFAULT_4XX=default)

    assert (specific.status, header(specific, "x-a")) == (418, "own")
    assert (general.status, header(general, "x-a")) == (400, "default")
    assert (other.status, header(other, "x-a")) == (502, None)


def test_a_template_has_context_and_stage_variables(refuse: Refuse) -> None:
    template = (
        '{"why":$context.error.messageString,"type":"$context.error.responseType",'
        '"id":"$context.requestId","colour":"$stageVariables.colour","none":"$context.nothing"}'
    )
    custom = GatewayResponse(None, {}, {"application/json": template})

    response = refuse(GatewayError(INVALID_API_KEY, 'say "no"'), INVALID_API_KEY=custom)

    assert response.body == (b'{"why":"say \\"no\\"","type":"INVALID_API_KEY","id":"r1","colour":"green","none":""}')


def test_a_template_is_chosen_by_what_the_client_accepts(refuse: Refuse) -> None:
    custom = GatewayResponse(None, {}, {"application/json": "{}", "text/html": "<p>no</p>"})

    html = refuse(GatewayError(INVALID_API_KEY, "Forbidden"), {"Accept": "text/html"}, INVALID_API_KEY=custom)
    first = refuse(GatewayError(INVALID_API_KEY, "Forbidden"), {"Accept": "image/png"}, INVALID_API_KEY=custom)

    assert (html.body, header(html, "content-type")) == (b"<p>no</p>", "text/html")
    assert (first.body, header(first, "content-type")) == (b"{}", "application/json")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'static'", "static"),
        ("method.request.header.Origin", "https://a.example"),
        ("method.request.header.Absent", None),
        ("context.requestId", "r1"),
        ("stageVariables.colour", "green"),
        ("nonsense", None),
        ("'two\r\nlines'", "two  lines"),
    ],
)
def test_a_header_is_static_or_mapped(refuse: Refuse, expression: str, value: str | None) -> None:
    custom = GatewayResponse(None, {"gatewayresponse.header.x-v": expression, "ignored": "'x'"}, {})

    response = refuse(
        GatewayError(INVALID_API_KEY, "Forbidden"), {"Origin": "https://a.example"}, INVALID_API_KEY=custom
    )

    assert header(response, "x-v") == value


def test_a_header_of_api_gateways_own_can_be_replaced(refuse: Refuse) -> None:
    custom = GatewayResponse(None, {"gatewayresponse.header.Content-Type": "'text/plain'"}, {})

    response = refuse(GatewayError(INVALID_API_KEY, "Forbidden"), INVALID_API_KEY=custom)

    assert [value for name, value in response.headers if name.lower() == b"content-type"] == [b"text/plain"]


def test_every_context_variable_can_be_looked_up(
    make_request: Callable[..., Request], make_match: Callable[..., Match]
) -> None:
    """Source: API Gateway Developer Guide, "Variables for access logging for API Gateway"."""
    error = GatewayError(BAD_REQUEST_BODY, "Invalid request body", validation="[x]")
    outcome = Outcome(400, 5, 1.6, 200, 2.4, "lambda-1", error)
    authorization = Authorization("user", {"a": "1", "claims": {"sub": "5"}}, None, 3)
    lookup = context_variables(make_request(), make_match(), authorization, Caller("k", "i"), outcome)

    found: dict[str, Any] = {name: lookup(name) for name in GETTERS}

    assert found["status"] == 400
    assert (found["responseLength"], found["responseLatency"]) == (5, 2)
    assert (found["integration.status"], found["integrationLatency"], found["integration.requestId"]) == (
        200,
        2,
        "lambda-1",
    )
    assert found["error.validationErrorString"] == "[x]"
    assert found["resourcePath"] == make_match().method.resource_path
    assert (lookup("authorizer.a"), lookup("authorizer.principalId")) == ("1", "user")
    assert (lookup("authorizer.claims.sub"), lookup("authorizer.claims.none")) == ("5", None)
    assert (lookup("authorizer.none"), lookup("nothing")) == (None, None)


def test_without_an_error_and_a_method_variables_have_no_value(make_request: Callable[..., Request]) -> None:
    lookup = context_variables(make_request(), None, Authorization(), Caller(), Outcome(200))

    absent = ["error.message", "error.messageString", "error.responseType", "error.validationErrorString"]
    absent += ["resourceId", "resourcePath", "integration.latency", "identity.apiKey", "authorizer.claims.sub"]
    assert [lookup(name) for name in absent] == [None] * len(absent)
