"""Every name of LocalStack 4.14.0 that the plugin leans on.

A newer LocalStack, or its fork, is supported by another such file. A name that is missing is said at once and by name.
"""

from __future__ import annotations

from windtunnel.errors import EngineError

try:
    from localstack.aws.api.dynamodb import DynamodbApi
    from localstack.aws.api.dynamodbstreams import DynamodbstreamsApi
    from localstack.constants import VERSION
    from localstack.http import Response
    from localstack.runtime import hooks
    from localstack.services.edge import ROUTER
    from localstack.services.lambda_.invocation.assignment import AssignmentService
    from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
    from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
    from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
    from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor, get_runtime_executor
    from localstack.services.moto import MotoFallbackDispatcher
    from localstack.services.plugins import SERVICE_PLUGINS, Service, aws_provider
except ImportError as error:
    raise EngineError(
        f"this LocalStack is not the 4.14.0 that windtunnel's plugin is written for: {error}",
        hint="scripts/bootstrap --force installs it",
    ) from error

__all__ = [
    "ROUTER",
    "SERVICE_PLUGINS",
    "VERSION",
    "AssignmentService",
    "DynamodbApi",
    "DynamodbstreamsApi",
    "FunctionVersion",
    "InvocationResult",
    "MotoFallbackDispatcher",
    "Response",
    "RuntimeExecutor",
    "RuntimeExecutorPlugin",
    "Service",
    "StatusErrorException",
    "aws_provider",
    "get_runtime_executor",
    "hooks",
]
