"""API Gateway Developer Guide, "Control access to REST APIs using Amazon Cognito user pools as an authorizer"."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from windtunnel.apigateway.authorizer_cache import AuthorizerCache
from windtunnel.apigateway.cognito import REFETCH, CognitoAuthorizer, PoolKeys, VerifiedToken, claim_text
from windtunnel.apigateway.definition import Authorizer, Stage
from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.request import Authorization, Match, Request

POOL = "arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_one"
OTHER = "arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_two"
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_one"
NOW = 1_680_629_979.0
UNAUTHORIZED = (401, "UnauthorizedException", "Unauthorized")
EXPIRED = (401, "UnauthorizedException", "The incoming token has expired")


@pytest.fixture(scope="module")
def keys() -> dict[str, rsa.RSAPrivateKey]:
    return {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("k1", "k2")}


def jwks(keys: Mapping[str, rsa.RSAPrivateKey], *names: str) -> dict[str, Any]:
    entries = [{**RSAAlgorithm.to_jwk(keys[name].public_key(), as_dict=True), "kid": name} for name in names]
    return {"keys": [*entries, {"kty": "EC", "kid": "ec"}, {"kty": "RSA"}]}


@dataclass
class Pools:
    """User pools, and who asked for their keys."""

    documents: dict[str, Any]
    asked: list[str] = field(default_factory=list)

    async def fetch(self, arn: str) -> Mapping[str, Any] | None:
        self.asked.append(arn)
        return self.documents.get(arn)


@dataclass
class Gateway:
    """An authorizer of a pool, a cache, and tokens to ask about."""

    authorizer: CognitoAuthorizer
    pools: Pools
    keys: Mapping[str, rsa.RSAPrivateKey]
    request: Callable[..., Request]
    match: Callable[..., Match]
    cache: AuthorizerCache[VerifiedToken] = field(default_factory=AuthorizerCache)

    def token(self, kid: str = "k1", signed_with: str = "", **claims: Any) -> str:
        given = {"iss": ISSUER, "exp": NOW + 60, "iat": NOW, "token_use": "id", "aud": "client", **claims}
        claims = {name: int(value) if isinstance(value, float) else value for name, value in given.items()}
        return jwt.encode(claims, self.keys[signed_with or kid], algorithm="RS256", headers={"kid": kid})

    def ask(self, token: str, *, now: float = NOW, **method: Any) -> Authorization:
        request, match = self.request({"Authorization": token}), self.match(**method)
        return asyncio.run(self.authorizer.authorize(request, match, self.cache, now))

    def refusal(self, token: str, **given: Any) -> tuple[Any, ...]:
        with pytest.raises(GatewayError) as caught:
            self.ask(token, **given)
        return caught.value.kind.status, caught.value.kind.exception, caught.value.message


@pytest.fixture
def make_gateway(
    keys: dict[str, rsa.RSAPrivateKey],
    make_stage: Callable[..., Stage],
    make_authorizer: Callable[..., Authorizer],
    make_request: Callable[..., Request],
    make_match: Callable[..., Match],
) -> Callable[..., Gateway]:
    def make(**given: Any) -> Gateway:
        pools = Pools({POOL: jwks(keys, "k1")})
        authorizer = make_authorizer(**{"type": "COGNITO_USER_POOLS", "provider_arns": (POOL,), **given})
        compiled = CognitoAuthorizer(make_stage(), authorizer, PoolKeys(pools.fetch))
        return Gateway(compiled, pools, keys, make_request, make_match)

    return make


@pytest.mark.parametrize("scheme", ["", "Bearer ", "bearer "])
def test_a_pools_id_token_passes_with_its_claims(scheme: str, make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway()
    token = gateway.token(sub="me", email_verified=True)

    authorization = gateway.ask(scheme + token)

    claims = (authorization.context or {})["claims"]
    assert claims == {
        "iss": ISSUER,
        "exp": "Tue Apr 04 17:40:39 UTC 2023",
        "iat": "Tue Apr 04 17:39:39 UTC 2023",
        "token_use": "id",
        "aud": "client",
        "sub": "me",
        "email_verified": "true",
    }


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        # a recorded event: cognito:groups 'team_manager', phone_number_verified 'true', auth_time '1680629979',
        # exp 'Tue Apr 04 18:39:39 UTC 2023'
        ("exp", 1680633579, "Tue Apr 04 18:39:39 UTC 2023"),
        ("iat", "soon", "soon"),
        ("auth_time", 1680629979, "1680629979"),
        ("phone_number_verified", True, "true"),
        ("cognito:groups", ["team_manager"], "team_manager"),
        ("cognito:groups", ["admin", "user"], "admin,user"),
        ("identities", [{"userId": "1"}], '{"userId":"1"}'),
        ("custom:nothing", None, "null"),
    ],
)
def test_claims_are_told_as_text(name: str, value: object, text: str) -> None:
    assert claim_text(name, value) == text


def test_without_a_token_a_request_is_unauthorized(make_gateway: Callable[..., Gateway]) -> None:
    assert make_gateway().refusal("") == UNAUTHORIZED
    assert make_gateway(identity_source=",").refusal("token") == UNAUTHORIZED


@pytest.mark.parametrize("token", ["nonsense", "Bearer ", "a.b.c", "é.é.é"])
def test_what_is_no_token_is_unauthorized(token: str, make_gateway: Callable[..., Gateway]) -> None:
    assert make_gateway().refusal(token) == UNAUTHORIZED


def test_a_token_of_another_pool_or_key_is_unauthorized(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway()

    assert gateway.refusal(gateway.token(iss=ISSUER.replace("one", "two"))) == UNAUTHORIZED
    assert gateway.refusal(gateway.token(kid="k2")) == UNAUTHORIZED
    assert gateway.refusal(gateway.token(signed_with="k2")) == UNAUTHORIZED


def test_a_token_has_to_be_signed_with_rs256(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway()
    claims = {"iss": ISSUER, "exp": int(NOW) + 60, "token_use": "id"}
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": "k1"})
    secret = jwt.encode(claims, "k" * 64, algorithm="HS256", headers={"kid": "k1"})

    assert gateway.refusal(unsigned) == UNAUTHORIZED
    assert gateway.refusal(secret) == UNAUTHORIZED


def test_an_expired_token_is_told(make_gateway: Callable[..., Gateway]) -> None:
    # recorded: 401 {"message":"The incoming token has expired"}
    gateway = make_gateway()

    assert gateway.refusal(gateway.token(exp=NOW)) == EXPIRED
    assert gateway.refusal(gateway.token(exp="never")) == EXPIRED
    # also one that was verified before it expired
    token = gateway.token()
    gateway.ask(token)
    assert gateway.refusal(token, now=NOW + 60) == EXPIRED


def test_a_method_without_scopes_takes_id_tokens(make_gateway: Callable[..., Gateway]) -> None:
    # "If you don't configure authorization scopes, API Gateway treats the supplied token as an identity token"
    gateway = make_gateway()

    assert gateway.refusal(gateway.token(token_use="access", scope="api/read")) == UNAUTHORIZED


def test_a_method_with_scopes_takes_access_tokens_with_one_of_them(make_gateway: Callable[..., Gateway]) -> None:
    # "the call is authorized if any scope specified on the API method matches a scope claimed in the incoming token"
    gateway = make_gateway()
    scopes = ("api/read", "api/write")

    gateway.ask(gateway.token(token_use="access", scope="openid api/write"), authorization_scopes=scopes)

    for claims in ({"token_use": "access", "scope": "openid"}, {"token_use": "access"}, {"scope": "api/read"}):
        assert gateway.refusal(gateway.token(**claims), authorization_scopes=scopes) == UNAUTHORIZED


def test_the_validation_expression_is_for_the_audience(make_gateway: Callable[..., Gateway]) -> None:
    # CreateAuthorizer: "API Gateway will match the aud field of the incoming token from the client"
    gateway = make_gateway(identity_validation="^client$")

    gateway.ask(gateway.token())
    access = gateway.token(aud=None, client_id="client", token_use="access", scope="s")
    gateway.ask(access, authorization_scopes=("s",))
    assert gateway.refusal(gateway.token(aud="other")) == UNAUTHORIZED
    assert gateway.refusal(gateway.token(aud=None)) == UNAUTHORIZED


def test_an_authorizer_may_have_several_pools_and_stage_variables(
    keys: dict[str, rsa.RSAPrivateKey], make_gateway: Callable[..., Gateway]
) -> None:
    # "arn:aws:cognito-idp:us-east-2:111122223333:userpool/${stageVariables.MyUserPool}"
    variable = POOL.replace("us-east-1_one", "${stageVariables.Var}")
    gateway = make_gateway(provider_arns=(OTHER, variable))
    gateway.pools.documents = {OTHER: jwks(keys, "k2"), POOL.replace("us-east-1_one", "value"): jwks(keys, "k1")}

    gateway.ask(gateway.token(iss="https://localhost:4566/value"))
    gateway.ask(gateway.token(kid="k2", iss=ISSUER.replace("one", "two")))


def test_a_pool_that_is_not_there_is_the_apis_fault(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway()
    gateway.pools.documents = {}

    assert gateway.refusal(gateway.token()) == (500, "AuthorizerConfigurationException", None)


def test_keys_are_fetched_once_and_for_an_unknown_one_now_and_then(
    keys: dict[str, rsa.RSAPrivateKey], make_gateway: Callable[..., Gateway]
) -> None:
    gateway = make_gateway(ttl=0)

    for _ in range(3):
        gateway.ask(gateway.token())
    assert len(gateway.pools.asked) == 1
    for _ in range(3):
        gateway.refusal(gateway.token(kid="k2"), now=NOW + 1)
    assert len(gateway.pools.asked) == 1

    # the pool has rotated its keys
    gateway.pools.documents[POOL] = jwks(keys, "k1", "k2")
    gateway.ask(gateway.token(kid="k2"), now=NOW + REFETCH)
    assert len(gateway.pools.asked) == 2


def test_a_verified_token_is_not_verified_again(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway()
    token = gateway.token()

    gateway.ask(token)
    gateway.pools.documents.clear()
    gateway.ask(token)

    assert len(gateway.cache) == 1
    assert gateway.pools.asked == [POOL]
