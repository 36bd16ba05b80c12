"""The MOCK integration and mapping templates.

Sources: API Gateway Developer Guide, "Mock integrations for REST APIs in API Gateway", "CORS for REST APIs",
"Integration passthrough behaviors", "Variables for data transformations for API Gateway".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from windtunnel.apigateway.definition import Integration, IntegrationResponse
from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.mock import mock_response
from windtunnel.apigateway.request import Authorization, Caller, Match, Request
from windtunnel.apigateway.templates import Templates
from windtunnel.http.messages import Response

Mocked = Callable[..., Response]
OK = IntegrationResponse(200, None, {}, {}, None)


@pytest.fixture
def mocked(make_request: Callable[..., Request], make_match: Callable[..., Match]) -> Mocked:
    """The answer of a mock with these request templates and responses."""

    def mocked(
        templates: dict[str, str],
        *responses: IntegrationResponse,
        passthrough: str = "WHEN_NO_MATCH",
        headers: dict[str, str] | None = None,
        **request: Any,
    ) -> Response:
        integration = Integration("MOCK", "", 29_000, passthrough, None, None, {}, templates, responses or (OK,))
        match = make_match(integration=integration)
        return mock_response(make_request(headers, **request), match, Authorization(), Caller(), Templates())

    return mocked


def header(response: Response, name: str) -> str | None:
    return next((value.decode() for key, value in response.headers if key.decode().lower() == name.lower()), None)


def test_a_preflight_as_sam_makes_it(mocked: Mocked) -> None:
    parameters = {
        "method.response.header.Access-Control-Allow-Origin": "'*'",
        "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'",
    }
    response = mocked(
        {"application/json": '{\n  "statusCode" : 200\n}\n'},
        IntegrationResponse(200, None, parameters, {"application/json": "{}\n"}, None),
    )

    assert (response.status, response.body) == (200, b"{}\n")
    assert header(response, "Access-Control-Allow-Origin") == "*"
    assert header(response, "Access-Control-Allow-Methods") == "GET,OPTIONS"
    assert header(response, "Content-Type") == "application/json"


@pytest.mark.parametrize("template", ["{statusCode: 404}", "{ 'statusCode': 404, x: y}"])
def test_a_loose_object_is_taken_as_cdk_writes_it(mocked: Mocked, template: str) -> None:
    not_found = IntegrationResponse(404, "404", {}, {}, None)

    assert mocked({"application/json": template}, OK, not_found).status == 404


@pytest.mark.parametrize(
    "template", ["", "[]", '{"statusCode": "200"}', '{"statusCode": true}', "{}", "{statusCode: x}"]
)
def test_without_a_status_code_it_is_an_internal_error(mocked: Mocked, template: str) -> None:
    with pytest.raises(GatewayError) as caught:
        mocked({"application/json": template})

    assert (caught.value.kind.status, caught.value.message) == (500, "Internal server error")


def test_a_selection_pattern_picks_the_response(mocked: Mocked) -> None:
    responses = (OK, IntegrationResponse(400, "4\\d{2}", {}, {"application/json": "bad"}, None))
    template = '#if($input.params("fail") == "yes"){"statusCode": 404}#else{"statusCode": 201}#end'

    assert mocked({"application/json": template}, *responses, query="fail=yes").body == b"bad"
    assert mocked({"application/json": template}, *responses, query="").status == 200


def test_a_status_that_no_response_is_for_is_an_internal_error(mocked: Mocked) -> None:
    with pytest.raises(GatewayError):
        mocked({"application/json": '{"statusCode": 200}'}, IntegrationResponse(400, "4..", {}, {}, None))


@pytest.mark.parametrize(
    ("passthrough", "templates", "status"),
    [
        ("NEVER", {"application/json": '{"statusCode": 200}'}, 415),
        ("WHEN_NO_TEMPLATES", {"application/json": '{"statusCode": 200}'}, 415),
        ("WHEN_NO_TEMPLATES", {}, 200),
        ("WHEN_NO_MATCH", {"application/json": '{"statusCode": 500}'}, 200),
    ],
)
def test_a_content_type_without_a_template_passes_or_not(
    mocked: Mocked, passthrough: str, templates: dict[str, str], status: int
) -> None:
    def ask() -> int:
        body = b'{"statusCode": 200}'
        return mocked(templates, passthrough=passthrough, headers={"Content-Type": "text/plain"}, body=body).status

    if status == 200:
        assert ask() == 200
        return
    with pytest.raises(GatewayError) as caught:
        ask()
    assert (caught.value.kind.status, caught.value.message) == (415, "Unsupported Media Type")


def test_without_a_body_any_template_will_do(mocked: Mocked) -> None:
    """A preflight has no body, whatever it says its type is."""
    assert mocked({"application/json": '{"statusCode": 200}'}, headers={"Content-Type": "text/plain"}).status == 200


def test_a_response_template_is_chosen_by_accept_and_has_the_request(mocked: Mocked) -> None:
    templates = {"application/json": '{"id": "$input.params("userId")"}', "text/plain": "id $context.requestId"}
    response = IntegrationResponse(200, None, {}, templates, None)
    request = {"application/json": '{"statusCode": 200}'}

    assert mocked(request, response).body == b'{"id": "1"}'
    text = mocked(request, response, headers={"Accept": "text/plain"})
    assert (text.body, header(text, "content-type")) == (b"id r1", "text/plain")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("method.request.header.Origin", "https://a.example"),
        ("method.request.querystring.q", "1"),
        ("method.request.path.userId", "1"),
        ("context.requestId", "r1"),
        ("stageVariables.none", None),
        ("nonsense", None),
    ],
)
def test_a_header_is_mapped(mocked: Mocked, expression: str, value: str | None) -> None:
    response = IntegrationResponse(200, None, {"method.response.header.x": expression}, {}, None)

    answer = mocked(
        {"application/json": '{"statusCode": 200}'}, response, headers={"Origin": "https://a.example"}, query="q=1"
    )

    assert header(answer, "x") == value


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("$input.path('$.a.b')", "5"),
        ("$input.json('$.list')", "[1,2]"),
        ("$input.path('$.list[1]')", "2"),
        ("$input.path('$.list[9]')", ""),
        ("$input.path('$.none.deeper')", ""),
        ("$input.body", '{"a": {"b": 5}, "list": [1, 2]}'),
        ("$input.params('userId') $input.params('q') $input.params('X-H') $input.params('none')", "1 2 h "),
        ("$input.params().querystring.q", "2"),
        ('$util.escapeJavaScript("it\'s")', "it\\'s"),
        ("$util.urlEncode('a b') $util.urlDecode('a+b')", "a+b a b"),
        ("$util.base64Encode('a') $util.base64Decode('YQ==')", "YQ== a"),
        ("$util.parseJson('{\"k\": 1}').k", "1"),
        ("$context.identity.sourceIp", "192.0.2.7"),
        ("no vtl here", "no vtl here"),
    ],
)
def test_a_template_has_awss_variables(
    make_request: Callable[..., Request], make_match: Callable[..., Match], template: str, text: str
) -> None:
    from windtunnel.apigateway.context import Outcome, context_variables

    request, match = make_request({"X-H": "h"}, query="q=2"), make_match()
    lookup = context_variables(request, match, Authorization(), Caller(), Outcome(200))
    body = b'{"a": {"b": 5}, "list": [1, 2]}'

    assert Templates().render(template, request, match, body, lookup) == text


def test_a_body_that_is_no_json_has_no_paths(
    make_request: Callable[..., Request], make_match: Callable[..., Match]
) -> None:
    rendered = Templates().render("$input.path('$.a')", make_request(), make_match(), b"{", lambda _name: None)

    assert rendered == ""


def test_a_template_that_cannot_be_rendered_is_an_internal_error(
    make_request: Callable[..., Request], make_match: Callable[..., Match]
) -> None:
    with pytest.raises(GatewayError) as caught:
        Templates().render("$util.parseJson('{')", make_request(), make_match(), b"", lambda _name: None)

    assert caught.value.kind.status == 500
