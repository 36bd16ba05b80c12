"""API Gateway's events, Lambda's context, and a log that can be read."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from aws_lambda_powertools import Logger


@dataclass
class FakeContext:
    function_name: str = "function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:function"
    aws_request_id: str = "the-lambda-request"


@dataclass
class Log:
    """A Powertools logger, and what it wrote."""

    stream: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        # Powertools keeps loggers by service name: a name of its own for each test
        self.logger = Logger(service=str(uuid.uuid4()), stream=self.stream)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def context() -> FakeContext:
    return FakeContext()


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def proxy_event() -> Callable[..., dict[str, Any]]:
    """Makes events as a REST API sends them: null where there is nothing."""

    def make(
        method: str = "GET",
        resource: str = "/users",
        *,
        body: str | None = None,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        base64: bool = False,
        headers: Mapping[str, str] | None = None,
        api_key_id: str | None = None,
    ) -> dict[str, Any]:
        return {
            "resource": resource,
            "path": resource.format(**(path or {})),
            "httpMethod": method,
            "headers": headers,
            "queryStringParameters": query,
            "pathParameters": path,
            "stageVariables": None,
            "requestContext": {"requestId": "the-api-request", "stage": "Prod", "identity": {"apiKeyId": api_key_id}},
            "body": body,
            "isBase64Encoded": base64,
        }

    return make


@pytest.fixture(scope="session")
def function_environment() -> Iterator[None]:
    """The environment that handler modules read when they are imported, in Lambda's init phase."""
    variables = {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "CORS_ALLOW_ORIGIN": "*",
        "USERS_TABLE": "Users",
        "IDEMPOTENCY_TABLE": "Answers",
        "POWERTOOLS_METRICS_NAMESPACE": "shop",
        "POWERTOOLS_SERVICE_NAME": "users",
        "ADMIN_KEY_ID": "key1",
        "JOBS_TABLE": "Jobs",
        "QUEUE_URL": "https://sqs.example/jobs",
        "ORDERED_QUEUE_URL": "https://sqs.example/jobs.fifo",
        "MAX_ATTEMPTS": "3",
        "ALLOWED_TABLES": "lambda-apigateway",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield
