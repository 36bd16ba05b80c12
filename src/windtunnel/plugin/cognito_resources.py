"""AWS::Cognito::* for CloudFormation: resource types that LocalStack 4.14.0 passes over in silence.

A property has the name of its API's parameter, but for few, so that one provider does for all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from windtunnel.plugin.localstack import (
    CloudFormationResourceProviderPlugin,
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    convert_request_kwargs,
)

Model = Mapping[str, Any]


def _nothing_more(_answer: Model, _region: str) -> Model:
    return {}


@dataclass(frozen=True)
class Kind:
    """A resource type. Operations are boto3's methods."""

    type: str
    create: str
    update: str | None
    delete: str | None
    """None: moto knows no such call; it goes with its pool."""
    identifier: tuple[str, ...]
    """The properties that name one, for update and delete; the last is its physical id."""
    create_only: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Properties whose parameter has another name."""
    told: Callable[[Model, str], Model] = _nothing_more
    """What the answer to the creation and the region add to the model."""


def _of_pool(answer: Model, region: str) -> Model:
    pool = answer["UserPool"]
    name = f"cognito-idp.{region}.amazonaws.com/{pool['Id']}"
    return {
        "UserPoolId": pool["Id"],
        "Arn": pool["Arn"],
        "ProviderName": name,
        "ProviderURL": f"https://{name}",
        "UserPoolName": pool["Name"],
    }


def _of_client(answer: Model, _region: str) -> Model:
    client = answer["UserPoolClient"]
    secret = {"ClientSecret": client["ClientSecret"]} if client.get("ClientSecret") else {}
    return {"ClientId": client["ClientId"], "Name": client["ClientName"], "ClientName": client["ClientName"], **secret}


POOL = Kind(
    "AWS::Cognito::UserPool",
    "create_user_pool",
    "update_user_pool",
    "delete_user_pool",
    ("UserPoolId",),
    renamed={"UserPoolName": "PoolName"},
    told=_of_pool,
)
CLIENT = Kind(
    "AWS::Cognito::UserPoolClient",
    "create_user_pool_client",
    "update_user_pool_client",
    "delete_user_pool_client",
    ("UserPoolId", "ClientId"),
    ("UserPoolId", "GenerateSecret"),
    told=_of_client,
)
GROUP = Kind(
    "AWS::Cognito::UserPoolGroup",
    "create_group",
    "update_group",
    "delete_group",
    ("UserPoolId", "GroupName"),
    ("UserPoolId", "GroupName"),
)
RESOURCE_SERVER = Kind(
    "AWS::Cognito::UserPoolResourceServer",
    "create_resource_server",
    "update_resource_server",
    None,
    ("UserPoolId", "Identifier"),
    ("UserPoolId", "Identifier"),
)
USER = Kind(
    "AWS::Cognito::UserPoolUser",
    "admin_create_user",
    None,
    "admin_delete_user",
    ("UserPoolId", "Username"),
    ("UserPoolId", "Username"),
)
DOMAIN = Kind(
    "AWS::Cognito::UserPoolDomain",
    "create_user_pool_domain",
    None,
    "delete_user_pool_domain",
    ("UserPoolId", "Domain"),
    ("UserPoolId", "Domain"),
)
NAMED = {POOL.type: "UserPoolName", CLIENT.type: "ClientName", GROUP.type: "GroupName"}
"""Properties that CloudFormation makes up where a template does not name them."""


class CognitoProvider(ResourceProvider):
    """Makes, changes and deletes resources of one type."""

    KIND: Kind

    def create(self, request: Any) -> Any:
        model = dict(request.desired_state)
        if (name := NAMED.get(self.KIND.type)) and not model.get(name):
            model[name] = f"{request.stack_name}-{request.logical_resource_id}"
        answer = self._call(request, self.KIND.create, model)
        return _done(request, {**model, **self.KIND.told(answer, request.region_name)})

    def update(self, request: Any) -> Any:
        if self.KIND.update is None:
            raise NotImplementedError
        known = {name: value for name, value in request.previous_state.items() if name not in request.desired_state}
        model = {**known, **request.desired_state}
        named = {name: request.previous_state[name] for name in self.KIND.identifier}
        self._call(request, self.KIND.update, {**request.desired_state, **named})
        return _done(request, model)

    def delete(self, request: Any) -> Any:
        if self.KIND.delete is None:
            return _done(request, request.desired_state)
        client = request.aws_client_factory.cognito_idp
        named = {name: request.desired_state[name] for name in self.KIND.identifier}
        with contextlib.suppress(client.exceptions.ResourceNotFoundException):  # gone with its pool
            self._call(request, self.KIND.delete, named)
        return _done(request, request.desired_state)

    def _call(self, request: Any, method: str, model: Model) -> Any:
        client = request.aws_client_factory.cognito_idp
        parameters = {self.KIND.renamed.get(name, name): value for name, value in model.items()}
        shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
        return getattr(client, method)(**convert_request_kwargs(parameters, shape))


def _done(request: Any, model: Model) -> Any:
    return ProgressEvent(OperationStatus.SUCCESS, resource_model=dict(model), custom_context=request.custom_context)


def _plugin(kind: Kind) -> type[Any]:
    """What LocalStack finds under its entry point group."""
    schema = {
        "typeName": kind.type,
        "properties": {},
        "createOnlyProperties": [f"/properties/{name}" for name in kind.create_only],
        "primaryIdentifier": [f"/properties/{kind.identifier[-1]}"],
        "handlers": {},
    }
    provider = type("Provider", (CognitoProvider,), {"TYPE": kind.type, "SCHEMA": schema, "KIND": kind})

    class Plugin(CloudFormationResourceProviderPlugin):
        name = kind.type

        def __init__(self) -> None:
            self.factory: type[Any] | None = None

        def load(self, *_arguments: Any, **_options: Any) -> None:
            self.factory = provider

    return Plugin


UserPoolPlugin = _plugin(POOL)
UserPoolClientPlugin = _plugin(CLIENT)
UserPoolGroupPlugin = _plugin(GROUP)
UserPoolResourceServerPlugin = _plugin(RESOURCE_SERVER)
UserPoolUserPlugin = _plugin(USER)
UserPoolDomainPlugin = _plugin(DOMAIN)
