"""What API Gateway does with a request, in its order.

Sources: API Gateway Developer Guide, "Lambda authorizer workflow" and "Throttle requests to your REST APIs"; AWS
re:Post, "How can I use Amazon API Gateway logs for troubleshooting?": after the authorizer the usage plan, then the
method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from windtunnel.apigateway.errors import (
    API_CONFIGURATION_ERROR,
    QUOTA_EXCEEDED,
    THROTTLED,
    GatewayError,
    IntegrationOutcome,
)
from windtunnel.apigateway.integration import Integrated
from windtunnel.apigateway.keys import Admission
from windtunnel.apigateway.plan import MethodPlan, StagePlan
from windtunnel.apigateway.policy import Decision
from windtunnel.apigateway.request import Authorization, Caller, Match, Request
from windtunnel.apigateway.throttle import Throttles
from windtunnel.apigateway.usage import UsageLedger
from windtunnel.http.messages import Response

NO_AUTHORIZATION = Authorization()
NO_CALLER = Caller()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request came to, with all that an access log tells of it. `error` is what API Gateway answers itself."""

    response: Response | None
    match: Match | None
    authorization: Authorization
    caller: Caller
    integration: IntegrationOutcome | None
    error: GatewayError | None


class Pipeline:
    """The stages over what they need of the rest of the world."""

    def __init__(self, throttles: Throttles, ledger: UsageLedger, clock: Callable[[], float]) -> None:
        self._throttles = throttles
        self._ledger = ledger
        self._clock = clock

    async def run(self, plan: StagePlan, request: Request) -> Answer:
        """Every stage in order. What is raised on the way ends it, and is the answer."""
        match: Match | None = None
        authorization, caller, integration = NO_AUTHORIZATION, NO_CALLER, None
        try:
            match = plan.router.match(request.http_method, request.path)
            method = plan.methods[id(match.method)]
            decision = self._ask_resource_policy(plan, request, match)
            if method.authorizer is not None:
                authorization = await self._authorize(plan, method, request, match, decision)
            admission = plan.keys.check(match.method, request, authorization)
            caller = admission.caller
            self._throttle(plan, match, admission)
            self._count(admission)
            self._validate(method, request, match)
            integrated = await self._integrate(method, request, match, authorization, caller)
        except GatewayError as error:
            return Answer(None, match, authorization, caller, error.integration or integration, error)
        return Answer(integrated.response, match, authorization, caller, integrated.outcome, None)

    @staticmethod
    def _ask_resource_policy(plan: StagePlan, request: Request, match: Match) -> Decision:
        """The API's own policy, for callers that API Gateway knows nothing of but their address."""
        return plan.policy.before(request, match) if plan.policy.present else "implicit deny"

    @staticmethod
    async def _authorize(
        plan: StagePlan, method: MethodPlan, request: Request, match: Match, decision: Decision
    ) -> Authorization:
        """The method's authorizer; its answer goes on to the function."""
        assert method.authorizer
        authorization = await method.authorizer.authorize(request, match, allowed_by_policy=decision == "allow")
        if method.method.authorization == "COGNITO_USER_POOLS":
            plan.policy.after_cognito(request)
        return authorization

    def _throttle(self, plan: StagePlan, match: Match, admission: Admission) -> None:
        """The limits of the usage plan, the stage's method and the account: all of them have to let it through."""
        key_id = admission.caller.api_key_id
        if not self._throttles.allow(admission.plan, key_id, plan.stage, match.method, self._clock()):
            raise GatewayError(THROTTLED, "Too Many Requests")

    def _count(self, admission: Admission) -> None:
        """The usage plan's quota; what was throttled does not count."""
        key_id = admission.caller.api_key_id
        if admission.plan is None or key_id is None:
            return
        if not self._ledger.allow_and_count(admission.plan, key_id, self._clock()):
            raise GatewayError(QUOTA_EXCEEDED, "Limit Exceeded")

    @staticmethod
    def _validate(method: MethodPlan, request: Request, match: Match) -> None:
        """Required parameters, and the body against its model."""
        if method.validation is not None:
            method.validation.check(request, match)

    @staticmethod
    async def _integrate(
        method: MethodPlan, request: Request, match: Match, authorization: Authorization, caller: Caller
    ) -> Integrated:
        """The permission to invoke a function is checked where its integration looks the function up."""
        if method.integration is None:
            raise GatewayError(API_CONFIGURATION_ERROR, "Internal server error", reason="the method has no integration")
        return await method.integration.answer(request, match, authorization, caller)
