"""What a Lambda authorizer answers: read, checked, and its policy compiled.

Sources: API Gateway Developer Guide, "Output from an API Gateway Lambda authorizer": principalId and policyDocument
have to be there, a context has no objects or arrays, its values are told as text ("numberKey": "123", "booleanKey":
"true" in recorded events). Anything else is AuthorizerConfigurationException, 500 {"message":null}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.apigateway.policy import Policy, PolicyError, compile_policy


class AuthorizerResultError(Exception):
    """An authorizer's answer that API Gateway cannot use; says why."""


@dataclass(frozen=True, slots=True)
class AuthorizerResult:
    """An authorizer's answer."""

    principal_id: str
    policy: Policy
    context: Mapping[str, str]
    """With principalId at its end, as events have it."""
    usage_identifier_key: str | None


def parse_result(payload: bytes) -> AuthorizerResult:
    """Read an authorizer function's answer. Raises AuthorizerResultError."""
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        raise AuthorizerResultError("the authorizer's answer is not JSON") from None
    if not isinstance(answer, dict):
        raise AuthorizerResultError("the authorizer's answer is not an object")
    principal = answer.get("principalId")
    if principal is None or isinstance(principal, dict | list):
        raise AuthorizerResultError("the authorizer's answer has no principalId")
    try:
        policy = compile_policy(answer.get("policyDocument"))
    except PolicyError as error:
        raise AuthorizerResultError(f"the authorizer's policyDocument cannot be used: {error}") from error
    key = answer.get("usageIdentifierKey")
    if key is not None and not isinstance(key, str):
        raise AuthorizerResultError("the authorizer's usageIdentifierKey is not a text")
    context = _context(answer.get("context"))
    return AuthorizerResult(_text(principal), policy, {**context, "principalId": _text(principal)}, key)


def _context(entries: object) -> dict[str, str]:
    if entries is None:
        return {}
    if not isinstance(entries, dict):
        raise AuthorizerResultError("the authorizer's context is not an object")
    for name, value in entries.items():
        if isinstance(value, dict | list):
            raise AuthorizerResultError(f"the authorizer's context has an object or array as {name}")
    return {name: _text(value) for name, value in entries.items() if value is not None}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
