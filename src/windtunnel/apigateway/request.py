"""A request as API Gateway sees it, before and after it knows the method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from windtunnel.apigateway.definition import Method, Stage


@dataclass(frozen=True, slots=True)
class Request:
    """What came in. Header names and values are text (latin-1), as sent and in order."""

    stage: Stage
    request_id: str
    extended_request_id: str
    """The value of x-amz-apigw-id."""
    trace_id: str
    """The whole X-Amzn-Trace-Id: Root=1-...; one that the client sent is kept."""
    http_method: str
    path: str
    """Below the stage, as sent (still percent-encoded), without the query: /users/a%20b."""
    full_path: str
    """What requestContext.path tells: with the stage before it, or the base path of a custom domain."""
    query: str
    """As sent, without the question mark."""
    headers: tuple[tuple[str, str], ...]
    lowered: Mapping[str, str]
    """Each header's last value by its name in lower case."""
    body: bytes
    source_ip: str
    source_port: int
    domain_name: str
    """The host of the request, without its port."""
    protocol: str
    """HTTP/1.1."""
    time: float
    """Seconds since the epoch."""
    scheme: str = "http"
    """What the client speaks: X-Forwarded-Proto."""
    port: int = 80
    """The port that the client connected to: X-Forwarded-Port."""
    base_path: str = ""
    """The base path of a custom domain's mapping, without slashes: then the event's path is `full_path`."""


@dataclass(frozen=True, slots=True)
class Match:
    """The method that a request is for."""

    method: Method
    path_parameters: Mapping[str, str]
    """As sent, still percent-encoded, as AWS hands them on; empty where the path has none."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """What an authorizer said of a request that it let pass; empty values where there is no authorizer."""

    principal_id: str | None = None
    context: Mapping[str, object] | None = None
    """requestContext.authorizer: the Lambda authorizer's context with principalId, or {"claims": {...}}."""
    usage_identifier_key: str | None = None
    """The API key that a Lambda authorizer gives (usageIdentifierKey)."""
    latency_ms: int | None = None
    """integrationLatency of the authorizer; part of requestContext.authorizer of a Lambda authorizer."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Which API key a request came with."""

    api_key: str | None = None
    api_key_id: str | None = None
