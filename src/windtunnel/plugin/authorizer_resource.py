"""AWS::ApiGateway::Authorizer for CloudFormation, a resource type that LocalStack 4.14.0 passes over in silence."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from windtunnel.plugin.localstack import (
    CloudFormationResourceProviderPlugin,
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
)

TYPE = "AWS::ApiGateway::Authorizer"
NAMES = MappingProxyType(
    {
        "AuthType": "authType",
        "AuthorizerCredentials": "authorizerCredentials",
        "AuthorizerResultTtlInSeconds": "authorizerResultTtlInSeconds",
        "AuthorizerUri": "authorizerUri",
        "IdentitySource": "identitySource",
        "IdentityValidationExpression": "identityValidationExpression",
        "Name": "name",
        "ProviderARNs": "providerARNs",
        "Type": "type",
    }
)


class AuthorizerProvider(ResourceProvider):
    """Makes, changes and deletes authorizers by API Gateway's own API."""

    TYPE = TYPE
    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "typeName": TYPE,
        "properties": {name: {} for name in (*NAMES, "RestApiId", "AuthorizerId")},
        "required": ["RestApiId", "Name", "Type"],
        "createOnlyProperties": ["/properties/RestApiId"],
        "readOnlyProperties": ["/properties/AuthorizerId"],
        "primaryIdentifier": ["/properties/RestApiId", "/properties/AuthorizerId"],
        "handlers": {},
    }

    def create(self, request: Any) -> Any:
        model = request.desired_state
        created = request.aws_client_factory.apigateway.create_authorizer(
            restApiId=model["RestApiId"], **parameters(model)
        )
        return _done(request, {**model, "AuthorizerId": created["id"]})

    def update(self, request: Any) -> Any:
        before = request.previous_state
        model = {**request.desired_state, "AuthorizerId": before["AuthorizerId"]}
        if operations := patch(parameters(before), parameters(model)):
            request.aws_client_factory.apigateway.update_authorizer(
                restApiId=model["RestApiId"], authorizerId=model["AuthorizerId"], patchOperations=operations
            )
        return _done(request, model)

    def delete(self, request: Any) -> Any:
        model, client = request.desired_state, request.aws_client_factory.apigateway
        with contextlib.suppress(client.exceptions.NotFoundException):  # gone with its API
            client.delete_authorizer(restApiId=model["RestApiId"], authorizerId=model["AuthorizerId"])
        return _done(request, model)


def parameters(model: Mapping[str, Any]) -> dict[str, Any]:
    """CreateAuthorizer's parameters."""
    found = {theirs: model[ours] for ours, theirs in NAMES.items() if model.get(ours) is not None}
    if "authorizerResultTtlInSeconds" in found:
        found["authorizerResultTtlInSeconds"] = int(found["authorizerResultTtlInSeconds"])
    return found


def patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """UpdateAuthorizer's operations that make one's parameters the other's."""
    operations = [
        {"op": "replace", "path": f"/{name}", "value": str(after.get(name, ""))}
        for name in sorted({*before, *after} - {"providerARNs"})
        if before.get(name) != after.get(name)
    ]
    old, new = before.get("providerARNs") or [], after.get("providerARNs") or []
    operations += [{"op": "add", "path": "/providerARNs", "value": arn} for arn in new if arn not in old]
    # from the end: each removal moves those behind it
    operations += [
        {"op": "remove", "path": f"/providerARNs/{index}"}
        for index, arn in reversed([*enumerate(old)])
        if arn not in new
    ]
    return operations


def _done(request: Any, model: Mapping[str, Any]) -> Any:
    return ProgressEvent(OperationStatus.SUCCESS, resource_model=model, custom_context=request.custom_context)


class AuthorizerProviderPlugin(CloudFormationResourceProviderPlugin):
    """What LocalStack finds under its entry point group."""

    name = TYPE

    def __init__(self) -> None:
        self.factory: type[AuthorizerProvider] | None = None

    def load(self, *_arguments: Any, **_options: Any) -> None:
        self.factory = AuthorizerProvider
