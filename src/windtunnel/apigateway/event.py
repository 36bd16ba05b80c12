"""The event of a Lambda proxy integration, version 1.0, as JSON.

Source: API Gateway Developer Guide, "Lambda proxy integrations in API Gateway", "Input format of a Lambda function for
proxy integration".
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quote
from typing import Any
from urllib.parse import unquote_plus

from windtunnel.apigateway.definition import Method, Stage
from windtunnel.apigateway.media import is_binary
from windtunnel.apigateway.request import Authorization, Caller, Match, Request

NOT_PASSED = frozenset(
    {
        "connection", "content-length", "expect", "keep-alive", "proxy-authenticate", "te", "trailer",
        "transfer-encoding", "upgrade", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id",
    }
)  # fmt: skip
"""Headers of the connection, and those that API Gateway writes itself."""
IDENTITY = (
    '"cognitoIdentityPoolId":null,"accountId":null,"cognitoIdentityId":null,"caller":null,"accessKey":null,'
    '"cognitoAuthenticationType":null,"cognitoAuthenticationProvider":null,"userArn":null,"user":null,'
    '"principalOrgId":null'
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class EventBuilder:
    """Writes a method's events. What is the same in all of them is written once."""

    def __init__(self, stage: Stage, method: Method) -> None:
        self._binary = stage.binary_media_types
        self._head = f'{{"resource":{quote(method.resource_path)},"path":'
        self._variables = json.dumps(dict(stage.variables)) if stage.variables else "null"
        operation = f'"operationName":{quote(method.operation_name)},' if method.operation_name else ""
        self._context = (
            f'"resourceId":{quote(method.resource_id)},"resourcePath":{quote(method.resource_path)},{operation}'
            f'"accountId":{quote(stage.account)},"stage":{quote(stage.stage_name)},"apiId":{quote(stage.api_id)},'
            f'"deploymentId":{quote(stage.deployment_id)}'
        )

    def build(self, request: Request, match: Match, authorization: Authorization, caller: Caller) -> bytes:
        """The event, as JSON in ASCII."""
        method = quote(request.http_method)
        headers, many_headers = header_maps(request)
        parameters, many_parameters = query_maps(request.query)
        body, encoded = body_text(request, self._binary)
        return "".join(
            [
                self._head,
                quote(event_path(request)),
                ',"httpMethod":',
                method,
                ',"headers":',
                headers,
                ',"multiValueHeaders":',
                many_headers,
                ',"queryStringParameters":',
                parameters,
                ',"multiValueQueryStringParameters":',
                many_parameters,
                ',"pathParameters":',
                json.dumps(match.path_parameters) if match.path_parameters else "null",
                ',"stageVariables":',
                self._variables,
                ',"requestContext":{',
                self._context,
                ',"httpMethod":',
                method,
                ",",
                _request_context(request, authorization, caller),
                '},"body":',
                body,
                ',"isBase64Encoded":',
                encoded,
                "}",
            ]
        ).encode("ascii")


def event_path(request: Request) -> str:
    """The event's path: without the stage, but with a custom domain's base path."""
    prefix = f"/{request.stage.stage_name}"
    full = request.full_path
    if full.startswith(prefix) and full[len(prefix) :] in (request.path, ""):
        return request.path
    return full


def header_maps(request: Request) -> tuple[str, str]:
    """The headers as JSON: the last value of each, and all of them. Names keep their case; the first one's counts."""
    single: dict[str, str] = {}
    many: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for name, value in request.headers:
        lowered = name.lower()
        if lowered in NOT_PASSED:
            continue
        kept = names.setdefault(lowered, name)
        single[kept] = value
        many.setdefault(kept, []).append(value)
    forwarded = request.lowered.get("x-forwarded-for")
    added = {
        "X-Amzn-Trace-Id": request.trace_id,
        "X-Forwarded-For": f"{forwarded}, {request.source_ip}" if forwarded else request.source_ip,
        "X-Forwarded-Port": request.port,
        "X-Forwarded-Proto": "http",
    }
    for name, value in added.items():
        single[name] = value
        many[name] = [value]
    return json.dumps(single), json.dumps(many)


def query_pairs(query: str) -> list[tuple[str, str]]:
    """A query's names and values in order, decoded; a name without a value has an empty one."""
    pairs = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((unquote_plus(name), unquote_plus(value)))
    return pairs


def query_maps(query: str) -> tuple[str, str]:
    """The query as JSON: the last value of each name, and all of them; null without any."""
    if not query:
        return "null", "null"
    many: dict[str, list[str]] = {}
    for name, value in query_pairs(query):
        many.setdefault(name, []).append(value)
    if not many:
        return "null", "null"
    return json.dumps({name: values[-1] for name, values in many.items()}), json.dumps(many)


def body_text(request: Request, binary_media_types: tuple[str, ...]) -> tuple[str, str]:
    """The body as JSON, and whether it is in base64, as JSON."""
    if not request.body:
        return "null", "false"
    if binary_media_types and is_binary(request.lowered.get("content-type"), binary_media_types):
        return f'"{base64.b64encode(request.body).decode("ascii")}"', "true"
    return quote(request.body.decode("utf-8", "replace")), "false"


def request_time(epoch: float) -> str:
    """The time as an access log has it: 21/Nov/2026:08:09:10 +0000."""
    now = time.gmtime(epoch)
    month = MONTHS[now.tm_mon - 1]
    clock = f"{now.tm_hour:02d}:{now.tm_min:02d}:{now.tm_sec:02d}"
    return f"{now.tm_mday:02d}/{month}/{now.tm_year}:{clock} +0000"


def _request_context(request: Request, authorization: Authorization, caller: Caller) -> str:
    agent = request.lowered.get("user-agent")
    key = ""
    if caller.api_key is not None and caller.api_key_id is not None:
        key = f'"apiKey":{quote(caller.api_key)},"apiKeyId":{quote(caller.api_key_id)},'
    authorizer = (
        f'"authorizer":{json.dumps(authorizer_values(authorization))},' if authorization.context is not None else ""
    )
    return (
        f'{authorizer}"extendedRequestId":"{request.extended_request_id}","requestTime":"{request_time(request.time)}",'
        f'"path":{quote(request.full_path)},"protocol":"{request.protocol}",'
        f'"requestTimeEpoch":{int(request.time * 1000)},'
        f'"requestId":"{request.request_id}","domainName":{quote(request.domain_name)},'
        f'"domainPrefix":{quote(request.domain_name.split(".", 1)[0])},'
        f'"identity":{{{key}{IDENTITY},"sourceIp":{quote(request.source_ip)},'
        f'"userAgent":{quote(agent) if agent is not None else "null"}}}'
    )


def authorizer_values(authorization: Authorization) -> Mapping[str, Any]:
    """requestContext.authorizer: a Lambda authorizer's context with what API Gateway adds, or a token's claims."""
    values = dict(authorization.context or {})
    if authorization.principal_id is not None:
        values["principalId"] = authorization.principal_id
    if authorization.latency_ms is not None:
        values["integrationLatency"] = authorization.latency_ms
    return values
