"""May API Gateway invoke a function: the function's resource policy, asked as Lambda asks it.

Sources: API Gateway Developer Guide, "Permissions for ... Lambda functions" and "Create an API Gateway Lambda
authorizer" (arn:aws:execute-api:region:account:api/authorizers/id). The source ARN of a method is the resource's path
with its placeholders, and ANY where the method is ANY: X-Amz-Source-Arn in recorded execution logs
(.../oo8kadh853/Test/ANY/{resource+}, .../beags1mnid/null/POST/{city}). A permission's wildcard covers both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.apigateway.definition import Authorizer, Method, Stage
from windtunnel.apigateway.policy import PolicyError, compile_policy

SERVICE = ("Service", "apigateway.amazonaws.com")
_REMEMBERED = 4_096


def method_source_arn(stage: Stage, method: Method) -> str:
    """Who API Gateway says it is when it invokes a method's integration."""
    return (
        f"arn:aws:execute-api:{stage.region}:{stage.account}:{stage.api_id}/{stage.stage_name}"
        f"/{method.http_method}{method.resource_path}"
    )


def authorizer_source_arn(stage: Stage, authorizer: Authorizer) -> str:
    """Who API Gateway says it is when it invokes an authorizer."""
    return f"arn:aws:execute-api:{stage.region}:{stage.account}:{stage.api_id}/authorizers/{authorizer.id}"


def may_invoke(policy: Mapping[str, Any] | None, function_arn: str, source_arn: str, account: str) -> bool:
    """Whether a function's resource policy lets API Gateway of `account` invoke it for `source_arn`."""
    if not policy:
        return False
    try:
        compiled = compile_policy(policy)
    except PolicyError:
        return False
    context = {"aws:sourcearn": source_arn, "aws:sourceaccount": account}
    return compiled.evaluate("lambda:InvokeFunction", function_arn, context, SERVICE) == "allow"


class Permissions:
    """may_invoke that remembers its answers, for as long as the policy is the same object."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str, str], tuple[Mapping[str, Any] | None, bool]] = {}

    def may_invoke(self, policy: Mapping[str, Any] | None, function_arn: str, source_arn: str, account: str) -> bool:
        """As the function of this name."""
        question = (function_arn, source_arn, account)
        answer = self._answers.get(question)
        if answer is not None and answer[0] is policy:
            return answer[1]
        allowed = may_invoke(policy, function_arn, source_arn, account)
        if len(self._answers) >= _REMEMBERED:
            self._answers.clear()
        self._answers[question] = (policy, allowed)
        return allowed

    def __len__(self) -> int:
        return len(self._answers)
