"""Whether API Gateway may invoke a function: the function's resource policy.

Source: Lambda Developer Guide, "Invoking a Lambda function using an Amazon API Gateway endpoint", "Permissions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from windtunnel.apigateway.definition import Authorizer, Method, Stage
from windtunnel.apigateway.policy import ALLOW, evaluate, names_principal

SERVICE = "apigateway.amazonaws.com"
PLACEHOLDER = re.compile(r"\{[^}]*\}")


def source_arn(stage: Stage, method: Method) -> str:
    """What a method is to a function: its ARN with `*` for placeholders and for ANY."""
    path = PLACEHOLDER.sub("*", method.resource_path)
    http_method = "*" if method.http_method == "ANY" else method.http_method
    return f"{api_arn(stage)}/{stage.stage_name}/{http_method}{path}"


def authorizer_arn(stage: Stage, authorizer: Authorizer) -> str:
    """What an authorizer is to a function."""
    return f"{api_arn(stage)}/authorizers/{authorizer.id}"


def api_arn(stage: Stage) -> str:
    """An API as execute-api names it."""
    return f"arn:aws:execute-api:{stage.region}:{stage.account}:{stage.api_id}"


def may_invoke(policy: Mapping[str, Any] | None, function_arn: str, source: str, account: str) -> bool:
    """Whether a function's policy lets API Gateway invoke it for a source ARN."""
    if not policy:
        return False
    statements = policy.get("Statement")
    ours = [
        statement
        for statement in (statements if isinstance(statements, list) else [statements])
        if isinstance(statement, Mapping) and names_principal(statement.get("Principal"), "Service", SERVICE)
    ]
    context = {"aws:sourcearn": source, "aws:sourceaccount": account}
    return evaluate({"Statement": ours}, "lambda:InvokeFunction", function_arn, context) == ALLOW
