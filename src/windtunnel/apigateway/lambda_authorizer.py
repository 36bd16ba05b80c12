"""Lambda authorizers, TOKEN and REQUEST: whether a function of the API's owner lets a request pass.

Sources: API Gateway Developer Guide, "Use API Gateway Lambda authorizers", "Input to" and "Output from an API Gateway
Lambda authorizer"; API reference, "CreateAuthorizer"; AWS knowledge center, "How do I troubleshoot HTTP 403 errors
when using a Lambda authorizer" (both words of 403) and, recorded, 401 {"message":"Unauthorized"} for the error
"Unauthorized" and 500 {"message":null} for every other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from windtunnel.apigateway.authorizer_cache import AuthorizerCache, cache_key
from windtunnel.apigateway.authorizer_result import AuthorizerResult, AuthorizerResultError, parse_result
from windtunnel.apigateway.definition import Authorizer, Stage
from windtunnel.apigateway.errors import (
    ACCESS_DENIED,
    AUTHORIZER_CONFIGURATION_ERROR,
    UNAUTHORIZED,
    GatewayError,
)
from windtunnel.apigateway.identity_source import IdentitySource, IdentityValidation
from windtunnel.apigateway.request import Authorization, Caller, Match, Request
from windtunnel.apigateway.resource_policy import INVOKE, conditions_of, method_arn

_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
_REQUEST_KEYS = (
    "resource",
    "path",
    "httpMethod",
    "headers",
    "multiValueHeaders",
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "pathParameters",
    "stageVariables",
    "requestContext",
)


class EventBuilder(Protocol):
    """What makes the event of a Lambda proxy integration, as JSON."""

    def build(self, request: Request, match: Match, authorization: Authorization, caller: Caller) -> bytes: ...


@dataclass(frozen=True, slots=True)
class AuthorizerFailure:
    """An authorizer function that gave no answer: it raised, timed out, is not there or may not be invoked."""

    message: str
    """The errorMessage of one that raised: "Unauthorized" is its way to say 401."""

    @classmethod
    def from_payload(cls, payload: bytes) -> AuthorizerFailure:
        """Of a function's error as Lambda has it: {"errorMessage": ...}."""
        try:
            error = json.loads(payload)
        except (ValueError, RecursionError):
            error = None
        return cls(str(error.get("errorMessage", "")) if isinstance(error, dict) else "")


Invoke = Callable[[str, bytes], Awaitable[bytes | AuthorizerFailure]]
"""Invoke a function by its ARN with an event."""


class LambdaAuthorizer:
    """One authorizer of a deployed stage, compiled."""

    def __init__(self, stage: Stage, authorizer: Authorizer, events: EventBuilder) -> None:
        self._stage = stage
        self._authorizer = authorizer
        self._events = events
        self._identity = IdentitySource(authorizer.identity_source)
        self._is_token = authorizer.type == "TOKEN"
        # the validation expression "does not apply to the REQUEST authorizer"
        self._validation = IdentityValidation(authorizer.identity_validation if self._is_token else None)
        self._function = function_arn(authorizer.uri, stage)

    async def authorize(
        self,
        request: Request,
        match: Match,
        invoke: Invoke,
        cache: AuthorizerCache[AuthorizerResult],
        clock: Callable[[], float],
        *,
        allowed_by_policy: bool = False,
    ) -> Authorization:
        """Let a request pass, or raise GatewayError: 401, 403, or 500 where the authorizer cannot be used.

        `allowed_by_policy`: the API's resource policy has an allow for it, which is enough where the authorizer's
        policy is silent (Table A). `clock`: seconds, of any epoch.
        """
        identity = self._identity.values(request, match)
        if identity is None or (self._is_token and not (identity and self._validation.accepts(identity[0]))):
            raise GatewayError(UNAUTHORIZED, "Unauthorized", reason="the identity source is absent or not valid")

        # without an identity source there is nothing to tell callers apart by
        ttl = self._authorizer.ttl if identity else 0
        key = cache_key(self._stage, self._authorizer, identity)
        started = clock()
        result = cache.get(key, started) if ttl else None
        latency = 0
        if result is None:
            result = await self._ask(request, match, identity, invoke)
            ended = clock()
            latency = round((ended - started) * 1000)
            cache.put(key, result, ttl, ended)
        return self._settle(request, result, latency, allowed_by_policy)

    async def _ask(self, request: Request, match: Match, identity: tuple[str, ...], invoke: Invoke) -> AuthorizerResult:
        event = self.token_event(request, identity[0]) if self._is_token else self.request_event(request, match)
        answer = await invoke(self._function, event)
        if isinstance(answer, AuthorizerFailure):
            if answer.message == "Unauthorized":
                raise GatewayError(UNAUTHORIZED, "Unauthorized", reason="the authorizer function says Unauthorized")
            raise GatewayError(AUTHORIZER_CONFIGURATION_ERROR, None, reason=f"authorizer error: {answer.message}")
        try:
            return parse_result(answer)
        except AuthorizerResultError as error:
            raise GatewayError(AUTHORIZER_CONFIGURATION_ERROR, None, reason=str(error)) from error

    def token_event(self, request: Request, token: str) -> bytes:
        """The event of a TOKEN authorizer."""
        event = {"type": "TOKEN", "authorizationToken": token, "methodArn": method_arn(request)}
        return json.dumps(event, separators=(",", ":")).encode()

    def request_event(self, request: Request, match: Match) -> bytes:
        """The event of a REQUEST authorizer: the proxy event without a body, and with {} where that has null."""
        proxy: dict[str, Any] = json.loads(self._events.build(request, match, Authorization(), Caller()))
        event: dict[str, Any] = {"type": "REQUEST", "methodArn": method_arn(request)}
        for name in _REQUEST_KEYS:
            value = proxy.get(name)
            event[name] = {} if value is None else value
        return json.dumps(event, separators=(",", ":")).encode()

    @staticmethod
    def _settle(request: Request, result: AuthorizerResult, latency: int, allowed_by_policy: bool) -> Authorization:
        # also a result from the cache is asked anew: its policy may be about other methods
        context = conditions_of(request) if result.policy.conditional else None
        decision = result.policy.evaluate(INVOKE, method_arn(request), context)
        if decision == "allow" or (decision == "implicit deny" and allowed_by_policy):
            return Authorization(result.principal_id, result.context, result.usage_identifier_key, latency)
        suffix = " with an explicit deny" if decision == "explicit deny" else ""
        raise GatewayError(
            ACCESS_DENIED,
            "User is not authorized to access this resource" + suffix,
            reason=f"the authorizer's policy: {decision}",
            authorizer=result.context,
        )


def function_arn(uri: str, stage: Stage) -> str:
    """The function of an authorizer's or integration's URI, with stage variables in their places.

    arn:aws:apigateway:region:lambda:path/2015-03-31/functions/ARN/invocations
    """
    _, found, rest = uri.partition("/functions/")
    arn = rest.removesuffix("/invocations") if found else uri
    return _STAGE_VARIABLE.sub(lambda variable: stage.variables.get(variable[1], ""), arn)
