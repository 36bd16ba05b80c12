"""Sources: Developer Guide, "Parameter mapping source reference for REST APIs"; LocalStack's validated tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from windtunnel.apigateway.context import context_variables
from windtunnel.apigateway.mapping import Source, mapped_value, response_headers
from windtunnel.apigateway.request import Match, Request


@pytest.fixture
def source(make_request: Callable[..., Request], make_match: Callable[..., Match]) -> Source:
    headers = (("Accept", "text/html"), ("X-Multi", "1"), ("X-Multi", "2"), ("origin", "https://a.b"))
    request = replace(
        make_request(query="q=1&q=2&s=a%20b&bad=a%0d%0aSet-Cookie:%20x", body=b' {"user": {"id": 7, "name": "Ada"}} '),
        headers=headers,
        lowered={name.lower(): value for name, value in headers},
    )
    match = make_match({"userId": "42"})
    return Source(request, match, context_variables(request, match), b'{"redirect": {"url": "/next"}}')


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'*'", "*"),
        ("'it''s'", "it''s"),
        ("''", ""),
        ("'", None),
        ("unquoted", None),
        ("method.request.header.Accept", "text/html"),
        ("method.request.header.X-Multi", "2"),
        ("method.request.multivalueheader.X-Multi", "1,2"),
        # a client of HTTP/2 sends names in lower case
        ("method.request.header.Origin", "https://a.b"),
        ("method.request.header.None", None),
        ("method.request.querystring.q", "2"),
        ("method.request.multivaluequerystring.q", "1,2"),
        ("method.request.querystring.s", "a b"),
        ("method.request.querystring.Q", None),
        ("method.request.path.userId", "42"),
        ("method.request.path.other", None),
        ("method.request.cookie.c", None),
        ("method.request.body", '{"user": {"id": 7, "name": "Ada"}}'),
        ("method.request.body.user.name", "Ada"),
        ("method.request.body.user.id", "7"),
        ("method.request.body.user", '{"id":7,"name":"Ada"}'),
        ("method.request.body.none", None),
        ("integration.response.body.redirect.url", "/next"),
        ("integration.response.header.Location", None),
        ("context.requestId", "r1"),
        ("context.identity.sourceIp", "192.0.2.7"),
        ("context.requestTimeEpoch", "1800000000000"),
        ("context.none", None),
        ("stageVariables.Var", "value"),
        ("stageVariables.none", None),
    ],
)
def test_what_an_expression_maps_to(source: Source, expression: str, expected: str | None) -> None:
    assert mapped_value(expression, source) == expected


@pytest.mark.parametrize(("body", "expected"), [(b"", "{}"), (b"plain text", "plain text"), (b"\xff", "\ufffd")])
def test_a_whole_body_is_text(source: Source, body: bytes, expected: str) -> None:
    assert mapped_value("method.request.body", replace(source, request=replace(source.request, body=body))) == expected


@pytest.mark.parametrize("body", [b"", b"plain text", b"{broken", b"1"])
def test_of_a_body_that_is_no_json_there_are_no_parts(source: Source, body: bytes) -> None:
    changed = replace(source, request=replace(source.request, body=body))

    assert mapped_value("method.request.body.user", changed) is None


def test_without_a_method_there_are_no_path_parameters(source: Source) -> None:
    assert mapped_value("method.request.path.userId", replace(source, match=None)) is None


def test_headers_by_their_mappings(source: Source) -> None:
    parameters = {
        "p.Access-Control-Allow-Origin": "'*'",
        "p.X-Empty": "''",
        "p.X-None": "method.request.header.None",
        "other.X": "'x'",
        # decoded, this value has a line break: it would write a header of its own
        "p.X-Injected": "method.request.querystring.bad",
        "p.bad name": "'x'",
    }

    assert response_headers(parameters, "p.", source) == {"Access-Control-Allow-Origin": ["*"]}
