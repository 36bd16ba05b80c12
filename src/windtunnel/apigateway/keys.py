"""API keys: who may call, under which usage plan.

Source: API Gateway Developer Guide, "Usage plans and API keys for REST APIs", "Choose an API key source".
"""

from __future__ import annotations

from dataclasses import dataclass

from windtunnel.apigateway.definition import ApiKey, Keys, Method, Stage, UsagePlan
from windtunnel.apigateway.errors import INVALID_API_KEY, GatewayError
from windtunnel.apigateway.request import Authorization, Caller, Request

HEADER = "x-api-key"


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may go on: whose it is, and the plan that throttles and counts it; None where none does."""

    caller: Caller
    plan: UsagePlan | None


NOBODY = Admission(Caller(), None)


class KeyChecks:
    """The keys of one stage, by value."""

    def __init__(self, keys: Keys, stage: Stage) -> None:
        self._from_authorizer = stage.api_key_source == "AUTHORIZER"
        self._admitted: dict[str, Admission] = {}
        for key in keys.by_value.values():
            plan = _plan(keys, key, stage)
            if key.enabled and plan is not None:
                self._admitted[key.value] = Admission(Caller(key.value, key.id), plan)

    def check(self, method: Method, request: Request, authorization: Authorization) -> Admission:
        """The key that a request came with. Raises GatewayError where its method wants one that is good.

        A method that wants none is neither throttled nor counted by a plan (AWS re:Post, "How can I use Amazon API
        Gateway logs for troubleshooting?").
        """
        if not method.api_key_required:
            return NOBODY
        value = authorization.usage_identifier_key if self._from_authorizer else request.lowered.get(HEADER)
        admission = self._admitted.get(value) if value else None
        if admission is None:
            raise GatewayError(INVALID_API_KEY, "Forbidden")
        return admission


def _plan(keys: Keys, key: ApiKey, stage: Stage) -> UsagePlan | None:
    here = (stage.api_id, stage.stage_name)
    return next((plan for plan in keys.plans if key.id in plan.key_ids and here in plan.stages), None)
