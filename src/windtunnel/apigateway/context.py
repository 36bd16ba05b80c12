"""The $context variables of access logs, gateway responses and mapping templates.

Sources: API Gateway Developer Guide, "Variables for access logging for API Gateway" and "Variables for data
transformations for API Gateway".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.event import authorizer_values, request_time
from windtunnel.apigateway.request import Authorization, Caller, Match, Request

Lookup = Callable[[str], object | None]
"""Takes a variable's name without "$context."; None where it has no value."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended, as far as that is known."""

    status: int
    response_length: int = 0
    response_latency_ms: float = 0.0
    integration_status: int | None = None
    integration_latency_ms: float | None = None
    integration_request_id: str | None = None
    error: GatewayError | None = None


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)


GETTERS: dict[str, Callable[[Request, Match | None, Caller, Outcome], object | None]] = {
    "accountId": lambda r, m, c, o: r.stage.account,
    "apiId": lambda r, m, c, o: r.stage.api_id,
    "awsEndpointRequestId": lambda r, m, c, o: o.integration_request_id,
    "deploymentId": lambda r, m, c, o: r.stage.deployment_id,
    "domainName": lambda r, m, c, o: r.domain_name,
    "domainPrefix": lambda r, m, c, o: r.domain_name.split(".", 1)[0],
    "error.message": lambda r, m, c, o: o.error.message if o.error else None,
    "error.messageString": lambda r, m, c, o: _quoted(o.error.message) if o.error else None,
    "error.responseType": lambda r, m, c, o: o.error.kind.type if o.error else None,
    "error.validationErrorString": lambda r, m, c, o: (o.error.validation or None) if o.error else None,
    "extendedRequestId": lambda r, m, c, o: r.extended_request_id,
    "httpMethod": lambda r, m, c, o: r.http_method,
    "identity.apiKey": lambda r, m, c, o: c.api_key,
    "identity.apiKeyId": lambda r, m, c, o: c.api_key_id,
    "identity.sourceIp": lambda r, m, c, o: r.source_ip,
    "identity.userAgent": lambda r, m, c, o: r.lowered.get("user-agent"),
    "integration.latency": lambda r, m, c, o: _rounded(o.integration_latency_ms),
    "integration.requestId": lambda r, m, c, o: o.integration_request_id,
    "integration.status": lambda r, m, c, o: o.integration_status,
    "integrationLatency": lambda r, m, c, o: _rounded(o.integration_latency_ms),
    "integrationStatus": lambda r, m, c, o: o.integration_status,
    "path": lambda r, m, c, o: r.full_path,
    "protocol": lambda r, m, c, o: r.protocol,
    "requestId": lambda r, m, c, o: r.request_id,
    "requestTime": lambda r, m, c, o: request_time(r.time),
    "requestTimeEpoch": lambda r, m, c, o: int(r.time * 1000),
    "resourceId": lambda r, m, c, o: m.method.resource_id if m else None,
    "resourcePath": lambda r, m, c, o: m.method.resource_path if m else None,
    "responseLatency": lambda r, m, c, o: _rounded(o.response_latency_ms),
    "responseLength": lambda r, m, c, o: o.response_length,
    "stage": lambda r, m, c, o: r.stage.stage_name,
    "status": lambda r, m, c, o: o.status,
    "xrayTraceId": lambda r, m, c, o: r.trace_id,
}


def context_variables(
    request: Request, match: Match | None, authorization: Authorization, caller: Caller, outcome: Outcome
) -> Lookup:
    """Looks a variable up when it is asked for."""

    def lookup(name: str) -> object | None:
        getter = GETTERS.get(name)
        if getter is not None:
            return getter(request, match, caller, outcome)
        if name.startswith("authorizer."):
            return _authorizer(authorization, name.removeprefix("authorizer."))
        return None

    return lookup


def _authorizer(authorization: Authorization, name: str) -> object | None:
    values = authorizer_values(authorization)
    claims = values.get("claims")
    if name.startswith("claims.") and isinstance(claims, dict):
        value: object | None = claims.get(name.removeprefix("claims."))
        return value
    return values.get(name)


def _quoted(text: str | None) -> str:
    return "null" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
