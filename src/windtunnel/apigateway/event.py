"""The event of a Lambda proxy integration of a REST API: payload format 1.0.

Sources: API Gateway Developer Guide, "Input format of a Lambda function for proxy integration" and "Amazon API Gateway
important notes" (the table of headers that are dropped); recorded events of AWS (LocalStack's validated
test_lambda_aws_proxy_integration): which keys there are, paths and path parameters as sent, Authorization spelt so
however it was sent, no Content-Length; "Content type conversions in API Gateway".

What is local about it: X-Forwarded-Proto and -Port are those of the address the client used, so that a link that a
function makes of them and of Host works. The headers that CloudFront adds at an edge-optimized endpoint are not there:
the endpoint is a regional one.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring

from windtunnel.apigateway.definition import Method, Stage
from windtunnel.apigateway.media_type import BinaryTypes
from windtunnel.apigateway.query import parse_query
from windtunnel.apigateway.request import Authorization, Caller, Match, Request

_SPELLINGS = {"authorization": "Authorization", "host": "Host", "user-agent": "User-Agent"}
_DROPPED = frozenset({
    "connection", "content-length", "content-md5", "expect", "max-forwards", "proxy-authenticate", "server", "te",
    "trailer", "transfer-encoding", "upgrade", "www-authenticate",
    # written anew
    "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto",
})  # fmt: skip
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_AUTHORIZATION = '"Authorization":'


class EventBuilder:
    """Makes the events of one method. What is the same in each of them is made once."""

    def __init__(self, stage: Stage, method: Method) -> None:
        self._binary = BinaryTypes(stage.binary_media_types)
        self._signed = method.authorization == "AWS_IAM"
        resource = _text(method.resource_path)
        operation = f'"operationName":{_text(method.operation_name)},' if method.operation_name else ""
        self._start = f'{{"resource":{resource},"path":'
        self._before_context = (
            f',"stageVariables":{json.dumps(dict(stage.variables)) if stage.variables else "null"},'
            f'"requestContext":{{"resourceId":{_text(method.resource_id)},"resourcePath":{resource},{operation}'
            f'"accountId":{_text(stage.account)},"stage":{_text(stage.stage_name)},'
            f'"deploymentId":{_text(stage.deployment_id)},"apiId":{_text(stage.api_id)},"httpMethod":'
        )

    def build(self, request: Request, match: Match, authorization: Authorization, caller: Caller) -> bytes:
        """The event's JSON, in UTF-8."""
        single, multi = self._headers(request)
        query, multi_query = _query(request.query) if request.query else ("null", "null")
        body, encoded = self._body(request)
        method = _text(request.http_method)
        event = (
            f'{self._start}{_text(event_path(request))},"httpMethod":{method},'
            f'"headers":{single},"multiValueHeaders":{multi},'
            f'"queryStringParameters":{query},"multiValueQueryStringParameters":{multi_query},'
            f'"pathParameters":{_object(match.path_parameters) if match.path_parameters else "null"}'
            f"{self._before_context}{method},{_context(request, authorization, caller)}}},"
            f'"body":{body},"isBase64Encoded":{encoded}}}'
        )
        return event.encode()

    def _headers(self, request: Request) -> tuple[str, str]:
        single: dict[str, str] = {}
        multi: dict[str, str] = {}
        for name, value in request.headers:
            key = _header_key(name)
            if not key or (key == _AUTHORIZATION and (self._signed or value.startswith("AWS4-"))):
                continue
            text = _text(value)
            multi[key] = f"{multi[key]},{text}" if key in multi else text
            single[key] = text
        forwarded = request.source_ip
        if "x-forwarded-for" in request.lowered:
            sent = [value for name, value in request.headers if name.lower() == "x-forwarded-for" and value]
            forwarded = ", ".join([*sent, forwarded])
        for key, text in (
            ('"X-Amzn-Trace-Id":', _text(request.trace_id)),
            ('"X-Forwarded-For":', _text(forwarded)),
            ('"X-Forwarded-Port":', f'"{request.port}"'),
            ('"X-Forwarded-Proto":', _text(request.scheme)),
        ):
            single[key] = multi[key] = text
        return (
            "{" + ",".join([key + text for key, text in single.items()]) + "}",
            "{" + ",".join([f"{key}[{text}]" for key, text in multi.items()]) + "}",
        )

    def _body(self, request: Request) -> tuple[str, str]:
        if not request.body:
            return "null", "false"
        if self._binary and self._binary.match(request.lowered.get("content-type")):
            return f'"{base64.b64encode(request.body).decode("ascii")}"', "true"
        return _text(request.body.decode("utf-8", "replace")), "false"


