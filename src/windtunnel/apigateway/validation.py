"""Request validation: required parameters, and the body against its model.

Source: API Gateway Developer Guide, "Request validation for REST APIs in API Gateway".
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from windtunnel.apigateway.definition import Method, Stage
from windtunnel.apigateway.errors import BAD_REQUEST_BODY, BAD_REQUEST_PARAMETERS, GatewayError
from windtunnel.apigateway.event import query_pairs
from windtunnel.apigateway.media import media_type
from windtunnel.apigateway.request import Match, Request

JSON = "application/json"
DEFAULT = "$default"


class RequestValidator:
    """A method's checks, compiled."""

    def __init__(self, stage: Stage, method: Method) -> None:
        assert method.validator
        self._required = (
            [name.removeprefix("method.request.").split(".", 1) for name in sorted(_required(method))]
            if method.validator.parameters
            else []
        )
        self._schemas: dict[str, Any] = {}
        if method.validator.body:
            for content_type, name in method.request_models.items():
                self._schemas[content_type.lower()] = _compile(stage, name)

    def check(self, request: Request, match: Match) -> None:
        """Raises GatewayError where the request does not have what it must."""
        if self._required:
            missing = [name for place, name in self._required if not _is_there(place, name, request, match)]
            if missing:
                words = f"Missing required request parameters: [{', '.join(missing)}]"
                raise GatewayError(BAD_REQUEST_PARAMETERS, words)
        if self._schemas:
            self._check_body(request)

    def _check_body(self, request: Request) -> None:
        kind = media_type(request.lowered.get("content-type")) or JSON
        schema = self._schemas.get(kind) or self._schemas.get(DEFAULT)
        if schema is None:
            return  # a content type without a model is not checked
        try:
            # a body that is not there is an empty object
            document = json.loads(request.body or b"{}")
        except ValueError as error:
            raise GatewayError(BAD_REQUEST_BODY, "Invalid request body", validation=f"[{error}]") from error
        errors = [error.message for error in schema.iter_errors(document)]
        if errors:
            raise GatewayError(BAD_REQUEST_BODY, "Invalid request body", validation=f"[{', '.join(errors)}]")


def _required(method: Method) -> list[str]:
    return [name for name, required in method.request_parameters.items() if required]


def _is_there(place: str, name: str, request: Request, match: Match) -> bool:
    if place == "querystring":
        return any(key == name and value for key, value in query_pairs(request.query))
    if place == "header":
        return bool(request.lowered.get(name.lower()))
    return bool(match.path_parameters.get(name))


def _compile(stage: Stage, name: str) -> Any:
    """A model's schema with those it refers to, in JSON schema draft 4."""
    definitions: dict[str, Any] = {}
    schema = _resolve(stage, name, definitions)
    return jsonschema.Draft4Validator({**schema, "definitions": {**schema.get("definitions", {}), **definitions}})


def _resolve(stage: Stage, name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    resolved = _rewrite(stage, dict(stage.models.get(name) or {}), definitions)
    assert isinstance(resolved, dict)
    return resolved


def _rewrite(stage: Stage, value: Any, definitions: dict[str, Any]) -> Any:
    """References to other models become references within the schema; a model that refers to itself is fine."""
    if isinstance(value, list):
        return [_rewrite(stage, entry, definitions) for entry in value]
    if not isinstance(value, dict):
        return value
    made = {key: _rewrite(stage, entry, definitions) for key, entry in value.items() if key != "$ref"}
    reference = value.get("$ref")
    if isinstance(reference, str):
        name = reference.rsplit("/", 1)[-1]
        if name in stage.models:
            if name not in definitions:
                definitions[name] = {}
                definitions[name] = _resolve(stage, name, definitions)
            made["$ref"] = f"#/definitions/{name}"
        else:
            made["$ref"] = reference
    return made
