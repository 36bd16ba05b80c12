"""Lambda authorizers and Cognito user pools.

Sources: API Gateway Developer Guide, "Use API Gateway Lambda authorizers", "Input to an API Gateway Lambda authorizer",
"Output from an API Gateway Lambda authorizer" and "Control access to REST APIs using Amazon Cognito user pools".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import requests

    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws

DENIED = "User is not authorized to access this resource with an explicit deny"
NOT_ALLOWED = "User is not authorized to access this resource"


def ask(gateway: Api, kind: str, word: str) -> requests.Response:
    """A request to the method with a TOKEN or a REQUEST authorizer; the word decides."""
    if kind == "token":
        return gateway.get("/token", headers={"Authorization": word})
    return gateway.get("/request", params={"auth": word})


@pytest.mark.parametrize("kind", ["token", "request"])
def test_what_an_authorizer_allows_gets_its_context(gateway: Api, kind: str) -> None:
    response = ask(gateway, kind, "allow")

    assert response.status_code == 200
    authorizer = response.json()["requestContext"]["authorizer"]
    assert authorizer["principalId"] == "user-allow"
    # every value is text in the event
    assert (authorizer["word"], authorizer["number"], authorizer["flag"]) == ("allow", "7", "true")
    assert isinstance(authorizer["integrationLatency"], int)


@pytest.mark.parametrize("kind", ["token", "request"])
@pytest.mark.parametrize(
    ("word", "status", "body", "error_type"),
    [
        ("deny", 403, {"Message": DENIED}, "AccessDeniedException"),
        ("elsewhere", 403, {"Message": NOT_ALLOWED}, "AccessDeniedException"),
        ("unauthorized", 401, {"message": "Unauthorized"}, "UnauthorizedException"),
        ("broken", 500, {"message": None}, "AuthorizerConfigurationException"),
    ],
)
def test_what_an_authorizer_does_not_allow_is_refused(
    gateway: Api, kind: str, word: str, status: int, body: dict[str, object], error_type: str
) -> None:
    response = ask(gateway, kind, word)

    assert (response.status_code, response.json()) == (status, body)
    assert response.headers["x-amzn-ErrorType"] == error_type


@pytest.mark.parametrize("headers", [{}, {"Authorization": "NOT-LOWER-CASE-123"}])
def test_a_token_that_is_missing_or_does_not_match_is_unauthorized(gateway: Api, headers: dict[str, str]) -> None:
    response = gateway.get("/token", headers=headers)

    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


def test_a_request_without_the_identity_source_is_unauthorized(gateway: Api) -> None:
    response = gateway.get("/request")

    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


def test_an_answer_is_kept_for_as_long_as_the_authorizer_says(gateway: Api) -> None:
    first = ask(gateway, "token", "cached").json()["requestContext"]["authorizer"]["called"]
    again = ask(gateway, "token", "cached").json()["requestContext"]["authorizer"]["called"]
    uncached = [ask(gateway, "request", "fresh").json()["requestContext"]["authorizer"]["called"] for _ in range(2)]

    assert first == again
    assert uncached[0] != uncached[1]


def sign_in(aws: Aws, pool: str, client: str) -> dict[str, str]:
    """The tokens of a user of the pool, who is made where there is none yet."""
    cognito = aws.client("cognito-idp")
    if not cognito.list_users(UserPoolId=pool)["Users"]:
        cognito.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
        cognito.admin_set_user_password(UserPoolId=pool, Username="ada", Password="Secret-1234", Permanent=True)
    secrets = {"USERNAME": "ada", "PASSWORD": "Secret-1234"}
    answer = cognito.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=secrets)
    tokens: dict[str, str] = answer["AuthenticationResult"]
    return tokens


@pytest.fixture(scope="module")
def tokens(gateway_stack: Stack, gateway_aws: Aws) -> dict[str, str]:
    return sign_in(gateway_aws, gateway_stack.outputs["Pool"], gateway_stack.outputs["Client"])


def test_a_user_pool_s_identity_token_lets_in_and_its_claims_go_on(gateway: Api, tokens: dict[str, str]) -> None:
    response = gateway.get("/signed-in", headers={"Authorization": tokens["IdToken"]})

    assert response.status_code == 200
    claims = response.json()["requestContext"]["authorizer"]["claims"]
    assert (claims["cognito:username"], claims["token_use"]) == ("ada", "id")
    assert isinstance(claims["exp"], str)


def test_a_method_without_scopes_wants_an_identity_token(gateway: Api, tokens: dict[str, str]) -> None:
    # "Integrate a REST API with an Amazon Cognito user pool": what a method with and one without scopes take
    response = gateway.get("/signed-in", headers={"Authorization": tokens["AccessToken"]})

    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


def test_a_scope_that_an_access_token_has_not_is_refused(gateway: Api, tokens: dict[str, str]) -> None:
    response = gateway.post("/signed-in", headers={"Authorization": tokens["AccessToken"]})

    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


def test_another_pool_s_token_a_changed_one_and_none_are_unauthorized(
    gateway: Api, gateway_stack: Stack, gateway_aws: Aws, tokens: dict[str, str]
) -> None:
    outputs = gateway_stack.outputs
    foreign = sign_in(gateway_aws, outputs["OtherPool"], outputs["OtherClient"])["IdToken"]
    header, payload, signature = tokens["IdToken"].split(".")
    changed = f"{header}.{payload}.{signature[:-6]}AAAAAA"

    for headers in ({}, {"Authorization": foreign}, {"Authorization": changed}, {"Authorization": "word"}):
        response = gateway.get("/signed-in", headers=headers)

        assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"}), headers
