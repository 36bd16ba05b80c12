"""Cognito user pools as authorizers: a pool's own tokens, checked with its own keys.

Sources: API Gateway Developer Guide, "Control access to REST APIs using Amazon Cognito user pools as an authorizer";
Cognito Developer Guide, "Verifying JSON web tokens".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jwt

from windtunnel.apigateway.definition import Method
from windtunnel.apigateway.errors import UNAUTHORIZED, GatewayError

EXPIRED = "The incoming token has expired"


def token_of(header: str | None) -> str:
    """The token in an Authorization header, with or without "Bearer ". Raises GatewayError where there is none."""
    text = (header or "").strip()
    token = text[7:].strip() if text.lower().startswith("bearer ") else text
    if not token:
        raise GatewayError(UNAUTHORIZED, "Unauthorized")
    return token


def key_id(token: str) -> str:
    """Which of a pool's keys a token was signed with. Raises GatewayError where it is no token."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except jwt.InvalidTokenError as error:
        raise _refused(f"not a token: {error}") from error
    if not isinstance(kid, str):
        raise _refused("a token without a key id")
    return kid


def pool_of(token: str) -> str:
    """The pool that a token says it is from; nothing is verified yet."""
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except jwt.InvalidTokenError as error:
        raise _refused(f"not a token: {error}") from error
    return str(issuer or "").rsplit("/", 1)[-1]


def verified_claims(token: str, jwk: Mapping[str, Any], method: Method, now: float) -> Mapping[str, Any]:
    """A token's claims, once its signature, times, use and scopes are found good. Raises GatewayError."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK.from_dict(dict(jwk), algorithm="RS256").key,
            algorithms=["RS256"],
            # the clock is the caller's, and API Gateway asks for no particular client
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
        )
    except (jwt.InvalidTokenError, jwt.PyJWKError, ValueError) as error:
        raise _refused(f"the token does not verify: {error}") from error
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or expires <= now:
        raise GatewayError(UNAUTHORIZED, EXPIRED)
    use = claims.get("token_use")
    if method.authorization_scopes:
        granted = set(str(claims.get("scope", "")).split())
        if use != "access" or not granted & set(method.authorization_scopes):
            raise _refused("not an access token with one of the method's scopes")
    elif use != "id":
        raise _refused("not an id token, and the method names no scopes")
    return claims


def claims_context(claims: Mapping[str, Any]) -> Mapping[str, object]:
    """requestContext.authorizer: every claim as text."""
    return {"claims": {name: _text(value) for name, value in claims.items()}}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(_text(entry) for entry in value)
    return json.dumps(value)


def _refused(reason: str) -> GatewayError:
    return GatewayError(UNAUTHORIZED, "Unauthorized", reason=f"user pool: {reason}")
