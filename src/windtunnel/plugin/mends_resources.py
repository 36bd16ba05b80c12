"""What CloudFormation in LocalStack 4.14.0 loses of API Gateway's resources when it makes and changes them.

Each mend wraps a resource's provider, which calls API Gateway's own API: what it sets is published with that call.
"""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from windtunnel.plugin.localstack import (
    ApiGatewayApiKeyProvider,
    ApiGatewayBasePathMappingProvider,
    ApiGatewayDeploymentProvider,
    ApiGatewayGatewayResponseProvider,
    ApiGatewayMethodProvider,
    ApiGatewayModelProvider,
    ApiGatewayRequestValidatorProvider,
    ApiGatewayRestApiProvider,
    ApiGatewayStageProvider,
    ApiGatewayUsagePlanProvider,
    OperationStatus,
    ProgressEvent,
    apigateway_backends,
)
from windtunnel.plugin.resource_patches import (
    access_log_settings,
    api_key_patch,
    flag,
    method_settings,
    rest_api_rest_patch,
    usage_plan_parameters,
    usage_plan_patch,
)

Model = Mapping[str, Any]
STAGE_SETTINGS = ("AccessLogSetting", "MethodSettings", "Variables")
"""Properties of a stage that an update may take away."""


def mend_resources() -> None:
    """Every mend of this file."""
    mend_stage_settings()
    mend_stage_description()
    mend_rest_api_settings()
    mend_usage_plan()
    mend_api_key()
    mend_method_update()
    mend_small_updates()


def _done(request: Any, model: Model) -> Any:
    return ProgressEvent(OperationStatus.SUCCESS, resource_model=model, custom_context=request.custom_context)


def _after(provider: Any, operation: str, settle: Callable[[Any, dict[str, Any]], None]) -> None:
    """Wrap an operation of a provider so that `settle` follows it, with the resource's model as it then is."""
    unmended = getattr(provider, operation)

    @functools.wraps(unmended)
    def mended(self: Any, request: Any) -> Any:
        event = unmended(self, request)
        settle(request, event.resource_model)
        return event

    setattr(provider, operation, mended)


def mend_stage_settings() -> None:
    """LocalStack's CloudFormation loses a stage's MethodSettings and AccessLogSetting, made or changed."""

    def settle(request: Any, model: dict[str, Any]) -> None:
        for gone in [key for key in STAGE_SETTINGS if key in model and key not in request.desired_state]:
            del model[gone]
        _settle_stage(request, model["RestApiId"], model["StageName"], model)

    _after(ApiGatewayStageProvider, "create", settle)
    _after(ApiGatewayStageProvider, "update", settle)


def _settle_stage(request: Any, api_id: str, name: str, model: Model) -> None:
    """Set what a stage's API has no parameters for; `model` is an AWS::ApiGateway::Stage."""
    stage = apigateway_backends[request.account_id][request.region_name].apis[api_id].stages[name]
    variables = {key: str(value) for key, value in (model.get("Variables") or {}).items()}
    wanted = (method_settings(model), access_log_settings(model), variables)
    if (stage.method_settings, stage.access_log_settings, stage.variables) == wanted:
        return
    stage.method_settings, stage.access_log_settings, stage.variables = wanted
    # a call that changes nothing else, so that whoever follows this stage's changes sees it
    request.aws_client_factory.apigateway.update_stage(
        restApiId=api_id,
        stageName=name,
        patchOperations=[{"op": "replace", "path": "/description", "value": model.get("Description") or ""}],
    )


def mend_stage_description() -> None:
    """LocalStack writes a Deployment's StageDescription, which is a stage's settings, into the stage's description."""
    create = ApiGatewayDeploymentProvider.create

    @functools.wraps(create)
    def create_with_stage(self: Any, request: Any) -> Any:
        described = request.desired_state.pop("StageDescription", None)
        event = create(self, request)
        if not described:
            return event
        model = event.resource_model
        model["StageDescription"] = described
        api_id, name = model["RestApiId"], model["StageName"]
        _settle_stage(request, api_id, name, described)
        tracing = str(flag(described.get("TracingEnabled"))).lower()
        request.aws_client_factory.apigateway.update_stage(
            restApiId=api_id,
            stageName=name,
            patchOperations=_replacements(
                {"/tracingEnabled": tracing, "/description": described.get("Description") or ""}
            ),
        )
        return event

    ApiGatewayDeploymentProvider.create = create_with_stage


def mend_rest_api_settings() -> None:
    """LocalStack looks for a RestApi's ApiKeySourceType under another name, and changes neither its Policy nor
    DisableExecuteApiEndpoint; an update's body takes BinaryMediaTypes with it that are not in it."""

    def settle(request: Any, model: Model) -> None:
        client = request.aws_client_factory.apigateway
        there = client.get_rest_api(restApiId=model["RestApiId"])
        if operations := rest_api_rest_patch(there, model):
            client.update_rest_api(restApiId=model["RestApiId"], patchOperations=operations)

    _after(ApiGatewayRestApiProvider, "create", settle)
    _after(ApiGatewayRestApiProvider, "update", settle)


