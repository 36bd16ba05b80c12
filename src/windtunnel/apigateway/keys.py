"""Which API key a request comes with, and which usage plan it is admitted under.

Sources: API Gateway Developer Guide, "Choose an API key source", "Usage plans and API keys for REST APIs". For a method
that needs no API key, API Gateway's execution log says "does not require API Key. Request will not contribute to
throttle or quota limits" whatever the request carries (recorded on AWS), and $context.identity.apiKey is documented as
null then ("Variables for access logging").
"""

from __future__ import annotations

from dataclasses import dataclass

from windtunnel.apigateway.definition import Keys, Method, Stage, UsagePlan
from windtunnel.apigateway.errors import INVALID_API_KEY, GatewayError
from windtunnel.apigateway.request import Authorization, Caller, Request


@dataclass(frozen=True, slots=True)
class Admission:
    """The API key that a request was let in with, and the plan that it counts for; both empty where none is needed."""

    caller: Caller
    plan: UsagePlan | None


WITHOUT_KEY = Admission(Caller(), None)


class KeyChecks:
    """The API keys that one stage takes."""

    def __init__(self, keys: Keys, stage: Stage) -> None:
        self._from_authorizer = stage.api_key_source == "AUTHORIZER"
        self._refusals: dict[str, str] = {}
        self._admissions: dict[str, Admission] = {}
        plans = [plan for plan in keys.plans if (stage.api_id, stage.stage_name) in plan.stages]
        for value, key in keys.by_value.items():
            # AWS refuses to put a key in a second plan of the same stage, so the first plan is the only one
            plan = next((plan for plan in plans if key.id in plan.key_ids), None)
            if plan is None:
                self._refusals[value] = f"API key {key.id} is in no usage plan of this stage"
            elif not key.enabled:
                self._refusals[value] = f"API key {key.id} is disabled"
            else:
                self._admissions[value] = Admission(Caller(value, key.id), plan)

    def check(self, method: Method, request: Request, authorization: Authorization) -> Admission:
        """Let a request in, or raise GatewayError INVALID_API_KEY where its key is absent, wrong, disabled or not of
        this stage. `authorization` matters where the API takes its keys from authorizers."""
        if not method.api_key_required:
            return WITHOUT_KEY
        value = authorization.usage_identifier_key if self._from_authorizer else request.lowered.get("x-api-key")
        admission = self._admissions.get(value or "")
        if admission is None:
            reason = self._refusals.get(value or "", "no such API key") if value else "no API key"
            raise GatewayError(INVALID_API_KEY, "Forbidden", reason=reason)
        return admission
