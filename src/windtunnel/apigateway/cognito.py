"""COGNITO_USER_POOLS authorizers: whether a token is of one of the authorizer's user pools, and good for the method.

Sources: API Gateway Developer Guide, "Control access to REST APIs using Amazon Cognito user pools" (an identity token,
or an access token with one of the method's scopes where it has any); API reference, "CreateAuthorizer" (the validation
expression is for the audience); Cognito Developer Guide, "Verifying JSON web tokens"; recorded answers of AWS: 401
{"message":"Unauthorized"} and {"message":"The incoming token has expired"}; recorded events: claims are all text, exp
and iat as dates ("Tue Apr 04 18:39:39 UTC 2023") and auth_time not, true and false, lists joined by commas.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from windtunnel.apigateway.authorizer_cache import AuthorizerCache, cache_key
from windtunnel.apigateway.definition import Authorizer, Method, Stage
from windtunnel.apigateway.errors import AUTHORIZER_CONFIGURATION_ERROR, UNAUTHORIZED, GatewayError
from windtunnel.apigateway.identity_source import IdentitySource, IdentityValidation
from windtunnel.apigateway.lambda_authorizer import function_arn
from windtunnel.apigateway.request import Authorization, Match, Request

FetchKeys = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""A user pool's JWKS by the pool's ARN; None where there is no such pool."""
REFETCH = 10.0
"""Seconds before a pool is asked again for a key that it did not have."""
_DATES = ("exp", "iat")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(slots=True)
class _Pool:
    fetched: float
    keys: dict[str, jwt.PyJWK] | None


class PoolKeys:
    """The signing keys of user pools, fetched when they are wanted."""

    def __init__(self, fetch: FetchKeys) -> None:
        self._fetch = fetch
        self._pools: dict[str, _Pool] = {}

    async def key(self, pool_arn: str, key_id: str, now: float) -> jwt.PyJWK | None:
        """A pool's key by its kid, None where it has none such. Raises LookupError where there is no such pool."""
        pool = self._pools.get(pool_arn)
        if pool is None or (key_id not in (pool.keys or ()) and now - pool.fetched >= REFETCH):
            document = await self._fetch(pool_arn)
            pool = self._pools[pool_arn] = _Pool(now, None if document is None else _signing_keys(document))
        if pool.keys is None:
            raise LookupError(pool_arn)
        return pool.keys.get(key_id)


def _signing_keys(document: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    return {
        entry["kid"]: jwt.PyJWK.from_dict(entry, algorithm="RS256")
        for entry in document.get("keys") or ()
        if entry.get("kty") == "RSA" and "kid" in entry
    }


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """The claims of a token whose signature is good: as they are, and as events have them."""

    claims: Mapping[str, Any]
    texts: Mapping[str, str]


class CognitoAuthorizer:
    """One authorizer of a deployed stage, compiled."""

    def __init__(self, stage: Stage, authorizer: Authorizer, keys: PoolKeys) -> None:
        self._stage = stage
        self._authorizer = authorizer
        self._keys = keys
        self._identity = IdentitySource(authorizer.identity_source)
        self._audience = IdentityValidation(authorizer.identity_validation)
        arns = [function_arn(arn, stage) for arn in authorizer.provider_arns]
        self._pools = {arn.rpartition("/")[2]: arn for arn in arns}

    async def authorize(
        self, request: Request, match: Match, cache: AuthorizerCache[VerifiedToken], now: float
    ) -> Authorization:
        """Let a request pass, or raise GatewayError: 401; 500 where its pool is not there.

        `cache` keeps verified tokens; `now`: seconds since the epoch. What a token allows is asked every time.
        """
        identity = self._identity.values(request, match)
        if not identity:
            raise _unauthorized("no token")
        key = cache_key(self._stage, self._authorizer, identity)
        token = cache.get(key, now)
        if token is None:
            token = await self._verify(_without_scheme(identity[0]), now)
            cache.put(key, token, self._authorizer.ttl, now)
        self._check(token.claims, match.method, now)
        return Authorization(context={"claims": token.texts})

    async def _verify(self, token: str, now: float) -> VerifiedToken:
        try:
            header = jwt.get_unverified_header(token)
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
            pool = self._pools.get(str(issuer).rpartition("/")[2])
            if pool is None:
                raise _unauthorized(f"the token's issuer {issuer} is none of the authorizer's user pools")
            key = await self._keys.key(pool, str(header.get("kid")), now)
            if key is None:
                raise _unauthorized(f"the token is not signed with a key of {pool}")
            # what it allows, and until when, is asked of each request
            options: Any = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}
            claims = jwt.decode(token, key, algorithms=["RS256"], options=options)
        except jwt.PyJWTError as error:
            raise _unauthorized(f"the token cannot be verified: {error}") from error
        except LookupError as error:
            raise GatewayError(AUTHORIZER_CONFIGURATION_ERROR, None, reason=f"no user pool {error}") from error
        return VerifiedToken(claims, {name: claim_text(name, value) for name, value in claims.items()})

    def _check(self, claims: Mapping[str, Any], method: Method, now: float) -> None:
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or expires <= now:
            raise GatewayError(UNAUTHORIZED, "The incoming token has expired", reason=f"expired at {expires}")
        use = claims.get("token_use")
        if method.authorization_scopes:
            granted = str(claims.get("scope", "")).split()
            if use != "access" or not any(scope in granted for scope in method.authorization_scopes):
                raise _unauthorized(f"the {use} token has none of the scopes {', '.join(method.authorization_scopes)}")
        elif use != "id":
            raise _unauthorized(f"a method without scopes takes an id token, not one for {use}")
        audience = str(claims.get("aud") or claims.get("client_id") or "")
        if not self._audience.accepts(audience):
            raise _unauthorized(f"the token is for {audience}")


def claim_text(name: str, value: object) -> str:
    """A claim as requestContext.authorizer.claims has it."""
    if name in _DATES and isinstance(value, int | float):
        return _java_date(value)
    if isinstance(value, list):
        return ",".join(claim_text("", one) for one in value)
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _java_date(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day} {month} {moment.day:02} {moment:%H:%M:%S} UTC {moment.year}"


def _without_scheme(value: str) -> str:
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else value


def _unauthorized(reason: str) -> GatewayError:
    return GatewayError(UNAUTHORIZED, "Unauthorized", reason=reason)
