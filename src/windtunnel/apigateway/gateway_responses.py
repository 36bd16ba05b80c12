"""API Gateway's own answers: errors, as AWS words them or as the API customises them.

Sources: API Gateway Developer Guide, "Gateway responses for REST APIs" (templates with variables, without VTL) and
"Gateway response types for API Gateway" (which default is for which type; a default's status is that of all its
types); "Amazon API Gateway important notes" (413 REQUEST_TOO_LARGE cannot be customised); recorded answers of AWS.
Bodies are to the letter: what is refused before the integration has no space after the colon (Content-Length 42 for
"Missing Authentication Token", 23 for "Forbidden"), what fails from validation on has one (36 for "Internal server
error", 41 for "Endpoint request timed out"), and a denied access says "Message".
"""

from __future__ import annotations

import json
import re

from windtunnel.apigateway.context import Lookup
from windtunnel.apigateway.definition import GatewayResponse, Stage
from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.mapping import Source, request_parameter, response_headers
from windtunnel.apigateway.media_type import media_type
from windtunnel.apigateway.request import Match, Request
from windtunnel.apigateway.response import finished
from windtunnel.http.messages import Response

_SPACED = frozenset({
    "API_CONFIGURATION_ERROR", "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX",
    "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "REQUEST_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE",
})  # fmt: skip
_NOT_CUSTOMISED = "REQUEST_TOO_LARGE"
_PREFIX = "gatewayresponse.header."
_JSON = "application/json"
_DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
_NAME = r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w:-]*)*"
_VARIABLE = re.compile(
    rf"\$(?P<brace>\{{)?(?:context\.(?P<context>{_NAME})|stageVariables\.(?P<stage>[\w-]+)"
    rf"|method\.request\.(?P<request>{_NAME})|input\.params\(['\"](?P<input>[^'\"]*)['\"]\)|input\.(?P<body>body))"
    r"(?(brace)\})"
)


def error_response(
    error: GatewayError, stage: Stage, request: Request, variables: Lookup, match: Match | None = None
) -> Response:
    """The answer to a request that API Gateway refuses or fails. `variables` knows the error ($context.error.*)."""
    kind = error.kind
    custom = None
    if stage.gateway_responses and kind.type != _NOT_CUSTOMISED:
        custom = stage.gateway_responses.get(kind.type) or stage.gateway_responses.get(kind.default)
    headers: dict[str, list[str]] = {"Content-Type": [_JSON], "x-amzn-ErrorType": [kind.exception]}
    if custom is None:
        return finished(request, kind.status, _lines(headers), default_body(error))
    source = Source(request, match, variables)
    content_type, body = _templated(custom, error, source)
    headers["Content-Type"] = [content_type]
    for name, values in response_headers(custom.parameters, _PREFIX, source).items():
        for known in [known for known in headers if known.lower() == name.lower()]:
            del headers[known]
        headers[name] = values
    return finished(request, custom.status or kind.status, _lines(headers), body)


def default_body(error: GatewayError) -> bytes:
    """The body that AWS sends where the API does not say otherwise."""
    kind = error.kind.type
    name = "Message" if kind == "ACCESS_DENIED" else "message"
    space = " " if kind in _SPACED else ""
    return f'{{"{name}":{space}{json.dumps(error.message, ensure_ascii=False)}}}'.encode()


def _templated(custom: GatewayResponse, error: GatewayError, source: Source) -> tuple[str, bytes]:
    """Content type and body. A response whose template is AWS's own keeps AWS's words to the letter."""
    wanted = media_type(source.request.lowered.get("accept", ""))
    kind = wanted if wanted in custom.templates else _JSON
    if kind not in custom.templates:
        kind = next(iter(custom.templates), _JSON)
    template = custom.templates.get(kind, _DEFAULT_TEMPLATE)
    if template.strip() == _DEFAULT_TEMPLATE:
        return kind, default_body(error)
    return kind, _VARIABLE.sub(lambda found: _variable(found, source), template).encode("utf-8", "replace")


def _variable(found: re.Match[str], source: Source) -> str:
    value: object | None
    if found["context"] is not None:
        value = source.lookup(found["context"])
    elif found["stage"] is not None:
        value = source.request.stage.variables.get(found["stage"])
    elif found["request"] is not None:
        value = request_parameter(found["request"], source)
    elif found["input"] is not None:
        places = (f"{place}.{found['input']}" for place in ("path", "querystring", "header"))
        value = next((text for text in (request_parameter(place, source) for place in places) if text), None)
    else:
        value = request_parameter("body", source)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _lines(headers: dict[str, list[str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), values[0].encode("utf-8", "replace")) for name, values in headers.items()]
