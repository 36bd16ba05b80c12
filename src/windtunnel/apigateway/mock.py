"""The MOCK integration: API Gateway's own answer, made by templates.

Source: API Gateway Developer Guide, "Mock integrations for REST APIs in API Gateway".
"""

from __future__ import annotations

import json
import re

from windtunnel.apigateway.context import Lookup, Outcome, context_variables
from windtunnel.apigateway.definition import Integration, IntegrationResponse
from windtunnel.apigateway.errors import DEFAULT_5XX, UNSUPPORTED_MEDIA_TYPE, GatewayError
from windtunnel.apigateway.media import media_type
from windtunnel.apigateway.request import Authorization, Caller, Match, Request
from windtunnel.apigateway.templates import Templates
from windtunnel.http.messages import Response

LOOSE_STATUS = re.compile(r"""^\s*\{\s*['"]?statusCode['"]?\s*:\s*(\d{3})\s*[,}]""")
"""AWS takes an object whose key is not quoted: what CDK writes."""


def mock_response(
    request: Request, match: Match, authorization: Authorization, caller: Caller, templates: Templates
) -> Response:
    """The response of a method with a MOCK integration. Raises GatewayError."""
    integration = match.method.integration
    assert integration
    lookup = context_variables(request, match, authorization, caller, Outcome(200))
    status = _status(_request_text(request, match, integration, lookup, templates))
    chosen = _integration_response(integration, status)
    if chosen is None:
        raise GatewayError(DEFAULT_5XX, "Internal server error", reason=f"no integration response for {status}")
    return _response(request, match, chosen, lookup, templates)


def _request_text(
    request: Request, match: Match, integration: Integration, lookup: Lookup, templates: Templates
) -> str:
    kind = media_type(request.lowered.get("content-type")) or "application/json"
    template = integration.request_templates.get(kind)
    if template is None:
        behavior = integration.passthrough_behavior
        if behavior == "NEVER" or (behavior == "WHEN_NO_TEMPLATES" and integration.request_templates):
            raise GatewayError(UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type")
        if request.body:
            return request.body.decode("utf-8", "replace")
        # without a body there is nothing to pass through: any template will do, as a preflight's
        template = next(iter(integration.request_templates.values()), "")
    return templates.render(template, request, match, request.body, lookup)


def _status(text: str) -> int:
    try:
        status = json.loads(text).get("statusCode")
        if isinstance(status, int) and not isinstance(status, bool):
            return status
    except (ValueError, AttributeError):
        loose = LOOSE_STATUS.match(text)
        if loose is not None:
            return int(loose[1])
    raise GatewayError(
        DEFAULT_5XX, "Internal server error", reason="the mock's request template gives no statusCode that is a number"
    )


def _integration_response(integration: Integration, status: int) -> IntegrationResponse | None:
    default = None
    for response in integration.responses:
        pattern = response.selection_pattern
        if not pattern:
            default = default or response
        elif re.fullmatch(pattern, str(status)):
            return response
    return default


def _response(
    request: Request, match: Match, chosen: IntegrationResponse, lookup: Lookup, templates: Templates
) -> Response:
    accepted = media_type(request.lowered.get("accept"))
    kind = accepted if accepted in chosen.templates else next(iter(chosen.templates), "application/json")
    template = chosen.templates.get(kind, "")
    body = templates.render(template, request, match, b"", lookup).encode("utf-8", "replace") if template else b""
    headers = [(b"Content-Type", kind.encode("latin-1", "replace"))]
    for target, expression in chosen.parameters.items():
        name = target.removeprefix("method.response.header.")
        value = templates.mapped(expression, request, match, lookup)
        if value is not None:
            headers = [header for header in headers if header[0].lower() != name.lower().encode("latin-1", "replace")]
            headers.append((name.encode("latin-1", "replace"), re.sub(r"[\r\n\0]", " ", value).encode()))
    headers += [
        (b"x-amzn-RequestId", request.request_id.encode()),
        (b"x-amz-apigw-id", request.extended_request_id.encode()),
    ]
    return Response(chosen.status, headers, body)
