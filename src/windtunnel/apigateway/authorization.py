"""The authorizers of a stage at work."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from windtunnel.apigateway.authorizer_cache import AuthorizerCache
from windtunnel.apigateway.authorizer_result import AuthorizerResult
from windtunnel.apigateway.cognito import CognitoAuthorizer, FetchKeys, PoolKeys, VerifiedToken
from windtunnel.apigateway.definition import Authorizer, Method, Stage
from windtunnel.apigateway.errors import API_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN, GatewayError
from windtunnel.apigateway.event import EventBuilder
from windtunnel.apigateway.lambda_authorizer import AuthorizerFailure, LambdaAuthorizer
from windtunnel.apigateway.permission import authorizer_source_arn, may_invoke
from windtunnel.apigateway.request import Authorization, Match, Request
from windtunnel.functions.invoke_error import InvokeError
from windtunnel.functions.plane import FunctionsPlane


@dataclass(frozen=True)
class Answers:
    """What authorizers said, of every stage, and what they need to be asked. One for an edge."""

    functions: FunctionsPlane
    pools: PoolKeys
    clock: Callable[[], float] = time.time
    results: AuthorizerCache[AuthorizerResult] = field(default_factory=AuthorizerCache)
    tokens: AuthorizerCache[VerifiedToken] = field(default_factory=AuthorizerCache)


def answers(functions: FunctionsPlane, fetch: FetchKeys, clock: Callable[[], float]) -> Answers:
    """The one of an edge."""
    return Answers(functions, PoolKeys(fetch), clock)


class MethodAuthorizer:
    """A method's authorization, compiled. `authorize()` raises GatewayError where a request is not let through."""

    def __init__(self, stage: Stage, method: Method, kept: Answers) -> None:
        self._stage = stage
        self._kept = kept
        self._authorizer = method.authorizer
        self._is_iam = method.authorization == "AWS_IAM"
        self._function: LambdaAuthorizer | None = None
        self._pool: CognitoAuthorizer | None = None
        if method.authorizer is not None and not self._is_iam:
            if method.authorization == "COGNITO_USER_POOLS":
                self._pool = CognitoAuthorizer(stage, method.authorizer, kept.pools)
            else:
                self._function = LambdaAuthorizer(stage, method.authorizer, EventBuilder(stage, method))

    async def authorize(self, request: Request, match: Match, *, allowed_by_policy: bool) -> Authorization:
        """What the authorizer says of a request; `allowed_by_policy`: the API's own policy lets it in."""
        kept = self._kept
        if self._is_iam:
            return _signed(request)
        if self._pool is not None:
            return await self._pool.authorize(request, match, kept.tokens, kept.clock())
        if self._function is None:
            raise GatewayError(API_CONFIGURATION_ERROR, "Internal server error", reason="the authorizer is not there")
        return await self._function.authorize(
            request, match, self._invoke, kept.results, kept.clock, allowed_by_policy=allowed_by_policy
        )

    async def _invoke(self, arn: str, event: bytes) -> bytes | AuthorizerFailure:
        functions, stage, authorizer = self._kept.functions, self._stage, self._authorizer
        assert isinstance(authorizer, Authorizer)
        try:
            target = functions.find(arn, account=stage.account, region=stage.region)
            source = authorizer_source_arn(stage, authorizer)
            if not authorizer.credentials and not may_invoke(target.policy, target.arn, source, stage.account):
                return AuthorizerFailure(f"no permission to invoke {target.arn} for {source}")
            result = await functions.invoke(target, event)
        except InvokeError as error:
            return AuthorizerFailure(f"{error.type}: {error}")
        return AuthorizerFailure.from_payload(result.payload) if result.error else result.payload


def _signed(request: Request) -> Authorization:
    """An AWS_IAM method wants a signature; whose it is, nobody checks here."""
    header = request.lowered.get("authorization", "").lower()
    if "x-amz-signature" not in request.query.lower() and "signature=" not in header:
        raise GatewayError(MISSING_AUTHENTICATION_TOKEN, "Missing Authentication Token")
    return Authorization()
