"""DynamoDB and its streams are windtunnel's own server; LocalStack passes on what it is asked for.

Clients and functions come to that server from the edge, straight. This is the way of LocalStack's own calls, of
CloudFormation's and of event source mappings'. WINDTUNNEL_DYNAMODB_PORT names the server's port on 127.0.0.1.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import requests

from windtunnel.errors import EngineError
from windtunnel.plugin.localstack import (
    CommonServiceException,
    DynamodbApi,
    DynamodbstreamsApi,
    ForwardingFallbackDispatcher,
    Response,
    Service,
    aws_provider,
    mock_aws_request_headers,
)

VARIABLE = "WINDTUNNEL_DYNAMODB_PORT"
TIMEOUT = 60.0
KEPT = ("Content-Type", "X-Amz-Target")
"""What the server needs of a request's head, but for who asks."""
ANSWERED = frozenset({"content-type", "x-amzn-requestid", "x-amz-crc32"})


class DynamodbProvider(DynamodbApi):
    """No operation of its own: every call is passed on."""

    service = "dynamodb"


class DynamodbstreamsProvider(DynamodbstreamsApi):
    """The same for DynamoDB Streams."""

    service = "dynamodbstreams"


def dynamodb_port() -> int | None:
    """Where the server listens; None where nobody said."""
    port = os.environ.get(VARIABLE)
    return int(port) if port else None


def passing_on() -> Callable[[Any, Any], Any]:
    """Answers a call by the server's answer, as it is."""
    port = dynamodb_port()
    if port is None:
        raise EngineError(f"nobody said where DynamoDB is: {VARIABLE} is not set", hint="make up sets it")
    session = requests.Session()
    url = f"http://127.0.0.1:{port}/"

    def pass_on(context: Any, _request: Any) -> Any:
        headers = {name: context.request.headers[name] for name in KEPT if name in context.request.headers}
        # internal calls are signed with a key of LocalStack's own: the account is the context's
        told = mock_aws_request_headers("dynamodb", context.account_id, context.region)
        headers["Authorization"] = told["Authorization"]
        try:
            answer = session.post(url, data=context.request.data, headers=headers, timeout=TIMEOUT)
        except requests.RequestException as error:
            # whoever called tries again
            raise CommonServiceException("InternalServerError", f"DynamoDB does not answer: {error}", 500) from error
        kept = {name: value for name, value in answer.headers.items() if name.lower() in ANSWERED}
        return Response(answer.content, answer.status_code, headers=kept)

    return pass_on


def _service(provider: Any) -> Any:
    forward = passing_on()
    return Service.for_provider(
        provider, dispatch_table_factory=lambda provider: ForwardingFallbackDispatcher(provider, forward)
    )


@aws_provider(api="dynamodb", name="windtunnel")
def dynamodb() -> Any:
    return _service(DynamodbProvider())


@aws_provider(api="dynamodbstreams", name="windtunnel")
def dynamodbstreams() -> Any:
    return _service(DynamodbstreamsProvider())
