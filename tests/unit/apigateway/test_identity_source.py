"""API reference, "CreateAuthorizer", identitySource and identityValidationExpression."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from windtunnel.apigateway.identity_source import CONTEXT, IdentitySource, IdentityValidation
from windtunnel.apigateway.request import Match, Request


@pytest.mark.parametrize(
    ("expressions", "values"),
    [
        ("method.request.header.auth", ("h",)),
        ("method.request.header.Auth, method.request.querystring.q", ("h", "last")),
        ("method.request.multivalueheader.Auth,method.request.multivaluequerystring.q", ("h", "last")),
        ("stageVariables.Var,context.identity.sourceIp", ("value", "192.0.2.7")),
        ("$context.httpMethod", ("GET",)),
        ("", ()),
        ("method.request.header.Other", None),
        ("method.request.header.Auth,method.request.header.Empty", None),
        ("method.request.querystring.empty", None),
        ("method.request.querystring.Q", None),
        ("stageVariables.Other", None),
        ("context.authorizer.principalId", None),
        ("somewhere.else", None),
    ],
)
def test_every_source_has_to_be_there(
    expressions: str,
    values: tuple[str, ...] | None,
    make_request: Callable[..., Request],
    make_match: Callable[..., Match],
) -> None:
    # "verifying all of the identity-related request parameters are present, not null and non-empty"
    request = make_request({"Auth": "h", "Empty": ""}, query="q=first&q=last&empty=")

    assert IdentitySource(expressions).values(request, make_match()) == values


def test_a_request_without_query_has_no_query_parameter(
    make_request: Callable[..., Request], make_match: Callable[..., Match]
) -> None:
    assert IdentitySource("method.request.querystring.q").values(make_request(), make_match()) is None


def test_what_is_known_of_the_context(make_request: Callable[..., Request], make_match: Callable[..., Match]) -> None:
    request = make_request({"User-Agent": "curl/8"})

    assert {name: IdentitySource(f"context.{name}").values(request, make_match()) for name in CONTEXT} == {
        "accountId": ("111122223333",),
        "apiId": ("s4x3opwd6i",),
        "domainName": ("s4x3opwd6i.execute-api.us-east-1.amazonaws.com",),
        "domainPrefix": ("s4x3opwd6i",),
        "extendedRequestId": ("x1=",),
        "httpMethod": ("GET",),
        "identity.sourceIp": ("192.0.2.7",),
        "identity.userAgent": ("curl/8",),
        "path": ("/test/users/1",),
        "protocol": ("HTTP/1.1",),
        "requestId": ("r1",),
        "resourceId": ("abc123",),
        "resourcePath": ("/users/{userId}",),
        "stage": ("test",),
    }


def test_nothing_to_read_is_false() -> None:
    assert not IdentitySource(" , ")
    assert IdentitySource("context.path")


@pytest.mark.parametrize(
    ("expression", "text", "accepted"),
    [
        (None, "anything", True),
        ("", "anything", True),
        ("^Bearer [a-z]+$", "Bearer abc", True),
        ("^Bearer [a-z]+$", "Bearer 123", False),
        ("Bearer", "Bearer abc", True),
        ("abc", "Bearer abc", False),
        (r"\p{Alpha}+", "abc", False),  # Java's own
    ],
)
def test_a_validation_expression_matches_from_the_start(expression: str | None, text: str, accepted: bool) -> None:
    assert IdentityValidation(expression).accepts(text) is accepted
