"""Every name of LocalStack 4.14.0 that the plugin leans on.

A newer LocalStack is supported by another such file; its fork LocalEmu stands in by localemu.py. A name that is missing
is said at once and by name: create.py ends the engine with it.
"""

from __future__ import annotations

import sys
import warnings

from windtunnel.errors import EngineError
from windtunnel.plugin.localemu import stand_in

if sys.version_info < (3, 13):
    # LocalStack 4.14.0 takes it from 3.13's standard library, and its S3 and Lambda cannot be loaded without
    import typing_extensions

    warnings.deprecated = typing_extensions.deprecated  # type: ignore[attr-defined]

stand_in()

try:
    from localstack import config

    # snapshot.py and its siblings
    from localstack.aws import handlers as aws_handlers

    # publisher.py and its siblings
    from localstack.aws.api import CommonServiceException, handler
    from localstack.aws.api.dynamodb import DynamodbApi
    from localstack.aws.api.dynamodbstreams import DynamodbstreamsApi
    from localstack.aws.api.lambda_ import (
        InvalidParameterValueException,
        ResourceConflictException,
        ResourceNotFoundException,
        ServiceException,
        TooManyRequestsException,
    )
    from localstack.aws.connect import MetadataRequestInjector, connect_to
    from localstack.aws.forwarder import ForwardingFallbackDispatcher
    from localstack.aws.spec import load_service
    from localstack.constants import VERSION
    from localstack.http import Response
    from localstack.runtime import hooks
    from localstack.runtime.server import twisted as twisted_server
    from localstack.runtime.shutdown import SHUTDOWN_HANDLERS
    from localstack.services.apigateway.helpers import get_apigateway_store
    from localstack.services.apigateway.legacy import provider as apigateway_import
    from localstack.services.apigateway.models import apigateway_stores
    from localstack.services.apigateway.next_gen.execute_api.gateway_response import build_gateway_response
    from localstack.services.apigateway.next_gen.provider import ApigatewayNextGenProvider
    from localstack.services.apigateway.resource_providers.aws_apigateway_apikey import ApiGatewayApiKeyProvider
    from localstack.services.apigateway.resource_providers.aws_apigateway_basepathmapping import (
        ApiGatewayBasePathMappingProvider,
    )
    from localstack.services.apigateway.resource_providers.aws_apigateway_deployment import ApiGatewayDeploymentProvider
    from localstack.services.apigateway.resource_providers.aws_apigateway_gatewayresponse import (
        ApiGatewayGatewayResponseProvider,
    )
    from localstack.services.apigateway.resource_providers.aws_apigateway_method import ApiGatewayMethodProvider
    from localstack.services.apigateway.resource_providers.aws_apigateway_model import ApiGatewayModelProvider
    from localstack.services.apigateway.resource_providers.aws_apigateway_requestvalidator import (
        ApiGatewayRequestValidatorProvider,
    )
    from localstack.services.apigateway.resource_providers.aws_apigateway_restapi import ApiGatewayRestApiProvider
    from localstack.services.apigateway.resource_providers.aws_apigateway_stage import ApiGatewayStageProvider
    from localstack.services.apigateway.resource_providers.aws_apigateway_usageplan import ApiGatewayUsagePlanProvider
    from localstack.services.cloudformation.engine.v2.change_set_model_executor import ChangeSetModelExecutor
    from localstack.services.cloudformation.provider_utils import convert_request_kwargs, generate_default_name
    from localstack.services.cloudformation.resource_provider import (
        CloudFormationResourceProviderPlugin,
        OperationStatus,
        ProgressEvent,
        ResourceProvider,
        ResourceProviderExecutor,
    )
    from localstack.services.cloudformation.v2 import provider as cloudformation_provider
    from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase
    from localstack.services.cloudwatch.provider_v2 import CloudwatchProvider
    from localstack.services.cloudwatch.resource_providers.aws_cloudwatch_alarm import CloudWatchAlarmProvider
    from localstack.services.dynamodb.resource_providers.aws_dynamodb_globaltable import DynamoDBGlobalTableProvider
    from localstack.services.dynamodb.resource_providers.aws_dynamodb_table import DynamoDBTableProvider
    from localstack.services.edge import ROUTER
    from localstack.services.events.archive import ArchiveService
    from localstack.services.lambda_.event_source_mapping.pollers.dynamodb_poller import DynamoDBPoller
    from localstack.services.lambda_.invocation import version_manager as lambda_version_manager
    from localstack.services.lambda_.invocation.assignment import AssignmentService
    from localstack.services.lambda_.invocation.execution_environment import (
        ExecutionEnvironment as LambdaEnvironment,
    )
    from localstack.services.lambda_.invocation.execution_environment import RuntimeStatus
    from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
    from localstack.services.lambda_.invocation.lambda_models import (
        FunctionVersion,
        InitializationType,
        InvocationResult,
    )
    from localstack.services.lambda_.invocation.lambda_service import LambdaService
    from localstack.services.lambda_.invocation.logs import LogHandler
    from localstack.services.lambda_.invocation.models import lambda_stores
    from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
    from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor, get_runtime_executor
    from localstack.services.lambda_.provider import LambdaProvider, ValidationException
    from localstack.services.logs.models import get_moto_logs_backend

    # moto's classes, with what LocalStack patches in them
    from localstack.services.logs.provider import LogEvent
    from localstack.services.logs.provider import MotoLogStream as LogStream
    from localstack.services.logs.resource_providers.aws_logs_loggroup import LogsLogGroupProvider
    from localstack.services.moto import MotoFallbackDispatcher
    from localstack.services.plugins import SERVICE_PLUGINS, Service, aws_provider
    from localstack.services.s3.storage import ephemeral as s3_ephemeral
    from localstack.services.s3.storage.ephemeral import EphemeralS3ObjectStore
    from localstack.services.sqs.models import sqs_stores
    from localstack.services.sqs.provider import CloudwatchPublishWorker
    from localstack.services.stores import AccountRegionBundle
    from localstack.state import AssetDirectory
    from localstack.utils.aws.request_context import mock_aws_request_headers
    from moto.apigateway.models import UsagePlan, apigateway_backends
    from moto.cognitoidp import models as cognitoidp_models
    from moto.cognitoidp.models import cognitoidp_backends
    from moto.core.base_backend import BackendDict
    from moto.logs.models import LogsBackend
