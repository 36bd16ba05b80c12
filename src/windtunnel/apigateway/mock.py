"""MOCK integrations: API Gateway answers by itself, by mapping templates alone.

Sources: API Gateway Developer Guide, "Mock integrations for REST APIs" (the request template's statusCode picks the
integration response), "Method request behavior for payloads without mapping templates" (passthrough behavior),
"Mapping templates for REST APIs" (how a template is chosen), "Override your API's request and response parameters";
LocalStack's validated tests: statusCode has to be an integer, {statusCode: 200} without quotes is taken (the AWS CDK
makes it so), a status override counts between 100 and 599, no X-Amzn-Trace-Id is sent; aws-sam-cli issue 2483 (a
preflight of another content type is 500 "Internal server error"); clebert/aws-simple pull request 178 (with */* as a
binary media type, a preflight needs contentHandling CONVERT_TO_TEXT).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from windtunnel.apigateway.context import ContextVariables, Outcome
from windtunnel.apigateway.definition import Integration, IntegrationResponse
from windtunnel.apigateway.errors import API_CONFIGURATION_ERROR, DEFAULT_5XX, UNSUPPORTED_MEDIA_TYPE, GatewayError
from windtunnel.apigateway.mapping import Source, response_headers
from windtunnel.apigateway.media_type import media_type
from windtunnel.apigateway.query import parse_query
from windtunnel.apigateway.request import Authorization, Caller, Match, Request
from windtunnel.apigateway.response import binary_types, decoded, finished, method_headers
from windtunnel.apigateway.templates import compiled, template_variables
from windtunnel.apigateway.velocity import velocity_value
from windtunnel.http.messages import Response

_JSON = "application/json"
_PREFIX = "method.response.header."
_LOOSE_STATUS = re.compile(r"""\s*\{(?:.*[,\s{])?(["']?)statusCode\1\s*:\s*(-?[0-9]{1,9})\s*(?:,.*)?\}\s*""", re.S)

_LOOSE_LENGTH = 64 * 1024


def mock_response(
    request: Request, match: Match, authorization: Authorization | None = None, caller: Caller | None = None
) -> Response:
    """The answer of a method's MOCK integration. Raises GatewayError: 415, or 500 where the API is not set up right."""
    integration = match.method.integration
    if integration is None:  # a method without an integration cannot be deployed
        raise _failed("the method has no integration")
    variables = ContextVariables(request, match, authorization or Authorization(), caller or Caller(), Outcome())
    context = velocity_value({
        **variables.as_mapping(),
        "requestOverride": {"header": {}, "querystring": {}, "path": {}},
        "responseOverride": {"header": {}, "status": None},
    })  # fmt: skip
    parameters = {
        "path": match.path_parameters,
        "querystring": dict(parse_query(request.query)),
        "header": dict(request.headers),
    }
    asked = _asked(integration, request, parameters, context)
    chosen = _integration_response(integration, _status_code(asked))
    kind, body = _body(chosen, request, parameters, context)
    headers = response_headers(chosen.parameters, _PREFIX, Source(request, match, variables.lookup))
    status = _overridden(chosen.status, headers, context["responseOverride"])
    if "content-type" not in {name.lower() for name in headers}:
        headers = {"Content-Type": [kind], **headers}
    if chosen.content_handling == "CONVERT_TO_BINARY" and body:
        body = decoded(body)
    return finished(request, status, method_headers(headers), body)


def _asked(
    integration: Integration, request: Request, parameters: Mapping[str, Mapping[str, str]], context: Mapping[str, Any]
) -> str:
    """The integration request: what the request template makes, or the request's own body."""
    content_type = request.lowered.get("content-type") or _JSON
    template = _request_template(integration, content_type)
    if not binary_types(request.stage).match(content_type):
        body = request.body.decode("utf-8", "replace")
    elif integration.content_handling == "CONVERT_TO_TEXT":
        body = base64.b64encode(request.body).decode("ascii")
    else:
        raise _failed("a template cannot be applied to a binary body: set contentHandling to CONVERT_TO_TEXT")
    if template is None:
        return body
    return compiled(template).render(template_variables(body, parameters, context, request.stage.variables))


def _request_template(integration: Integration, content_type: str) -> str | None:
    """The template for a content type, None where the body is passed on as it is."""
    templates = integration.request_templates
    for kind in (content_type, media_type(content_type), "$default"):
        if kind in templates:
            return templates[kind]
    behavior = integration.passthrough_behavior
    if behavior == "NEVER" or (behavior == "WHEN_NO_TEMPLATES" and templates):
        raise GatewayError(
            UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type", reason=f"no request template for {content_type}"
        )
    return None


def _status_code(text: str) -> int:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        loose = _LOOSE_STATUS.fullmatch(text) if len(text) < _LOOSE_LENGTH else None
        value = {"statusCode": int(loose[2])} if loose else None
    status = value.get("statusCode") if isinstance(value, dict) else None
    if type(status) is not int:
        raise _failed("the request template gives no statusCode that is an integer")
    return status


def _integration_response(integration: Integration, status: int) -> IntegrationResponse:
    """The one whose pattern matches, else the one without a pattern."""
    fallback = None
    for response in integration.responses:
        if response.selection_pattern:
            if re.fullmatch(response.selection_pattern, str(status)):
                return response
        elif fallback is None:
            fallback = response
    if fallback is None:
        raise GatewayError(
            API_CONFIGURATION_ERROR, "Internal server error", reason=f"no integration response for status {status}"
        )
    return fallback


def _body(
    response: IntegrationResponse,
    request: Request,
    parameters: Mapping[str, Mapping[str, str]],
    context: Mapping[str, Any],
) -> tuple[str, bytes]:
    """Content type and body; a mock's own answer is empty."""
    templates = response.templates
    if not templates:
        return _JSON, b""
    wanted = media_type(request.lowered.get("accept", ""))
    kind = wanted if wanted in templates else _JSON if _JSON in templates else next(iter(templates))
    text = compiled(templates[kind]).render(template_variables("", parameters, context, request.stage.variables))
    return kind, text.encode("utf-8", "replace")


def _overridden(status: int, headers: dict[str, list[str]], override: Mapping[str, Any]) -> int:
    """Puts a template's header overrides in, and returns the status."""
    for name, value in (override.get("header") or {}).items():
        for known in [known for known in headers if known.lower() == name.lower()]:
            del headers[known]
        headers[name] = [str(each) for each in value] if isinstance(value, list) else [str(value)]
    wanted = override.get("status")
    # 1xx would not end the exchange
    return wanted if type(wanted) is int and 200 <= wanted < 600 else status


def _failed(reason: str) -> GatewayError:
    return GatewayError(DEFAULT_5XX, "Internal server error", reason=reason)