def event_path(request: Request) -> str:
    """The event's path: without the stage but with a custom domain's base path, slashes before it as one."""
    if request.base_path:
        return request.full_path
    path = request.path
    return "/" + path.lstrip("/") if path.startswith("//") else path or "/"


@lru_cache(maxsize=8)
def request_time(second: int) -> str:
    """A time as $context.requestTime has it: 10/Oct/2026:13:55:36 +0000."""
    moment = time.gmtime(second)
    return (
        f"{moment.tm_mday:02}/{_MONTHS[moment.tm_mon - 1]}/{moment.tm_year:04}"
        f":{moment.tm_hour:02}:{moment.tm_min:02}:{moment.tm_sec:02} +0000"
    )


def authorizer_context(authorization: Authorization) -> dict[str, object] | None:
    """requestContext.authorizer; None where there is no authorizer. Values of a Lambda authorizer are texts.

    Source: "Output from an API Gateway Lambda authorizer"; recorded events with principalId and integrationLatency.
    """
    if authorization.context is None and authorization.principal_id is None:
        return None
    context = {name: _stringified(value) for name, value in (authorization.context or {}).items()}
    if authorization.principal_id is not None:
        context["principalId"] = authorization.principal_id
    if authorization.latency_ms is not None:
        context["integrationLatency"] = authorization.latency_ms
    return context


def _context(request: Request, authorization: Authorization, caller: Caller) -> str:
    """The rest of requestContext, without its end."""
    domain = request.domain_name
    agent = request.lowered.get("user-agent")
    key = (
        f'"apiKey":{_text(caller.api_key)},"apiKeyId":{_text(caller.api_key_id) if caller.api_key_id else "null"},'
        if caller.api_key
        else ""
    )
    authorizer = authorizer_context(authorization)
    return (
        f'"extendedRequestId":{_text(request.extended_request_id)},"requestTime":"{request_time(int(request.time))}",'
        f'"path":{_text(request.full_path)},"protocol":{_text(request.protocol)},'
        f'"domainPrefix":{_text(domain.partition(".")[0])},"requestTimeEpoch":{int(request.time * 1000)},'
        f'"requestId":{_text(request.request_id)},"identity":{{"cognitoIdentityPoolId":null,"accountId":null,'
        f'{key}"cognitoIdentityId":null,"caller":null,"sourceIp":{_text(request.source_ip)},"principalOrgId":null,'
        f'"accessKey":null,"cognitoAuthenticationType":null,"cognitoAuthenticationProvider":null,"userArn":null,'
        f'"userAgent":{_text(agent) if agent is not None else "null"},"user":null}},"domainName":{_text(domain)}'
        + (f',"authorizer":{json.dumps(authorizer)}' if authorizer is not None else "")
    )


@lru_cache(maxsize=1024)
def _header_key(name: str) -> str:
    """A header's name as a JSON key, with its colon; empty for one that is not handed on."""
    lowered = name.lower()
    return "" if lowered in _DROPPED else _text(_SPELLINGS.get(lowered, name)) + ":"


def _query(query: str) -> tuple[str, str]:
    single: dict[str, str] = {}
    multi: dict[str, str] = {}
    for name, value in parse_query(query):
        key, text = _text(name) + ":", _text(value)
        multi[key] = f"{multi[key]},{text}" if key in multi else text
        single[key] = text
    if not single:
        return "null", "null"
    return (
        "{" + ",".join([key + text for key, text in single.items()]) + "}",
        "{" + ",".join([f"{key}[{text}]" for key, text in multi.items()]) + "}",
    )


def _object(values: Mapping[str, str]) -> str:
    return "{" + ",".join([f"{_text(name)}:{_text(value)}" for name, value in values.items()]) + "}"


def _stringified(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


_text = encode_basestring
"""A text as JSON, in C and with what is not ASCII as it is: AWS counts bytes of UTF-8 towards its limits."""