except ImportError as error:
    raise EngineError(
        f"this LocalStack is not the 4.14.0 that windtunnel's plugin is written for: {error}",
        hint="scripts/bootstrap --force installs it",
    ) from error

__all__ = [
    "ROUTER",
    "SERVICE_PLUGINS",
    "SHUTDOWN_HANDLERS",
    "VERSION",
    "AccountRegionBundle",
    "ApiGatewayApiKeyProvider",
    "ApiGatewayBasePathMappingProvider",
    "ApiGatewayDeploymentProvider",
    "ApiGatewayGatewayResponseProvider",
    "ApiGatewayMethodProvider",
    "ApiGatewayModelProvider",
    "ApiGatewayRequestValidatorProvider",
    "ApiGatewayRestApiProvider",
    "ApiGatewayStageProvider",
    "ApiGatewayUsagePlanProvider",
    "ApigatewayNextGenProvider",
    "ArchiveService",
    "AssetDirectory",
    "AssignmentService",
    "BackendDict",
    "ChangeSetModelExecutor",
    "CloudFormationResourceProviderPlugin",
    "CloudWatchAlarmProvider",
    "CloudwatchDatabase",
    "CloudwatchProvider",
    "CloudwatchPublishWorker",
    "CommonServiceException",
    "DynamoDBGlobalTableProvider",
    "DynamoDBPoller",
    "DynamoDBTableProvider",
    "DynamodbApi",
    "DynamodbstreamsApi",
    "EphemeralS3ObjectStore",
    "ForwardingFallbackDispatcher",
    "FunctionVersion",
    "InitializationType",
    "InvalidParameterValueException",
    "InvocationResult",
    "LambdaEnvironment",
    "LambdaProvider",
    "LambdaService",
    "LogEvent",
    "LogHandler",
    "LogStream",
    "LogsBackend",
    "LogsLogGroupProvider",
    "MetadataRequestInjector",
    "MotoFallbackDispatcher",
    "OperationStatus",
    "ProgressEvent",
    "ResourceConflictException",
    "ResourceNotFoundException",
    "ResourceProvider",
    "ResourceProviderExecutor",
    "Response",
    "RuntimeExecutor",
    "RuntimeExecutorPlugin",
    "RuntimeStatus",
    "Service",
    "ServiceException",
    "StatusErrorException",
    "TooManyRequestsException",
    "UsagePlan",
    "ValidationException",
    "apigateway_backends",
    "apigateway_import",
    "apigateway_stores",
    "aws_handlers",
    "aws_provider",
    "build_gateway_response",
    "cloudformation_provider",
    "cognitoidp_backends",
    "cognitoidp_models",
    "config",
    "connect_to",
    "convert_request_kwargs",
    "generate_default_name",
    "get_apigateway_store",
    "get_moto_logs_backend",
    "get_runtime_executor",
    "handler",
    "hooks",
    "lambda_stores",
    "lambda_version_manager",
    "load_service",
    "mock_aws_request_headers",
    "s3_ephemeral",
    "sqs_stores",
    "twisted_server",
]
