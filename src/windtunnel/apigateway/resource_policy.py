"""An API's own resource policy, for callers that are nobody in particular.

Source: API Gateway Developer Guide, "How API Gateway resource policies affect authorization workflow".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.apigateway.definition import Stage
from windtunnel.apigateway.errors import ACCESS_DENIED, GatewayError
from windtunnel.apigateway.permission import api_arn
from windtunnel.apigateway.policy import ALLOW, EXPLICIT_DENY, evaluate, names_principal
from windtunnel.apigateway.request import Request

ACTION = "execute-api:Invoke"


def method_arn(stage: Stage, request: Request) -> str:
    """This request's method and path, as policies name it."""
    return f"{api_arn(stage)}/{stage.stage_name}/{request.http_method}{request.path}"


def check_resource_policy(stage: Stage, request: Request) -> None:
    """Raises GatewayError where the API's policy does not let an anonymous caller in."""
    policy: Mapping[str, Any] | None = stage.policy
    if policy is None:
        return
    arn = method_arn(stage, request)
    statements = policy.get("Statement")
    ours = []
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, Mapping) and names_principal(statement.get("Principal"), "AWS", "*"):
            ours.append({**statement, "Resource": _full(statement.get("Resource"), stage)})
    context = {"aws:sourceip": request.source_ip, "aws:useragent": request.lowered.get("user-agent", "")}
    if "referer" in request.lowered:
        context["aws:referer"] = request.lowered["referer"]
    verdict = evaluate({"Statement": ours}, ACTION, arn, context)
    if verdict != ALLOW:
        hidden = f"arn:aws:execute-api:{stage.region}:********{stage.account[-4:]}:{arn.split(':', 5)[5]}"
        why = " with an explicit deny" if verdict == EXPLICIT_DENY else ""
        raise GatewayError(
            ACCESS_DENIED,
            f"User: anonymous is not authorized to perform: {ACTION} on resource: {hidden}{why}",
        )


def _full(resource: Any, stage: Stage) -> list[str]:
    """Resources in full: `execute-api:/stage/GET/path` is short for one of this API."""
    return [
        f"{api_arn(stage)}/{str(entry).removeprefix('execute-api:/')}"
        if str(entry).startswith("execute-api:/")
        else str(entry)
        for entry in (resource if isinstance(resource, list) else [resource])
    ]
