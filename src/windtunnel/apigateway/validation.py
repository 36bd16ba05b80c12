"""Request validation: required parameters, and the body against the model of its content type.

Sources: API Gateway Developer Guide, "Request validation for REST APIs" (parameters are "included and not blank"; "if
no matching content type is found, request validation is not performed"; $default is for every content type) and "Data
models for REST APIs" (JSON schema draft 4, references by https://apigateway.amazonaws.com/restapis/ID/models/NAME);
recorded answers of AWS: {"message": "Missing required request parameters: [issuer]"}, {"message": "Invalid request
body"}; LocalStack's validated tests: an empty body is {}.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT4

from windtunnel.apigateway.definition import Method, Stage
from windtunnel.apigateway.errors import BAD_REQUEST_BODY, BAD_REQUEST_PARAMETERS, GatewayError
from windtunnel.apigateway.request import Match, Request
from windtunnel.apigateway.validation_message import validation_message

JSON = "application/json"
DEFAULT = "$default"
_MODELS = "https://apigateway.amazonaws.com/restapis/{}/models/{}"


class Validators:
    """The models of a stage as validators, compiled when the stage is deployed."""

    def __init__(self, stage: Stage) -> None:
        self._schemas = {name: self._with_definitions(stage, name) for name in stage.models}
        self._resources = {
            name: Resource.from_contents(schema, default_specification=DRAFT4) for name, schema in self._schemas.items()
        }
        self._registry: Registry[Any] = Registry(retrieve=self._model).with_resources(  # type: ignore[call-arg]
            (_MODELS.format(stage.api_id, name), resource) for name, resource in self._resources.items()
        )
        self._validators: dict[str, Draft4Validator] = {}

    def of_model(self, name: str) -> Draft4Validator | None:
        """A model's validator, None where there is no such model."""
        if name not in self._validators and name in self._schemas:
            # a reference to itself, without an address, is to the schema it stands in
            self._validators[name] = Draft4Validator(self._schemas[name], registry=self._registry)
        return self._validators.get(name)

    def _model(self, address: str) -> Resource[Any]:
        # whichever API id it has: an imported API may still name the one that it was exported from
        return self._resources[address.rpartition("/")[2]]

    @staticmethod
    def _with_definitions(stage: Stage, name: str) -> dict[str, Any]:
        """A model's schema, in which #/definitions/OTHER is the stage's model OTHER unless it has its own."""
        schema = dict(stage.models[name])
        schema.pop("id", None)  # it would become the address that references are relative to
        others = {other: {"$ref": _MODELS.format(stage.api_id, other)} for other in stage.models}
        return {**schema, "definitions": {**others, **(schema.get("definitions") or {})}}


class Validation:
    """What of a method's requests is checked."""

    def __init__(self, parameters: tuple[str, ...], bodies: Mapping[str, Draft4Validator]) -> None:
        self._readers = [(name, _reader(place, name)) for place, name in map(_parameter, parameters)]
        self._needs_query = any(parameter.startswith("method.request.querystring.") for parameter in parameters)
        self._bodies = bodies

    def check(self, request: Request, match: Match) -> None:
        """Raises GatewayError BAD_REQUEST_PARAMETERS or BAD_REQUEST_BODY."""
        if self._readers:
            self._check_parameters(request, match)
        if self._bodies:
            self._check_body(request)

    def _check_parameters(self, request: Request, match: Match) -> None:
        query = dict(parse_qsl(request.query, keep_blank_values=True)) if self._needs_query else {}
        missing = [name for name, read in self._readers if not read(request, match, query)]
        if missing:
            text = f"Missing required request parameters: [{', '.join(missing)}]"
            raise GatewayError(BAD_REQUEST_PARAMETERS, text)

    def _check_body(self, request: Request) -> None:
        kind = request.lowered.get("content-type", JSON).partition(";")[0].strip().lower()
        validator = self._bodies.get(kind or JSON) or self._bodies.get(DEFAULT)
        if validator is None:
            return
        try:
            body = json.loads(request.body, parse_constant=_refuse) if request.body.strip() else {}
            if not validator.is_valid(body):
                raise _bad_body(validation_message(validator.iter_errors(body)))
        except (ValueError, RecursionError) as error:
            raise _bad_body("Unknown error parsing request body", str(error)) from error
        except (Unresolvable, re.error) as error:
            raise _bad_body("Unknown error parsing request body", f"the model cannot be used: {error}") from error


def validation_of(stage: Stage, method: Method, validators: Validators) -> Validation | None:
    """What of a method's requests is to be checked; None where nothing is."""
    if method.validator is None:
        return None
    parameters: tuple[str, ...] = ()
    bodies: dict[str, Draft4Validator] = {}
    if method.validator.parameters:
        parameters = tuple(sorted(name for name, required in method.request_parameters.items() if required))
    if method.validator.body:
        for kind, model in method.request_models.items():
            validator = validators.of_model(model)
            if validator is not None:
                bodies[kind if kind == DEFAULT else kind.lower()] = validator
    return Validation(parameters, bodies) if parameters or bodies else None


_Reader = Callable[[Request, Match, Mapping[str, str]], str | None]


def _parameter(expression: str) -> tuple[str, str]:
    place, _, name = expression.removeprefix("method.request.").partition(".")
    return place, name


def _reader(place: str, name: str) -> _Reader:
    """What reads a parameter's value; where AWS does not know the place, something that is always there."""
    lowered = name.lower()
    readers: dict[str, _Reader] = {
        "header": lambda request, match, query: request.lowered.get(lowered),
        "querystring": lambda request, match, query: query.get(name),
        "path": lambda request, match, query: match.path_parameters.get(name),
    }
    return readers.get(place, lambda request, match, query: place)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _bad_body(validation: str, reason: str = "") -> GatewayError:
    return GatewayError(BAD_REQUEST_BODY, "Invalid request body", validation=f"[{validation}]", reason=reason)