def mend_usage_plan() -> None:
    """LocalStack's CloudFormation cannot make a UsagePlan with a rate alone, nor change one at all."""

    def create(_self: Any, request: Any) -> Any:
        model = request.desired_state
        if not model.get("UsagePlanName"):
            model["UsagePlanName"] = f"{request.stack_name}-{request.logical_resource_id}"
        created = request.aws_client_factory.apigateway.create_usage_plan(**usage_plan_parameters(model))
        model["Id"] = created["id"]
        return _done(request, model)

    def update(_self: Any, request: Any) -> Any:
        before = request.previous_state
        model = {"UsagePlanName": before.get("UsagePlanName"), **request.desired_state, "Id": before["Id"]}
        if operations := usage_plan_patch(usage_plan_parameters(before), usage_plan_parameters(model)):
            client = request.aws_client_factory.apigateway
            client.update_usage_plan(usagePlanId=before["Id"], patchOperations=operations)
        return _done(request, model)

    ApiGatewayUsagePlanProvider.create, ApiGatewayUsagePlanProvider.update = create, update


def mend_api_key() -> None:
    """LocalStack's CloudFormation enables a key whose Enabled is "false", forgets what its StageKeys were, and changes
    none."""
    create = ApiGatewayApiKeyProvider.create

    @functools.wraps(create)
    def create_as_told(self: Any, request: Any) -> Any:
        if "Enabled" in request.desired_state:
            request.desired_state["Enabled"] = flag(request.desired_state["Enabled"])
        wanted = copy.deepcopy(request.desired_state)
        event = create(self, request)
        return _done(request, {**event.resource_model, **wanted})

    def update(_self: Any, request: Any) -> Any:
        before = request.previous_state
        model = {**request.desired_state, "APIKeyId": before["APIKeyId"]}
        if operations := api_key_patch(before, model):
            client = request.aws_client_factory.apigateway
            client.update_api_key(apiKey=before["APIKeyId"], patchOperations=operations)
        return _done(request, model)

    ApiGatewayApiKeyProvider.create, ApiGatewayApiKeyProvider.update = create_as_told, update


def mend_method_update() -> None:
    """LocalStack changes of a Method its integration alone, or else its authorization type, and forgets the
    integration's responses even when it makes one."""
    create = ApiGatewayMethodProvider.create

    @functools.wraps(create)
    def create_and_remember(self: Any, request: Any) -> Any:
        wanted = copy.deepcopy(request.desired_state)
        event = create(self, request)
        return _done(request, {**event.resource_model, **wanted})

    def update(self: Any, request: Any) -> Any:
        model = request.desired_state
        request.aws_client_factory.apigateway.delete_method(
            restApiId=model["RestApiId"], resourceId=model["ResourceId"], httpMethod=model["HttpMethod"]
        )
        return create_and_remember(self, request)

    ApiGatewayMethodProvider.create, ApiGatewayMethodProvider.update = create_and_remember, update


def mend_small_updates() -> None:
    """LocalStack leaves gateway responses, models, request validators and base path mappings as they were made."""
    make_response = ApiGatewayGatewayResponseProvider.create

    def update_response(self: Any, request: Any) -> Any:
        event = make_response(self, request)
        return _done(request, {**event.resource_model, "Id": request.previous_state["Id"]})

    def update_model(_self: Any, request: Any) -> Any:
        model = {**request.previous_state, **request.desired_state}
        request.aws_client_factory.apigateway.update_model(
            restApiId=model["RestApiId"],
            modelName=model["Name"],
            patchOperations=_replacements(
                {"/schema": json.dumps(model.get("Schema") or {}), "/description": model.get("Description")}
            ),
        )
        return _done(request, model)

    def update_validator(_self: Any, request: Any) -> Any:
        model = {**request.previous_state, **request.desired_state}
        parts = ("validateRequestBody", "validateRequestParameters")
        wanted = {
            f"/{part}": str(flag(request.desired_state.get(part[0].upper() + part[1:]))).lower() for part in parts
        }
        request.aws_client_factory.apigateway.update_request_validator(
            restApiId=model["RestApiId"],
            requestValidatorId=model["RequestValidatorId"],
            patchOperations=_replacements(wanted),
        )
        return _done(request, model)

    def update_mapping(_self: Any, request: Any) -> Any:
        model = {**request.previous_state, **request.desired_state}
        request.aws_client_factory.apigateway.update_base_path_mapping(
            domainName=model["DomainName"],
            basePath=request.previous_state.get("BasePath") or "(none)",
            patchOperations=_replacements({"/restapiId": model["RestApiId"], "/stage": model.get("Stage") or ""}),
        )
        return _done(request, model)

    ApiGatewayGatewayResponseProvider.update = update_response
    ApiGatewayModelProvider.update = update_model
    ApiGatewayRequestValidatorProvider.update = update_validator
    ApiGatewayBasePathMappingProvider.update = update_mapping


def _replacements(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": path, "value": value} for path, value in values.items() if value is not None]
