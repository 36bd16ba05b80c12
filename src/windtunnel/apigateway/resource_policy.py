"""An API's own resource policy, for callers that AWS calls anonymous.

Sources: API Gateway Developer Guide, "How API Gateway resource policies affect authorization workflow" (with its Table
A) and "AWS condition keys that can be used in API Gateway resource policies"; the words are recorded answers of AWS:
{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource:
arn:aws:execute-api:us-east-1:********3458:zr8nirlpz3/dev/GET/bookmarks/1 with an explicit deny"}.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from windtunnel.apigateway.condition import Context
from windtunnel.apigateway.definition import Stage
from windtunnel.apigateway.errors import ACCESS_DENIED, GatewayError
from windtunnel.apigateway.policy import Decision, Policy, compile_policy
from windtunnel.apigateway.request import Match, Request

INVOKE = "execute-api:Invoke"
ANONYMOUS = ("AWS", "anonymous")
_SHORT = "execute-api:/"


def method_arn(request: Request) -> str:
    """The ARN of what a request asks for: with its own method and path, not the resource's."""
    stage = request.stage
    return (
        f"arn:aws:execute-api:{stage.region}:{stage.account}:{stage.api_id}/{stage.stage_name}"
        f"/{request.http_method}{request.path}"
    )


def conditions_of(request: Request) -> Context:
    """The condition keys that a request which is not signed has."""
    context = {
        "aws:sourceip": request.source_ip,
        "aws:currenttime": datetime.fromtimestamp(request.time, UTC).isoformat(),
        "aws:epochtime": str(request.time),
        # an execute-api endpoint is HTTPS only
        "aws:securetransport": "true",
    }
    for key, header in (("aws:useragent", "user-agent"), ("aws:referer", "referer")):
        value = request.lowered.get(header)
        if value is not None:
            context[key] = value
    return context


class ResourcePolicy:
    """A stage's resource policy. `present` is False where it has none: then nothing is to be asked.

    Making one raises PolicyError where the stage's policy is none that AWS would take.
    """

    def __init__(self, stage: Stage) -> None:
        self.present = stage.policy is not None
        self._policy = self._compiled(stage) if stage.policy is not None else Policy((), False)

    def before(self, request: Request, match: Match) -> Decision:
        """Ask before any authorizer; raises GatewayError ACCESS_DENIED where the request ends here.

        A method without authorizer needs an allow. With a Lambda authorizer (or IAM) an explicit deny ends it; what
        is answered counts together with what the authorizer says. Of Cognito's see `after_cognito`.
        """
        if not self.present:
            return "implicit deny"
        authorization = match.method.authorization
        if authorization == "COGNITO_USER_POOLS":
            return "implicit deny"
        decision = self._evaluate(request)
        if decision == "explicit deny" or (decision == "implicit deny" and authorization == "NONE"):
            raise _refusal(request, decision)
        return decision

    def after_cognito(self, request: Request) -> None:
        """Ask when a Cognito user pool knows the caller: an allow is needed. Raises GatewayError ACCESS_DENIED."""
        if not self.present:
            return
        decision = self._evaluate(request)
        if decision != "allow":
            raise _refusal(request, decision)

    def _evaluate(self, request: Request) -> Decision:
        context = conditions_of(request) if self._policy.conditional else None
        return self._policy.evaluate(INVOKE, method_arn(request), context, ANONYMOUS)

    @staticmethod
    def _compiled(stage: Stage) -> Policy:
        assert stage.policy is not None
        prefix = f"arn:aws:execute-api:{stage.region}:{stage.account}:{stage.api_id}/"
        return compile_policy(_with_whole_arns(stage.policy, prefix))


def _with_whole_arns(policy: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """With `execute-api:/*`, which a policy may have instead of an ARN, as the ARN that API Gateway makes of it."""

    def whole(value: object) -> object:
        if isinstance(value, list):
            return [whole(one) for one in value]
        if isinstance(value, str) and value.startswith(_SHORT):
            return prefix + value.removeprefix(_SHORT)
        return value

    statements = policy.get("Statement")
    return {
        **policy,
        "Statement": [
            {key: whole(value) if key in ("Resource", "NotResource") else value for key, value in statement.items()}
            if isinstance(statement, Mapping)
            else statement
            for statement in (statements if isinstance(statements, list) else [statements])
        ],
    }


def _refusal(request: Request, decision: Decision) -> GatewayError:
    account = request.stage.account
    arn = method_arn(request).replace(f":{account}:", f":********{account[-4:]}:", 1)
    message = f"User: anonymous is not authorized to perform: {INVOKE} on resource: {arn}"
    return GatewayError(ACCESS_DENIED, message + (" with an explicit deny" if decision == "explicit deny" else ""))
