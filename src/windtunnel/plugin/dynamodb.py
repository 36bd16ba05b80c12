"""DynamoDB and its streams from moto, which LocalStack carries: LocalStack's own needs Java.

This serves until windtunnel has an engine of its own.
"""

from __future__ import annotations

from typing import Any

from windtunnel.plugin.localstack import (
    DynamodbApi,
    DynamodbstreamsApi,
    MotoFallbackDispatcher,
    Service,
    aws_provider,
)


class DynamodbProvider(DynamodbApi):
    """No operation of its own: every call falls back to moto."""

    service = "dynamodb"


class DynamodbstreamsProvider(DynamodbstreamsApi):
    """The same for DynamoDB Streams."""

    service = "dynamodbstreams"


@aws_provider(api="dynamodb", name="windtunnel")
def dynamodb() -> Any:
    return Service.for_provider(DynamodbProvider(), dispatch_table_factory=MotoFallbackDispatcher)


@aws_provider(api="dynamodbstreams", name="windtunnel")
def dynamodbstreams() -> Any:
    return Service.for_provider(DynamodbstreamsProvider(), dispatch_table_factory=MotoFallbackDispatcher)
