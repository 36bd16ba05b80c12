"""The authorizers at work: who is asked, and what is remembered of the answers."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from windtunnel.apigateway.cognito import claims_context, key_id, pool_of, token_of, verified_claims
from windtunnel.apigateway.definition import Authorizer, Stage
from windtunnel.apigateway.errors import (
    API_CONFIGURATION_ERROR,
    MISSING_AUTHENTICATION_TOKEN,
    UNAUTHORIZED,
    GatewayError,
)
from windtunnel.apigateway.integration import LAMBDA_URI, STAGE_VARIABLE
from windtunnel.apigateway.lambda_authorizer import (
    Verdict,
    apply_verdict,
    authorizer_event,
    broken,
    failure,
    identity,
    read_verdict,
)
from windtunnel.apigateway.permission import authorizer_arn, may_invoke
from windtunnel.apigateway.request import Authorization, Match, Request
from windtunnel.functions.failure import InvokeError
from windtunnel.functions.plane import FunctionsPlane, Target

MOST_VERDICTS = 10_000
REFETCH_SECONDS = 5.0
"""How often a key that is not there is looked for."""

UserPoolKeys = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""Takes a user pool's id; gives its JWKS, or None where there is no such pool."""


class Authorizers:
    """Answers are kept for as long as an authorizer says."""

    def __init__(
        self, functions: FunctionsPlane, user_pool_keys: UserPoolKeys, clock: Callable[[], float] = time.time
    ) -> None:
        self._functions = functions
        self._user_pool_keys = user_pool_keys
        self._clock = clock
        self._verdicts: OrderedDict[tuple[object, ...], tuple[float, Verdict]] = OrderedDict()
        self._jwks: dict[str, tuple[float, Mapping[str, Mapping[str, Any]]]] = {}

    async def authorize(self, stage: Stage, match: Match, request: Request) -> Authorization:
        """What the method's authorizer says of a request. Raises GatewayError where it is not let through."""
        method = match.method
        if method.authorization == "AWS_IAM":
            return _signed(request)
        if method.authorizer is None:
            raise GatewayError(API_CONFIGURATION_ERROR, "Internal server error", reason="the authorizer is not there")
        if method.authorization == "COGNITO_USER_POOLS":
            return await self._by_user_pool(method.authorizer, match, request)
        return await self._by_function(stage, method.authorizer, match, request)

    # --- Lambda ---------------------------------------------------------------------------------------------------

    async def _by_function(self, stage: Stage, authorizer: Authorizer, match: Match, request: Request) -> Authorization:
        identities = identity(authorizer, request, stage)
        key = (stage.api_id, stage.stage_name, stage.deployment_id, authorizer.id, identities)
        if authorizer.ttl > 0:
            kept = self._verdicts.get(key)
            if kept is not None and self._clock() < kept[0]:
                return apply_verdict(kept[1], request, stage, cached=True)
        event = authorizer_event(authorizer, request, match, stage, identities)
        verdict = await self._ask(stage, authorizer, event, request.trace_id)
        if authorizer.ttl > 0:
            self._verdicts[key] = (self._clock() + authorizer.ttl, verdict)
            if len(self._verdicts) > MOST_VERDICTS:
                self._verdicts.popitem(last=False)
        return apply_verdict(verdict, request, stage, cached=False)

    async def _ask(self, stage: Stage, authorizer: Authorizer, event: bytes, trace_id: str) -> Verdict:
        target = self._target(stage, authorizer)
        started = time.perf_counter()
        try:
            result = await self._functions.invoke(target, event, trace_id=trace_id)
        except InvokeError as error:
            raise broken(str(error)) from error
        if result.error:
            raise failure(result.payload)
        return read_verdict(result.payload, (time.perf_counter() - started) * 1000)

    def _target(self, stage: Stage, authorizer: Authorizer) -> Target:
        uri = STAGE_VARIABLE.sub(lambda found: stage.variables.get(found[1], ""), authorizer.uri)
        matched = LAMBDA_URI.match(uri)
        if matched is None:
            raise broken(f"{uri} is no Lambda function's")
        try:
            target = self._functions.find(matched[1], account=stage.account, region=stage.region)
        except InvokeError as error:
            raise broken(str(error)) from error
        arn = authorizer_arn(stage, authorizer)
        if not authorizer.credentials and not may_invoke(target.policy, target.arn, arn, stage.account):
            raise broken(f"no permission to invoke {target.arn} for {arn}")
        return target

    # --- Cognito --------------------------------------------------------------------------------------------------

    async def _by_user_pool(self, authorizer: Authorizer, match: Match, request: Request) -> Authorization:
        header = authorizer.identity_source.removeprefix("method.request.header.").lower()
        token = token_of(request.lowered.get(header))
        pool_id, kid = pool_of(token), key_id(token)
        if pool_id not in [arn.rsplit("/", 1)[-1] for arn in authorizer.provider_arns]:
            raise GatewayError(UNAUTHORIZED, "Unauthorized", reason=f"a token of pool {pool_id}")
        jwk = await self._key(pool_id, kid)
        claims = verified_claims(token, jwk, match.method, self._clock())
        return Authorization(context=claims_context(claims))

    async def _key(self, pool_id: str, kid: str) -> Mapping[str, Any]:
        fetched, keys = self._jwks.get(pool_id, (0.0, {}))
        if kid not in keys and self._clock() - fetched > REFETCH_SECONDS:
            document = await self._user_pool_keys(pool_id)
            keys = {entry["kid"]: entry for entry in (document or {}).get("keys", ())}
            self._jwks[pool_id] = (self._clock(), keys)
        if kid not in keys:
            raise GatewayError(UNAUTHORIZED, "Unauthorized", reason=f"pool {pool_id} has no key {kid}")
        return keys[kid]


def _signed(request: Request) -> Authorization:
    """An AWS_IAM method wants a signature; whose it is, nobody checks here."""
    signed = (
        "x-amz-signature" in request.query.lower() or "signature=" in request.lowered.get("authorization", "").lower()
    )
    if not signed:
        raise GatewayError(MISSING_AUTHENTICATION_TOKEN, "Missing Authentication Token")
    return Authorization()
