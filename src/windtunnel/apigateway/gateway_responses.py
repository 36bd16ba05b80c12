"""How API Gateway answers by itself: its own words, or the API's.

Sources: API Gateway Developer Guide, "Gateway responses for REST APIs in API Gateway" and "Gateway response types";
spaces in the bodies as AWS was recorded to send them (DESIGN, "AWS's own words, exactly").
"""

from __future__ import annotations

import json
import re

from windtunnel.apigateway.context import Lookup
from windtunnel.apigateway.definition import GatewayResponse, Stage
from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.media import media_type
from windtunnel.apigateway.request import Request
from windtunnel.http.messages import Response

SPACED = frozenset(
    {
        "API_CONFIGURATION_ERROR", "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_5XX", "INTEGRATION_FAILURE",
        "INTEGRATION_TIMEOUT", "REQUEST_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE",
    }
)  # fmt: skip
"""The types whose body has a space after the colon."""
VARIABLE = re.compile(r"\$(context|stageVariables)\.([A-Za-z0-9_.-]*[A-Za-z0-9_])")
NOTHING = GatewayResponse(None, {}, {})


def error_response(error: GatewayError, stage: Stage, request: Request, lookup: Lookup) -> Response:
    """The answer to a request that ended in an error."""
    kind = error.kind
    custom = stage.gateway_responses.get(kind.type) or stage.gateway_responses.get(kind.default) or NOTHING
    content_type, body = _body(error, custom, stage, request, lookup)
    headers = [
        (b"Content-Type", content_type.encode("latin-1", "replace")),
        (b"x-amzn-RequestId", request.request_id.encode()),
        (b"x-amz-apigw-id", request.extended_request_id.encode()),
        (b"x-amzn-ErrorType", kind.exception.encode()),
    ]
    for target, expression in custom.parameters.items():
        value = _parameter(expression, request, stage, lookup)
        if target.startswith("gatewayresponse.header.") and value is not None:
            name = target.removeprefix("gatewayresponse.header.").encode("latin-1", "replace")
            headers = [header for header in headers if header[0].lower() != name.lower()]
            headers.append((name, re.sub(r"[\r\n\0]", " ", value).encode("utf-8", "replace")))
    return Response(custom.status or kind.status, headers, body.encode("utf-8", "replace"))


def default_body(error: GatewayError) -> str:
    """The body in AWS's own words."""
    if error.kind.type == "ACCESS_DENIED":
        return json.dumps({"Message": error.message}, separators=(",", ":"))
    separators = (", ", ": ") if error.kind.type in SPACED else (",", ":")
    return json.dumps({"message": error.message}, separators=separators)


def _body(
    error: GatewayError, custom: GatewayResponse, stage: Stage, request: Request, lookup: Lookup
) -> tuple[str, str]:
    templates = custom.templates
    if not templates or templates == {"application/json": '{"message":$context.error.messageString}'}:
        return "application/json", default_body(error)
    accepted = media_type(request.lowered.get("accept"))
    chosen = accepted if accepted in templates else next(iter(templates))

    def replace(found: re.Match[str]) -> str:
        value = lookup(found[2]) if found[1] == "context" else stage.variables.get(found[2])
        return "" if value is None else str(value)

    return chosen, VARIABLE.sub(replace, templates[chosen])


def _parameter(expression: str, request: Request, stage: Stage, lookup: Lookup) -> str | None:
    """A static value in single quotes, or what a mapping expression finds."""
    if len(expression) >= 2 and expression.startswith("'") and expression.endswith("'"):
        return expression[1:-1]
    value: object | None = None
    if expression.startswith("method.request.header."):
        value = request.lowered.get(expression.removeprefix("method.request.header.").lower())
    elif expression.startswith("context."):
        value = lookup(expression.removeprefix("context."))
    elif expression.startswith("stageVariables."):
        value = stage.variables.get(expression.removeprefix("stageVariables."))
    return None if value is None else str(value)
