"""The $context variables of a request: for gateway responses, mapping templates and access logs.

Sources: API Gateway Developer Guide, "Variables for access logging for API Gateway" and "Context variables for data
transformations". A variable is computed when it is asked for, so that a short access log costs little.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.event import authorizer_context, request_time
from windtunnel.apigateway.request import Authorization, Caller, Match, Request

Lookup = Callable[[str], object | None]
"""A variable's value by its name without "$context.": identity.sourceIp; None where there is none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended: what only access logs and gateway responses know. Latencies in milliseconds."""

    status: int | None = None
    response_length: int | None = None
    response_latency_ms: int | None = None
    integration_status: int | None = None
    """Of the integration's service: 200 where Lambda ran the function, whatever the function said."""
    integration_latency_ms: int | None = None
    integration_request_id: str | None = None
    error: GatewayError | None = None
    integration_response_status: int | None = None
    """What the function itself answered: its statusCode."""
    integration_error: str | None = None


_NO_AUTHORIZATION, _NO_CALLER, _NO_OUTCOME = Authorization(), Caller(), Outcome()


@dataclass(frozen=True, slots=True)
class ContextVariables:
    """One request's variables; `match` is None where no method was found."""

    request: Request
    match: Match | None = None
    authorization: Authorization = _NO_AUTHORIZATION
    caller: Caller = _NO_CALLER
    outcome: Outcome = _NO_OUTCOME

    def lookup(self, name: str) -> object | None:
        """A variable's value; None where there is none."""
        read = _READERS.get(name)
        if read is not None:
            return read(self)
        if name.startswith("authorizer."):
            return self._authorizer(name.removeprefix("authorizer."))
        return None

    def _authorizer(self, name: str) -> object | None:
        value: object = self.authorizer()
        if isinstance(value, Mapping) and name in value:
            return None if isinstance(value[name], Mapping) else value[name]
        # $context.authorizer.claims.sub; $context.authorizer.claims itself is null
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return None if isinstance(value, Mapping) else value

    def authorizer(self) -> Mapping[str, object] | None:
        """What an authorizer said, also where it refused the request."""
        error = self.outcome.error
        if error is not None and error.authorizer is not None:
            return error.authorizer
        return authorizer_context(self.authorization)

    def as_mapping(self) -> dict[str, Any]:
        """All of it as nested mappings: $context of a mapping template."""
        tree: dict[str, Any] = {}
        for name in _TEMPLATE_NAMES:
            *parents, last = name.split(".")
            value = _READERS[name](self)
            if value is not None:
                node = tree
                for parent in parents:
                    node = node.setdefault(parent, {})
                node[last] = value
        authorizer = self.authorizer()
        if authorizer is not None:
            tree["authorizer"] = dict(authorizer)
        return tree


def context_variables(
    request: Request,
    match: Match | None = None,
    authorization: Authorization = _NO_AUTHORIZATION,
    caller: Caller = _NO_CALLER,
    outcome: Outcome = _NO_OUTCOME,
) -> Lookup:
    """A request's variables as a function of their names."""
    return ContextVariables(request, match, authorization, caller, outcome).lookup


def _trace_root(variables: ContextVariables) -> str | None:
    if not variables.request.stage.tracing:
        return None
    for part in variables.request.trace_id.split(";"):
        if part[:5].lower() == "root=":
            return part[5:]
    return None


def _message_string(variables: ContextVariables) -> str | None:
    error = variables.outcome.error
    return None if error is None else json.dumps(error.message, ensure_ascii=False)


def _validation(variables: ContextVariables) -> str | None:
    error = variables.outcome.error
    return (error.validation or None) if error is not None else None


def _error_message(variables: ContextVariables) -> str | None:
    error = variables.outcome.error
    return error.message if error is not None else None


def _error_type(variables: ContextVariables) -> str | None:
    error = variables.outcome.error
    return error.kind.type if error is not None else None


_READERS: dict[str, Callable[[ContextVariables], object | None]] = {
    "accountId": lambda v: v.request.stage.account,
    "apiId": lambda v: v.request.stage.api_id,
    "deploymentId": lambda v: v.request.stage.deployment_id or None,
    "domainName": lambda v: v.request.domain_name,
    "domainPrefix": lambda v: v.request.domain_name.partition(".")[0],
    "endpointType": lambda v: "REGIONAL",
    "extendedRequestId": lambda v: v.request.extended_request_id,
    "httpMethod": lambda v: v.request.http_method,
    "identity.apiKey": lambda v: v.caller.api_key,
    "identity.apiKeyId": lambda v: v.caller.api_key_id,
    "identity.sourceIp": lambda v: v.request.source_ip,
    "identity.userAgent": lambda v: v.request.lowered.get("user-agent"),
    "operationName": lambda v: v.match.method.operation_name if v.match else None,
    "path": lambda v: v.request.full_path,
    "protocol": lambda v: v.request.protocol,
    "requestId": lambda v: v.request.request_id,
    "requestTime": lambda v: request_time(int(v.request.time)),
    "requestTimeEpoch": lambda v: int(v.request.time * 1000),
    "resourceId": lambda v: v.match.method.resource_id if v.match else None,
    "resourcePath": lambda v: v.match.method.resource_path if v.match else None,
    "stage": lambda v: v.request.stage.stage_name,
}
_TEMPLATE_NAMES = tuple(_READERS)
_READERS |= {
    "authorizer.latency": lambda v: v.authorization.latency_ms,
    "authorizer.integrationLatency": lambda v: v.authorization.latency_ms,
    "awsEndpointRequestId": lambda v: v.outcome.integration_request_id,
    "customDomain.basePathMatched": lambda v: v.request.base_path or None,
    "error.message": _error_message,
    "error.messageString": _message_string,
    "error.responseType": _error_type,
    "error.validationErrorString": _validation,
    "integration.error": lambda v: v.outcome.integration_error,
    "integration.integrationStatus": lambda v: v.outcome.integration_status,
    "integration.latency": lambda v: v.outcome.integration_latency_ms,
    "integration.requestId": lambda v: v.outcome.integration_request_id,
    "integration.status": lambda v: v.outcome.integration_response_status,
    "integrationErrorMessage": lambda v: v.outcome.integration_error,
    "integrationLatency": lambda v: v.outcome.integration_latency_ms,
    "integrationStatus": lambda v: v.outcome.integration_status,
    "responseLatency": lambda v: v.outcome.response_latency_ms,
    "responseLength": lambda v: v.outcome.response_length,
    "status": lambda v: v.outcome.status,
    "xrayTraceId": _trace_root,
}
