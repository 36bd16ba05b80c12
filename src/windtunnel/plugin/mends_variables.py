"""Environment variables that a function cannot have: AWS refuses them, LocalStack 4.14.0 does not.

Sources: Lambda Developer Guide, "Working with Lambda environment variables" (the reserved ones; keys begin with a
letter and have two characters at least); the words recorded in aws/aws-cdk pull request 28048 and in
zuka-e/laravel-react-task-spa pull request 146.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from windtunnel.plugin.localstack import InvalidParameterValueException, LambdaProvider, ValidationException

RESERVED = frozenset({
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
})  # fmt: skip
KEY = re.compile(r"[a-zA-Z]([a-zA-Z0-9_])+")


def refusal(variables: Mapping[str, str]) -> Exception | None:
    """Why AWS does not take these variables; None where it does."""
    if reserved := [name for name in variables if name in RESERVED]:
        return InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you have"
            " provided contains reserved keys that are currently not supported for modification. Reserved keys used in"
            f" this request: {', '.join(reserved)}",
            Type="User",
        )
    if any(not KEY.fullmatch(name) for name in variables):
        return ValidationException(
            "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must"
            f" satisfy constraint: [Member must satisfy regular expression pattern: {KEY.pattern}]"
        )
    return None


def mend_variables() -> None:
    """Refuse them when a function is made or changed. Call it once, before the first request."""
    unmended = LambdaProvider._verify_env_variables

    @functools.wraps(unmended)
    def verify(variables: dict[str, str]) -> None:
        if (error := refusal(variables)) is not None:
            raise error
        unmended(variables)

    LambdaProvider._verify_env_variables = staticmethod(verify)
