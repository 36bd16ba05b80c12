"""Sources: Developer Guide, "Mock integrations for REST APIs", "Method request behavior for payloads without mapping
templates", "Override your API's request and response parameters"; LocalStack's validated tests of MOCK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from windtunnel.apigateway.definition import Integration, IntegrationResponse, Stage, stage_from_document
from windtunnel.apigateway.errors import API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, GatewayError
from windtunnel.apigateway.mock import mock_response
from windtunnel.apigateway.request import Match, Request
from windtunnel.http.messages import Response

Mocked = Callable[..., Response]
JSON = "application/json"
OK = '{"statusCode": 200}'


def integration(
    templates: dict[str, str] | None = None,
    responses: tuple[IntegrationResponse, ...] | None = None,
    passthrough: str = "WHEN_NO_MATCH",
    content_handling: str | None = None,
) -> Integration:
    return Integration(
        "MOCK", "", 29000, passthrough, None, content_handling, {}, {JSON: OK} if templates is None else templates,
        (response(),) if responses is None else responses,
    )  # fmt: skip


def response(
    status: int = 200,
    pattern: str | None = None,
    parameters: dict[str, str] | None = None,
    templates: dict[str, str] | None = None,
    content_handling: str | None = None,
) -> IntegrationResponse:
    return IntegrationResponse(status, pattern, parameters or {}, templates or {}, content_handling)


@pytest.fixture
def mocked(
    make_stage: Callable[..., Stage], make_request: Callable[..., Request], make_match: Callable[..., Match]
) -> Mocked:
    def answer(
        given: Integration | None,
        headers: dict[str, str] | None = None,
        stage: dict[str, Any] | None = None,
        **request: Any,
    ) -> Response:
        match = make_match({"userId": "42"}, integration=given)
        return mock_response(make_request(headers, stage=make_stage(**(stage or {})), **request), match)

    return answer


def fails(mocked: Mocked, *given: Any, **named: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        mocked(*given, **named)
    return caught.value


def test_sam_s_preflight(make_request: Callable[..., Request], make_match: Callable[..., Match]) -> None:
    # what SAM's translator makes of Cors (SwaggerEditor.add_cors), as the backplane publishes it
    document = {
        "account": "111122223333",
        "region": "us-east-1",
        "restApi": {"id": "api1", "name": "api"},
        "stage": {"stageName": "Prod"},
        "resources": [
            {
                "id": "r1",
                "path": "/users",
                "methods": {
                    "OPTIONS": {
                        "httpMethod": "OPTIONS",
                        "methodIntegration": {
                            "type": "MOCK",
                            "requestTemplates": {JSON: '{\n  "statusCode" : 200\n}\n'},
                            "passthroughBehavior": "WHEN_NO_MATCH",
                            "integrationResponses": {
                                "200": {
                                    "statusCode": "200",
                                    "responseTemplates": {JSON: "{}\n"},
                                    "responseParameters": {
                                        "method.response.header.Access-Control-Allow-Origin": "'*'",
                                        "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS,POST'",
                                        "method.response.header.Access-Control-Allow-Headers": "'Content-Type'",
                                        "method.response.header.Access-Control-Max-Age": "'600'",
                                    },
                                }
                            },
                        },
                    }
                },
            }
        ],
    }
    method = stage_from_document(document).methods[0]

    answer = mock_response(make_request({"Origin": "http://x", "Accept": "*/*"}), Match(method, {}))

    assert answer == Response(
        200,
        [
            (b"Content-Type", b"application/json"),
            (b"Access-Control-Allow-Origin", b"*"),
            (b"Access-Control-Allow-Methods", b"GET,OPTIONS,POST"),
            (b"Access-Control-Allow-Headers", b"Content-Type"),
            (b"Access-Control-Max-Age", b"600"),
            (b"x-amzn-RequestId", b"r1"),
            (b"x-amz-apigw-id", b"x1="),
        ],
        b"{}\n",
    )


def test_a_preflight_of_another_content_type_is_500(mocked: Mocked) -> None:
    # aws-sam-cli issue 2483: observed on AWS with Content-Type: application/x-www-form-urlencoded
    error = fails(mocked, integration(), {"Content-Type": "application/x-www-form-urlencoded"})

    assert (error.kind.status, error.message, error.kind.exception) == (
        500,
        "Internal server error",
        "InternalServerErrorException",
    )


def test_binary_media_types_break_a_preflight_without_conversion(mocked: Mocked) -> None:
    # clebert/aws-simple pull request 178; "Content type conversions in API Gateway"
    stage = {"binary_media_types": ("*/*",)}
    template = integration({JSON: '#set($context.responseOverride.header.B = "$input.body")' + OK})

    assert fails(mocked, template, stage=stage).kind.status == 500

    converted = integration(dict(template.request_templates), content_handling="CONVERT_TO_TEXT")
    assert (b"B", b"aGk=") in mocked(converted, stage=stage, body=b"hi").headers


@pytest.mark.parametrize(
    ("content_type", "passthrough", "templates", "outcome"),
    [
        (None, "NEVER", {JSON: OK}, 200),
        (JSON, "NEVER", {JSON: OK}, 200),
        ("application/json;charset=utf-8", "NEVER", {JSON: OK}, 200),
        ("text/plain", "NEVER", {"$default": OK}, 200),
        ("text/plain", "NEVER", {JSON: OK}, 415),
        ("text/plain", "NEVER", {}, 415),
        ("text/plain", "WHEN_NO_TEMPLATES", {JSON: OK}, 415),
        # the body itself is what the mock gets
        ("text/plain", "WHEN_NO_TEMPLATES", {}, 200),
        ("text/plain", "WHEN_NO_MATCH", {JSON: "{}"}, 200),
    ],
)
def test_which_request_template(
    mocked: Mocked, content_type: str | None, passthrough: str, templates: dict[str, str], outcome: int
) -> None:
    # "Method request behavior for payloads without mapping templates"
    headers = {"Content-Type": content_type} if content_type else None
    given = integration(templates, passthrough=passthrough)

    if outcome == 415:
        error = fails(mocked, given, headers, body=OK.encode())
        assert (error.kind, error.message) == (UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type")
    else:
        assert mocked(given, headers, body=OK.encode()).status == outcome


@pytest.mark.parametrize(
    "template",
    [
        '{"statusCode": 200}',
        '{ "statusCode": 200, "more": {"a": 1} }',
        # LocalStack's validated tests: the AWS CDK's preflight is no JSON, and AWS takes it
        "{statusCode: 200}",
        "{ 'statusCode': 200 }",
        "{ foo: bar, statusCode: 200, }",
        "{\n  statusCode: 200\n}\n",
    ],
)
def test_a_status_code_that_is_taken(mocked: Mocked, template: str) -> None:
    assert mocked(integration({JSON: template})).status == 200


@pytest.mark.parametrize(
    "template",
    [
        "",
        "Empty",
        "{statusCode: 200, " + "a" * 70_000 + "}",
        "[]",
        "{}",
        '{"statusCode": "200"}',
        '{"statusCode": 200',
        '{"statusCode": true}',
        "{statusCode: x}",
    ],
)
def test_a_status_code_that_is_none(mocked: Mocked, template: str) -> None:
    # LocalStack's validated tests: it has to be an integer
    assert fails(mocked, integration({JSON: template})).kind.status == 500


def test_the_status_code_picks_the_response(mocked: Mocked) -> None:
    responses = (response(200), response(201), response(404, r"4\d{2}"), response(500, "5.*"))
    template = '{"statusCode": $input.params("q")}'

    def status(code: int) -> int:
        return mocked(integration({JSON: template}, responses), query=f"q={code}").status

    assert [status(code) for code in (404, 499, 500, 200, -1)] == [404, 404, 500, 200, 200]


@pytest.mark.parametrize("responses", [(), (response(404, "404"),)])
def test_no_response_is_a_configuration_error(mocked: Mocked, responses: tuple[IntegrationResponse, ...]) -> None:
    # "Gateway response types", API_CONFIGURATION_ERROR
    assert fails(mocked, integration(responses=responses)).kind is API_CONFIGURATION_ERROR


def test_no_integration_at_all(mocked: Mocked) -> None:
    assert fails(mocked, None).kind.status == 500


@pytest.mark.parametrize(
    ("accept", "templates", "kind", "body"),
    [
        (None, {}, JSON, b""),
        (None, {"text/html": "<p>", JSON: "{}"}, JSON, b"{}"),
        ("text/html,*/*", {"text/html": "<p>", JSON: "{}"}, "text/html", b"<p>"),
        ("image/png", {"text/html": "<p>"}, "text/html", b"<p>"),
    ],
)
def test_a_response_template_is_chosen_by_the_accept_header(
    mocked: Mocked, accept: str | None, templates: dict[str, str], kind: str, body: bytes
) -> None:
    # "Mapping templates for REST APIs"; "important notes": the content type is application/json by default
    answer = mocked(integration(responses=(response(templates=templates),)), {"Accept": accept} if accept else None)

    assert dict(answer.headers)[b"Content-Type"] == kind.encode()
    assert answer.body == body


def test_templates_see_the_request(mocked: Mocked) -> None:
    template = (
        '{"id": "$input.params("userId")", "q": "$input.params("q")", "accept": "$input.params("Accept")", '
        '"stage": "$context.stage", "var": "$stageVariables.Var", "body": $input.body}'
    )

    answer = mocked(
        integration(responses=(response(templates={JSON: template}),)), {"Accept": "*/*"}, query="q=a%20b", body=b"{}"
    )

    assert answer.body == (b'{"id": "42", "q": "a b", "accept": "*/*", "stage": "test", "var": "value", "body": {}}')


def test_parameters_are_mapped(mocked: Mocked) -> None:
    parameters = {
        "method.response.header.X-Static": "'a'",
        "method.response.header.X-Request": "context.requestId",
        "method.response.header.X-Var": "stageVariables.Var",
        "method.response.header.X-None": "integration.response.header.Nothing",
        "method.response.header.Content-Type": "'text/plain'",
        "method.response.header.Date": "'today'",
    }

    answer = mocked(integration(responses=(response(parameters=parameters),)))

    assert list(answer.headers)[:5] == [
        (b"X-Static", b"a"),
        (b"X-Request", b"r1"),
        (b"X-Var", b"value"),
        (b"Content-Type", b"text/plain"),
        (b"x-amzn-Remapped-Date", b"today"),
    ]


@pytest.mark.parametrize(
    ("status", "expected"), [("404", 404), ("99", 200), ("600", 200), ("'404'", 200), ("100", 200)]
)
def test_a_template_overrides_status_and_headers(mocked: Mocked, status: str, expected: int) -> None:
    # "Override your API's request and response parameters"; LocalStack's validated tests: integers from 100 to 599
    template = (
        f"#set($context.responseOverride.status = {status})"
        '#set($context.responseOverride.header.x-static = "overridden")'
        '#set($context.responseOverride.header.X-Many = ["1", "2"])done'
    )
    given = response(parameters={"method.response.header.X-Static": "'a'"}, templates={JSON: template})

    answer = mocked(integration(responses=(given,)))

    assert answer.status == expected
    assert answer.body == b"done"
    assert list(answer.headers)[1:4] == [(b"x-static", b"overridden"), (b"X-Many", b"1"), (b"X-Many", b"2")]


def test_an_override_of_the_request_template_lasts(mocked: Mocked) -> None:
    assert mocked(integration({JSON: "#set($context.responseOverride.status = 418)" + OK})).status == 418


def test_a_binary_answer(mocked: Mocked) -> None:
    # "Content type conversions in API Gateway": CONVERT_TO_BINARY is "Base64-decoded blob"
    given = response(templates={JSON: "iVBORw=="}, content_handling="CONVERT_TO_BINARY")

    assert mocked(integration(responses=(given,))).body == b"\x89PNG"
    assert mocked(integration(responses=(response(content_handling="CONVERT_TO_BINARY"),))).body == b""
