"""boto3's own DynamoDB resource, with its validation and its types, and no network behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from dynamodbmanager.logic import Manager
from dynamodbmanager.tables import Tables

TABLE = "lambda-apigateway"


@dataclass
class FakeWire:
    """Answers what boto3 would send to DynamoDB, and keeps it."""

    status: int = 200
    answer: dict[str, Any] = field(default_factory=dict)
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def fail(self, code: str, message: str) -> None:
        self.status, self.answer = 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        self.sent.append((operation, json.loads(request.body)))
        return AWSResponse(request.url, self.status, HTTPHeaders(), RawBody(json.dumps(self.answer).encode()))


@dataclass
class RawBody:
    content: bytes

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.content


@pytest.fixture(scope="session")
def resource() -> Any:
    return boto3.session.Session().resource(
        "dynamodb", region_name="eu-central-1", aws_access_key_id="none", aws_secret_access_key="none"
    )


@pytest.fixture
def wire(resource: Any) -> Iterator[FakeWire]:
    fake = FakeWire()
    events = resource.meta.client.meta.events
    events.register("before-send.dynamodb", fake)
    yield fake
    events.unregister("before-send.dynamodb", fake)


@pytest.fixture
def manager(resource: Any, wire: FakeWire) -> Manager:
    return Manager(Tables(resource), frozenset({TABLE}))
