"""Mapping expressions: where a parameter of an answer has its value from.

Sources: API Gateway Developer Guide, "Parameter mapping source reference for REST APIs" (method.request.*,
integration.response.*, context.*, stageVariables.*, static values in single quotes) and "Gateway responses for REST
APIs"; LocalStack's validated parameter mapping tests: the last value of a repeated parameter, a body is only read as
JSON where it starts like it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from windtunnel.apigateway.context import Lookup
from windtunnel.apigateway.jsonpath import find
from windtunnel.apigateway.query import parse_query
from windtunnel.apigateway.request import Match, Request
from windtunnel.apigateway.response import fits_header


@dataclass(frozen=True, slots=True)
class Source:
    """What mapping expressions read. `integration_body` is what an integration answered."""

    request: Request
    match: Match | None
    lookup: Lookup
    integration_body: bytes = b""


def mapped_value(expression: str, source: Source) -> str | None:
    """An expression's value; None where there is none, or where it is no mapping expression."""
    if len(expression) > 1 and expression[0] == "'" and expression[-1] == "'":
        return expression[1:-1]
    kind, _, rest = expression.partition(".")
    if kind == "context":
        return _printed(source.lookup(rest))
    if kind == "stageVariables":
        return source.request.stage.variables.get(rest)
    if expression.startswith("method.request."):
        return request_parameter(expression.removeprefix("method.request."), source)
    if expression.startswith("integration.response.body"):
        return _of_body(source.integration_body, expression.removeprefix("integration.response.body"))
    return None


def request_parameter(expression: str, source: Source) -> str | None:
    """header.Name, multivalueheader.Name, querystring.q, multivaluequerystring.q, path.p, body or body.JSONPath."""
    place, _, name = expression.partition(".")
    request = source.request
    if place in ("header", "multivalueheader"):
        values = header_values(request, name)
    elif place in ("querystring", "multivaluequerystring"):
        values = [value for key, value in parse_query(request.query) if key == name]
    elif place == "path":
        return source.match.path_parameters.get(name) if source.match else None
    elif place == "body":
        return _of_body(request.body, expression.removeprefix("body"))
    else:
        return None
    if not values:
        return None
    return ",".join(values) if place.startswith("multivalue") else values[-1]


def header_values(request: Request, name: str) -> list[str]:
    """A header's values: by its exact name, else, as a client may write it in lower case, by any spelling of it."""
    exact = [value for key, value in request.headers if key == name]
    return exact or [value for key, value in request.headers if key.lower() == name.lower()]


def response_headers(parameters: Mapping[str, str], prefix: str, source: Source) -> dict[str, list[str]]:
    """Headers by their mappings; one without a value is not there, nor one that would end its line.

    What is decoded of a query string can have line breaks, so a mapping of it could write headers of its own.
    """
    headers = {}
    for name, expression in parameters.items():
        value = mapped_value(expression, source) if name.startswith(prefix) else None
        name = name.removeprefix(prefix)
        if value and fits_header(name, value):
            headers[name] = [value]
    return headers


def _of_body(body: bytes, path: str) -> str | None:
    text = body.decode("utf-8", "replace").strip()
    if not path:
        return text or "{}"
    if not text.startswith(("{", "[", '"')):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _printed(find(document, "$" + path)[0])


def _printed(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
