"""Lambda authorizers: what they are asked, and what their answer means.

Sources: API Gateway Developer Guide, "Input to an API Gateway Lambda authorizer", "Output from an API Gateway Lambda
authorizer", "Use API Gateway Lambda authorizers".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.apigateway.definition import Authorizer, Stage
from windtunnel.apigateway.errors import (
    ACCESS_DENIED,
    AUTHORIZER_CONFIGURATION_ERROR,
    UNAUTHORIZED,
    GatewayError,
)
from windtunnel.apigateway.event import EventBuilder, query_pairs
from windtunnel.apigateway.policy import ALLOW, EXPLICIT_DENY, evaluate
from windtunnel.apigateway.request import Authorization, Caller, Match, Request
from windtunnel.apigateway.resource_policy import ACTION, method_arn

DENIED = "User is not authorized to access this resource with an explicit deny"
NOT_ALLOWED = "User is not authorized to access this resource"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An authorizer's answer; good for every method that its policy speaks of."""

    principal_id: str
    policy: Mapping[str, Any]
    context: Mapping[str, object]
    usage_identifier_key: str | None
    latency_ms: int


def unauthorized() -> GatewayError:
    """The caller did not show who it is."""
    return GatewayError(UNAUTHORIZED, "Unauthorized")


def broken(reason: str) -> GatewayError:
    """The authorizer failed, or says what no authorizer may say."""
    return GatewayError(AUTHORIZER_CONFIGURATION_ERROR, None, reason=f"authorizer: {reason}")


def identity(authorizer: Authorizer, request: Request, stage: Stage) -> tuple[str, ...]:
    """The values of the identity sources: all of them there. Raises GatewayError where one is missing or not valid."""
    values = []
    for source in [part.strip() for part in authorizer.identity_source.split(",") if part.strip()]:
        value = _source(source, request, stage)
        if not value:
            raise unauthorized()
        values.append(value)
    if authorizer.type == "TOKEN" and authorizer.identity_validation:
        try:
            valid = re.fullmatch(authorizer.identity_validation, values[0])
        except re.error as error:
            raise broken(f"its validation expression is no regular expression: {error}") from error
        if valid is None:
            raise unauthorized()
    return tuple(values)


def _source(source: str, request: Request, stage: Stage) -> str | None:
    if source.startswith("method.request.header."):
        return request.lowered.get(source.removeprefix("method.request.header.").lower())
    if source.startswith("method.request.querystring."):
        name = source.removeprefix("method.request.querystring.")
        return dict(query_pairs(request.query)).get(name)
    if source.startswith("stageVariables."):
        return stage.variables.get(source.removeprefix("stageVariables."))
    context = {
        "context.identity.sourceIp": request.source_ip,
        "context.identity.userAgent": request.lowered.get("user-agent"),
        "context.httpMethod": request.http_method,
        "context.path": request.full_path,
        "context.stage": stage.stage_name,
        "context.apiId": stage.api_id,
        "context.accountId": stage.account,
        "context.requestId": request.request_id,
    }
    return context.get(source)


def authorizer_event(
    authorizer: Authorizer, request: Request, match: Match, stage: Stage, identities: tuple[str, ...]
) -> bytes:
    """What the function is asked."""
    arn = method_arn(stage, request)
    if authorizer.type == "TOKEN":
        event = {"type": "TOKEN", "methodArn": arn, "authorizationToken": identities[0]}
        return json.dumps(event).encode()
    event = json.loads(EventBuilder(stage, match.method).build(request, match, Authorization(), Caller()))
    for key in ("body", "isBase64Encoded"):
        del event[key]
    # what has no value is an empty object here, and not null
    maps = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables")
    event |= {key: event[key] or {} for key in maps}
    return json.dumps({"type": "REQUEST", "methodArn": arn, **event}).encode()


def read_verdict(payload: bytes, latency_ms: float) -> Verdict:
    """The function's answer. Raises GatewayError where it is none."""
    try:
        answer = json.loads(payload)
    except ValueError as error:
        raise broken("its answer is not JSON") from error
    if not isinstance(answer, dict) or not isinstance(answer.get("policyDocument"), dict):
        raise broken("its answer has no policyDocument")
    principal = answer.get("principalId")
    if not isinstance(principal, str) or not principal:
        raise broken("its answer has no principalId")
    context = answer.get("context") or {}
    if not isinstance(context, dict) or any(isinstance(value, dict | list) for value in context.values()):
        raise broken("its context has values that are no text, number or boolean")
    key = answer.get("usageIdentifierKey")
    return Verdict(
        principal_id=principal,
        policy=answer["policyDocument"],
        context={name: _text(value) for name, value in context.items()},
        usage_identifier_key=key if isinstance(key, str) else None,
        latency_ms=round(latency_ms),
    )


def failure(payload: bytes) -> GatewayError:
    """A function that raised: "Unauthorized" means just that, everything else is a broken authorizer."""
    try:
        message = json.loads(payload).get("errorMessage")
    except (ValueError, AttributeError):
        message = None
    return unauthorized() if message == "Unauthorized" else broken(f"it failed: {message}")


def apply_verdict(verdict: Verdict, request: Request, stage: Stage, *, cached: bool) -> Authorization:
    """What the verdict means for this request. Raises GatewayError where its policy does not allow it."""
    context = {"aws:sourceip": request.source_ip}
    allowed = evaluate(verdict.policy, ACTION, method_arn(stage, request), context)
    if allowed != ALLOW:
        raise GatewayError(ACCESS_DENIED, DENIED if allowed == EXPLICIT_DENY else NOT_ALLOWED)
    return Authorization(
        principal_id=verdict.principal_id,
        context=verdict.context or {},
        usage_identifier_key=verdict.usage_identifier_key,
        latency_ms=0 if cached else verdict.latency_ms,
    )


def _text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
