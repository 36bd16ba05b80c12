"""API Gateway Developer Guide, "Request validation for REST APIs in API Gateway" and "Data models for REST APIs"."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from windtunnel.apigateway.definition import Method, Stage, Validator
from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.request import Match, Request
from windtunnel.apigateway.validation import Validation, Validators, validation_of

MODELS = "https://apigateway.amazonaws.com/restapis/s4x3opwd6i/models/"
USER = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "User",
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 2}, "friends": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["name"],
}


@pytest.fixture
def compile_(make_stage: Callable[..., Stage], make_method: Callable[..., Method]) -> Callable[..., Validation | None]:
    def make(models: dict[str, Any] | None = None, *, body: bool = True, parameters: bool = True, **given: Any) -> Any:
        stage = make_stage(models=models or {})
        method = make_method(validator=Validator(body, parameters), **given)
        return validation_of(stage, method, Validators(stage))

    return make


@pytest.fixture
def refusal(make_request: Callable[..., Request], make_match: Callable[..., Match]) -> Callable[..., Any]:
    """What a validation answers to a body or a request; None where it lets it pass."""

    def check(
        validation: Validation,
        body: object = b"",
        headers: dict[str, str] | None = None,
        path_parameters: dict[str, str] | None = None,
        **given: Any,
    ) -> tuple[str, str] | None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            validation.check(make_request(headers, body=data, **given), make_match(path_parameters))
        except GatewayError as error:
            return (str(error.message), error.validation) if error.kind.status == 400 else ("", str(error.kind))
        return None

    return check


def test_nothing_to_check_is_no_validation(
    compile_: Callable[..., Any], make_stage: Callable[..., Stage], make_method: Callable[..., Method]
) -> None:
    parameters, models = {"method.request.querystring.q": True}, {"application/json": "User"}
    everything = {"request_parameters": parameters, "request_models": models}

    assert validation_of(make_stage(), make_method(**everything), Validators(make_stage())) is None
    assert compile_({"User": USER}, body=False, parameters=False, **everything) is None
    assert compile_({"User": USER}, body=False, request_models=models) is None
    assert compile_({"User": USER}, parameters=False, request_parameters=parameters) is None
    assert compile_(request_parameters={"method.request.querystring.q": False}) is None
    # a model that is not there
    assert compile_(request_models=models) is None


def test_required_parameters_have_to_be_there_and_not_blank(
    compile_: Callable[..., Any], refusal: Callable[..., Any]
) -> None:
    # recorded: {"message": "Missing required request parameters: [issuer]"} (LocalStack's validated
    # test_api_gateway_request_validator); "included and not blank"
    validation = compile_(
        request_parameters={
            "method.request.querystring.q": True,
            "method.request.querystring.optional": False,
            "method.request.header.X-Who": True,
            "method.request.path.userId": True,
            "method.request.elsewhere.x": True,
        }
    )

    assert refusal(validation, headers={"x-who": "me"}, query="q=1") is None
    assert refusal(validation, headers={"X-Who": ""}, query="q=&optional=1") == (
        "Missing required request parameters: [X-Who, q]",
        "",
    )
    assert refusal(validation, headers={"X-Who": "me"}, query="q=1", path_parameters={}) == (
        "Missing required request parameters: [userId]",
        "",
    )


def test_parameters_come_before_the_body(compile_: Callable[..., Any], refusal: Callable[..., Any]) -> None:
    validation = compile_(
        {"User": USER},
        request_parameters={"method.request.header.a.b": True},
        request_models={"application/json": "User"},
    )

    assert refusal(validation, b"{}") == ("Missing required request parameters: [a.b]", "")
    assert refusal(validation, b"{}", {"A.B": "1"})[0] == "Invalid request body"


@pytest.mark.parametrize("body", [{"name": "Ada"}, {"name": "Ada", "friends": [{"name": "Bob"}], "more": 1}])
def test_a_body_of_the_model_passes(body: object, compile_: Callable[..., Any], refusal: Callable[..., Any]) -> None:
    validation = compile_({"User": USER}, request_models={"application/json": "User"})

    assert refusal(validation, body) is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", '[object has missing required properties (["name"])]'),
        (b"  ", '[object has missing required properties (["name"])]'),
        ({}, '[object has missing required properties (["name"])]'),
        ({"name": 5}, '[instance type (integer) does not match any allowed primitive type (allowed: ["string"])]'),
        ({"name": "A"}, '[string "A" is too short (length: 1, required minimum: 2)]'),
        ({"name": "Ada", "friends": [{}]}, '[object has missing required properties (["name"])]'),
        (b"{", "[Unknown error parsing request body]"),
        (b"NaN", "[Unknown error parsing request body]"),
        (b"\xff", "[Unknown error parsing request body]"),
        (b"[" * 100_000, "[Unknown error parsing request body]"),
    ],
)
def test_any_other_body_is_invalid(
    body: object, why: str, compile_: Callable[..., Any], refusal: Callable[..., Any]
) -> None:
    # recorded: {"message": "Invalid request body"}; LocalStack's validated tests take an empty body for {}
    validation = compile_({"User": USER}, request_models={"application/json": "User"})

    assert refusal(validation, body) == ("Invalid request body", why)


@pytest.mark.parametrize(
    ("models", "content_type", "checked"),
    [
        ({"application/json": "User"}, None, True),
        ({"application/json": "User"}, "", True),
        ({"application/json": "User"}, "application/json; charset=utf-8", True),
        ({"application/json": "User"}, "Application/JSON", True),
        # "If no matching content type is found, request validation is not performed"
        ({"application/json": "User"}, "text/plain", False),
        ({"application/xml": "User"}, None, False),
        # "To use the same model regardless of the content type, set the content type for your data model to $default"
        ({"$default": "User"}, "text/plain", True),
        ({"$default": "Other", "application/json": "User"}, None, True),
    ],
)
def test_the_content_type_decides_about_the_model(
    models: dict[str, str],
    content_type: str | None,
    checked: bool,
    compile_: Callable[..., Any],
    refusal: Callable[..., Any],
) -> None:
    validation = compile_({"User": USER, "Other": {"type": "array"}}, request_models=models)
    headers = {} if content_type is None else {"Content-Type": content_type}

    assert refusal(validation, {"name": "Ada"}, headers) is None
    assert (refusal(validation, b"{}", headers) is not None) is checked


@pytest.mark.parametrize(
    "reference",
    [MODELS + "User", "https://apigateway.amazonaws.com/restapis/exported/models/User", "#/definitions/User"],
)
def test_models_refer_to_models(reference: str, compile_: Callable[..., Any], refusal: Callable[..., Any]) -> None:
    # "Data models for REST APIs": "$ref": "https://apigateway.amazonaws.com/restapis/my-api-id/models/MyModel"
    group = {"id": "group", "type": "object", "properties": {"users": {"type": "array", "items": {"$ref": reference}}}}
    validation = compile_({"User": USER, "Group": group}, request_models={"application/json": "Group"})

    assert refusal(validation, {"users": [{"name": "Ada", "friends": [{"name": "Bob"}]}]}) is None
    assert refusal(validation, {"users": [{"name": "Ada", "friends": [{}]}]}) is not None


def test_a_models_own_definitions_come_first(compile_: Callable[..., Any], refusal: Callable[..., Any]) -> None:
    model = {"definitions": {"User": {"type": "integer"}}, "items": {"$ref": "#/definitions/User"}}
    validation = compile_({"User": USER, "Numbers": model}, request_models={"application/json": "Numbers"})

    assert refusal(validation, [1, 2]) is None
    assert refusal(validation, [{"name": "Ada"}]) is not None


@pytest.mark.parametrize("model", [{"$ref": MODELS + "Nobody"}, {"pattern": "("}])
def test_a_model_that_cannot_be_used_lets_nothing_pass(
    model: dict[str, Any], compile_: Callable[..., Any], refusal: Callable[..., Any]
) -> None:
    validation = compile_({"Broken": model}, request_models={"application/json": "Broken"})

    assert refusal(validation, '"text"') == ("Invalid request body", "[Unknown error parsing request body]")


def test_a_body_as_deep_as_it_likes_is_answered(compile_: Callable[..., Any], refusal: Callable[..., Any]) -> None:
    validation = compile_({"Deep": {"items": {"$ref": "#"}}}, request_models={"application/json": "Deep"})

    assert refusal(validation, b"[" * 900 + b"]" * 900) is not None
    assert refusal(validation, b"[" * 20 + b"]" * 20) is None


def test_one_validator_serves_all_methods_of_a_model(make_stage: Callable[..., Stage]) -> None:
    validators = Validators(make_stage(models={"User": USER}))

    assert validators.of_model("User") is validators.of_model("User")
    assert validators.of_model("Nobody") is None
