"""Sources: DESIGN.md's table ("AWS's own words, exactly"); Developer Guide, "Gateway responses for REST APIs" and
"Gateway response types for API Gateway"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from windtunnel.apigateway import errors
from windtunnel.apigateway.context import Outcome, context_variables
from windtunnel.apigateway.definition import GatewayResponse, Stage
from windtunnel.apigateway.errors import ErrorKind, GatewayError
from windtunnel.apigateway.gateway_responses import error_response
from windtunnel.apigateway.request import Match, Request
from windtunnel.http.messages import Response

Refused = Callable[..., Response]


@pytest.fixture
def refused(
    make_stage: Callable[..., Stage], make_request: Callable[..., Request], make_match: Callable[..., Match]
) -> Refused:
    def answer(
        error: GatewayError,
        responses: dict[str, GatewayResponse] | None = None,
        headers: dict[str, str] | None = None,
        **given: Any,
    ) -> Response:
        stage = make_stage(gateway_responses=responses or {})
        request, match = make_request(headers, stage=stage, **given), make_match({"userId": "42"})
        variables = context_variables(request, match, outcome=Outcome(error=error))
        return error_response(error, stage, request, variables, match)

    return answer


def headers_of(response: Response) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in response.headers}


@pytest.mark.parametrize(
    ("kind", "message", "status", "exception", "body"),
    [
        (
            errors.MISSING_AUTHENTICATION_TOKEN, "Missing Authentication Token", 403,
            "MissingAuthenticationTokenException", b'{"message":"Missing Authentication Token"}',
        ),
        (errors.INVALID_API_KEY, "Forbidden", 403, "ForbiddenException", b'{"message":"Forbidden"}'),
        (errors.THROTTLED, "Too Many Requests", 429, "TooManyRequestsException", b'{"message":"Too Many Requests"}'),
        (errors.QUOTA_EXCEEDED, "Limit Exceeded", 429, "LimitExceededException", b'{"message":"Limit Exceeded"}'),
        (
            errors.BAD_REQUEST_BODY, "Invalid request body", 400, "BadRequestException",
            b'{"message": "Invalid request body"}',
        ),
        (
            errors.BAD_REQUEST_PARAMETERS, "Missing required request parameters: [q]", 400, "BadRequestException",
            b'{"message": "Missing required request parameters: [q]"}',
        ),
        # recorded, by LocalStack's account: BadRequestException
        (
            errors.UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type", 415, "BadRequestException",
            b'{"message": "Unsupported Media Type"}',
        ),
        (errors.UNAUTHORIZED, "Unauthorized", 401, "UnauthorizedException", b'{"message":"Unauthorized"}'),
        (
            errors.ACCESS_DENIED, "User is not authorized to access this resource with an explicit deny", 403,
            "AccessDeniedException",
            b'{"Message":"User is not authorized to access this resource with an explicit deny"}',
        ),
        (
            errors.AUTHORIZER_CONFIGURATION_ERROR, None, 500, "AuthorizerConfigurationException", b'{"message":null}',
        ),
        (
            errors.BAD_GATEWAY, "Internal server error", 502, "InternalServerErrorException",
            b'{"message": "Internal server error"}',
        ),
        (
            errors.INTEGRATION_TIMEOUT, "Endpoint request timed out", 504, "InternalServerErrorException",
            b'{"message": "Endpoint request timed out"}',
        ),
        (
            errors.API_CONFIGURATION_ERROR, "Internal server error", 500, "InternalServerErrorException",
            b'{"message": "Internal server error"}',
        ),
        (
            # recorded: koki-develop/lgtm-generator issue 10, Content-Length 31
            errors.REQUEST_TOO_LARGE, "Request Too Long", 413, "BadRequestException",
            b'{"message": "Request Too Long"}',
        ),
    ],
)  # fmt: skip
def test_aws_s_own_words(
    refused: Refused, kind: ErrorKind, message: str | None, status: int, exception: str, body: bytes
) -> None:
    response = refused(GatewayError(kind, message))

    assert response == Response(
        status,
        [
            (b"Content-Type", b"application/json"),
            (b"x-amzn-ErrorType", exception.encode()),
            (b"x-amzn-RequestId", b"r1"),
            (b"x-amz-apigw-id", b"x1="),
        ],
        body,
    )


MISSING = GatewayError(errors.MISSING_AUTHENTICATION_TOKEN, "Missing Authentication Token")
CORS = GatewayResponse(None, {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}, {})


def test_cors_on_errors_as_sam_sets_it_up(refused: Refused) -> None:
    # the application's own template: DEFAULT_4XX and DEFAULT_5XX with a header and nothing else
    responses = {"DEFAULT_4XX": CORS, "DEFAULT_5XX": CORS}

    response = refused(MISSING, responses)
    assert response.status == 403
    assert headers_of(response)["Access-Control-Allow-Origin"] == "*"
    assert headers_of(response)["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    assert response.body == b'{"message":"Missing Authentication Token"}'

    response = refused(GatewayError(errors.BAD_GATEWAY, "Internal server error"), responses)
    assert response.status == 502
    assert headers_of(response)["Access-Control-Allow-Origin"] == "*"
    assert response.body == b'{"message": "Internal server error"}'


def test_a_type_s_own_response_goes_before_the_default(refused: Refused) -> None:
    responses = {
        "DEFAULT_4XX": GatewayResponse(418, {"gatewayresponse.header.X-From": "'default'"}, {}),
        "MISSING_AUTHENTICATION_TOKEN": GatewayResponse(404, {"gatewayresponse.header.X-From": "'type'"}, {}),
    }

    response = refused(MISSING, responses)
    assert (response.status, headers_of(response)["X-From"]) == (404, "type")

    # "changing the status code of this fallback changes the status codes of all other 4XX responses"
    response = refused(GatewayError(errors.THROTTLED, "Too Many Requests"), responses)
    assert (response.status, headers_of(response)["X-From"]) == (418, "default")

    response = refused(GatewayError(errors.INTEGRATION_TIMEOUT, "Endpoint request timed out"), responses)
    assert (response.status, "X-From" in headers_of(response)) == (504, False)


def test_413_cannot_be_customised(refused: Refused) -> None:
    # "Amazon API Gateway important notes", REST APIs
    response = refused(GatewayError(errors.REQUEST_TOO_LARGE, "Request Too Long"), {"DEFAULT_4XX": CORS})

    assert "Access-Control-Allow-Origin" not in headers_of(response)


def test_the_example_of_the_documentation(refused: Refused) -> None:
    # "Set up gateway response customization in OpenAPI"
    custom = GatewayResponse(
        404,
        {
            "gatewayresponse.header.x-request-path": "method.request.path.userId",
            "gatewayresponse.header.x-request-query": "method.request.querystring.q",
            "gatewayresponse.header.Access-Control-Allow-Origin": "'a.b.c'",
            "gatewayresponse.header.x-request-header": "method.request.header.Accept",
        },
        {
            "application/json": '{"message": $context.error.messageString, "type": "$context.error.responseType", '
            '"statusCode": "\'404\'", "stage": "${context.stage}", "resourcePath": "$context.resourcePath", '
            '"stageVariables.Var": "$stageVariables.Var", "none": "$context.none", '
            '"q": "$method.request.querystring.q"}'
        },
    )

    response = refused(MISSING, {"MISSING_AUTHENTICATION_TOKEN": custom}, {"Accept": "*/*"}, query="q=1")

    assert response.status == 404
    assert response.body == (
        b'{"message": "Missing Authentication Token", "type": "MISSING_AUTHENTICATION_TOKEN", '
        b'"statusCode": "\'404\'", "stage": "test", "resourcePath": "/users/{userId}", '
        b'"stageVariables.Var": "value", "none": "", "q": "1"}'
    )
    headers = headers_of(response)
    assert headers["x-request-path"] == "42"
    assert headers["x-request-query"] == "1"
    assert headers["Access-Control-Allow-Origin"] == "a.b.c"
    assert headers["x-request-header"] == "*/*"


def test_input_in_a_template(refused: Refused) -> None:
    template = "$input.params('userId') $input.params(\"q\") $input.params('none')|$input.body|$other #if"

    custom = GatewayResponse(None, {}, {"text/plain": template})

    response = refused(MISSING, {"DEFAULT_4XX": custom}, query="q=1", body=b"hi")

    assert response.body == b"42 1 |hi|$other #if"
    assert headers_of(response)["Content-Type"] == "text/plain"


def test_a_true_in_a_template(make_stage: Callable[..., Stage], make_request: Callable[..., Request]) -> None:
    stage = make_stage(gateway_responses={"DEFAULT_4XX": GatewayResponse(None, {}, {"text/plain": "$context.a"})})
    request = make_request()

    assert error_response(MISSING, stage, request, lambda name: True).body == b"true"
    assert error_response(MISSING, stage, request, lambda name: False).body == b"false"


def test_a_template_is_chosen_by_the_accept_header(refused: Refused) -> None:
    responses = {"DEFAULT_4XX": GatewayResponse(None, {}, {"application/json": "{}", "text/html": "<p>"})}

    assert refused(MISSING, responses, {"Accept": "text/html, */*"}).body == b"<p>"
    assert refused(MISSING, responses, {"Accept": "image/png"}).body == b"{}"


def test_aws_s_own_template_keeps_aws_s_words(refused: Refused) -> None:
    # GetGatewayResponse shows this template for every type that is not customised
    template = {"application/json": '{"message":$context.error.messageString}'}

    response = refused(
        GatewayError(errors.BAD_GATEWAY, "Internal server error"), {"DEFAULT_5XX": GatewayResponse(None, {}, template)}
    )

    assert response.body == b'{"message": "Internal server error"}'


def test_a_header_of_the_api_s_own_replaces_aws_s(refused: Refused) -> None:
    custom = GatewayResponse(None, {"gatewayresponse.header.content-type": "'text/plain'"}, {})

    headers = headers_of(refused(MISSING, {"DEFAULT_4XX": custom}))

    assert headers["content-type"] == "text/plain"
    assert "Content-Type" not in headers


def test_no_header_can_be_smuggled_in_by_a_query(refused: Refused) -> None:
    custom = GatewayResponse(None, {"gatewayresponse.header.X-Q": "method.request.querystring.q"}, {})

    response = refused(MISSING, {"DEFAULT_4XX": custom}, query="q=a%0d%0aSet-Cookie:%20stolen")

    assert "X-Q" not in headers_of(response)
