"""What of LocalStack 4.14.0 has to be mended for stacks to be deployed, changed and served as on AWS.

Each mend wraps one method, does nothing where the defect does not show, and has a test that fails without it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from windtunnel.plugin.localstack import (
    ApiGatewayRestApiProvider,
    ApiGatewayStageProvider,
    AssignmentService,
    ChangeSetModelExecutor,
    LambdaEnvironment,
    LogsLogGroupProvider,
    OperationStatus,
    ProgressEvent,
    ResourceProviderExecutor,
    apigateway_import,
    build_gateway_response,
    config,
    get_apigateway_store,
    twisted_server,
)
from windtunnel.plugin.mends_lambda import mend_lambda

POLL_SECONDS = 0.05
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


def mend_localstack() -> None:
    """Every mend but that of the address. Call it once, before the first request."""
    mend_polling()
    mend_assignment_service()
    mend_client_context()
    mend_lambda()
    mend_needless_replacement()
    mend_forgotten_resources()
    mend_rest_api_update()
    mend_stage_update()
    mend_log_group()
    mend_gateway_responses()


def mend_address() -> None:
    """LocalStack listens on every address of the machine, whatever GATEWAY_LISTEN says: who can reach it, runs code.

    Call it before LocalStack's server is made, which is before any hook of the infrastructure.
    """
    hosts = {address.port: address.host for address in config.GATEWAY_LISTEN}
    unmended = twisted_server.endpoints

    def endpoint(reactor: Any, port: int, **options: Any) -> Any:
        return unmended.TCP4ServerEndpoint(reactor, port, **{"interface": hosts.get(port, ""), **options})

    twisted_server.endpoints = SimpleNamespace(
        TCP4ServerEndpoint=endpoint, TCP6ServerEndpoint=unmended.TCP6ServerEndpoint
    )


def mend_polling() -> None:
    """LocalStack looks once a second whether a resource of its own is ready: seconds a function, in every deploy."""
    config.BOTO_WAITER_DELAY = POLL_SECONDS
    config.BOTO_WAITER_MAX_ATTEMPTS = round(120 / POLL_SECONDS)  # two minutes, as it has them
    deploy = ResourceProviderExecutor.deploy_loop

    @functools.wraps(deploy)
    def deploy_loop(*arguments: Any, **options: Any) -> Any:
        return deploy(*arguments, **{"sleep_time": POLL_SECONDS, **options})

    ResourceProviderExecutor.deploy_loop = deploy_loop


class Snapshots(dict[str, Any]):
    """A dict whose values can be walked while another thread adds some."""

    def values(self) -> Any:
        return list(super().values())


def mend_assignment_service() -> None:
    """LocalStack looks for a free environment by walking a dict that other requests add theirs to meanwhile.

    Under concurrent cold starts that is a RuntimeError, and the request's answer a 500.
    """
    made = AssignmentService.__init__

    @functools.wraps(made)
    def init(self: Any) -> None:
        made(self)
        self.environments.default_factory = Snapshots

    AssignmentService.__init__ = init


def mend_client_context() -> None:
    """LocalStack keeps an invocation's client context to itself. An environment has one invocation at a time."""
    invoke = LambdaEnvironment.invoke

    @functools.wraps(invoke)
    def invoke_with_context(self: Any, invocation: Any) -> Any:
        self.runtime_executor.client_context = invocation.client_context
        return invoke(self, invocation)

    LambdaEnvironment.invoke = invoke_with_context


def mend_needless_replacement() -> None:
    """LocalStack replaces a resource whose create-only property refers to a resource that changes, were it in place.

    A changed API so replaces its stage, which is there already: every deploy of a changed route fails.
    """
    change = ChangeSetModelExecutor._execute_resource_change

    @functools.wraps(change)
    def execute_resource_change(self: Any, name: str, before: Any, after: Any) -> Any:
        if (
            getattr(after, "requires_replacement", False)
            and getattr(before, "resource_type", None) == after.resource_type
            and not create_only_changed(after.resource_type, before.properties.properties, after.properties.properties)
        ):
            after.requires_replacement = False
        return change(self, name, before, after)

    ChangeSetModelExecutor._execute_resource_change = execute_resource_change


def create_only_changed(resource_type: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a property that only a new resource can have differs, now that references are resolved."""
    provider = ResourceProviderExecutor.try_load_resource_provider(resource_type)
    if provider is None:
        return True
    names = {path.split("/")[2] for path in provider.SCHEMA.get("createOnlyProperties", [])}
    return any(before.get(name) != after.get(name) for name in names)


def mend_forgotten_resources() -> None:
    """After a failed update LocalStack takes the new template for deployed, and forgets what it had not come to yet.

    The next update then creates what is there, and fails. Nor is a replaced resource listed any more. As it rolls
    nothing back, the stack is what an update without rollback leaves on AWS: UPDATE_FAILED, every resource as it is.
    """
    execute = ChangeSetModelExecutor.execute

    @functools.wraps(execute)
    def execute_and_remember(self: Any) -> Any:
        change_set, stack = self._change_set, self._change_set.stack
        if stack.status == "DELETE_IN_PROGRESS":
            return execute(self)
        before, states_before = dict(stack.resolved_resources), dict(stack.resource_states)
        result = execute(self)
        resources = result.resources
        if result.failure_message and before:
            done = {name: resource for name, resource in resources.items() if "PhysicalResourceId" in resource}
            gone = {name for name in before if name in resources and name not in stack.resource_states}
            kept = {name: resource for name, resource in before.items() if name not in done and name not in gone}
            resources.clear()
            resources.update(kept | done)
            template = partly_updated(stack.processed_template, change_set.processed_template, set(kept), set(done))
            # what is said to be deployed is what the next change is computed from
            change_set.template = change_set.processed_template = template
            change_set.template_body = json.dumps(template)
            for name in [name for name in stack.resource_states if name not in resources]:
                del stack.resource_states[name]  # it never came to be; the events tell of it
            stack.set_stack_status("UPDATE_FAILED", reason=result.failure_message)
        for name, resource in resources.items():
            if name not in stack.resource_states and name in states_before and "PhysicalResourceId" in resource:
                status = resource.get("ResourceStatus", "UPDATE_COMPLETE")
                now = {"PhysicalResourceId": resource["PhysicalResourceId"], "ResourceStatus": status}
                stack.resource_states[name] = {**states_before[name], **now}
        return result

    ChangeSetModelExecutor.execute = execute_and_remember


def partly_updated(old: Mapping[str, Any], new: Mapping[str, Any], kept: set[str], done: set[str]) -> dict[str, Any]:
    """The template that an update which failed half-way has deployed: some resources as before, some as asked for."""
    before, after = old.get("Resources") or {}, new.get("Resources") or {}
    resources = {name: before[name] for name in kept if name in before}
    resources |= {name: after[name] for name in done if name in after}
    return {**new, "Resources": resources}


def mend_rest_api_update() -> None:
    """LocalStack leaves an AWS::ApiGateway::RestApi that changes as it was: a route that is added is never served."""

    def update(self: Any, request: Any) -> Any:
        model, before = {**request.previous_state, **request.desired_state}, request.previous_state
        client, api_id = request.aws_client_factory.apigateway, request.previous_state["RestApiId"]
        operations = rest_api_patch(before, model)
        if operations:
            client.update_rest_api(restApiId=api_id, patchOperations=operations)
        if (body := model.get("Body")) and body != before.get("Body"):
            text = json.dumps(body) if isinstance(body, dict) else body
            parameters = {"basepath": "ignore", **model.get("Parameters", {})}
            client.put_rest_api(restApiId=api_id, body=text.encode(), parameters=parameters, mode="overwrite")
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model, custom_context=request.custom_context)

    ApiGatewayRestApiProvider.update = update


def rest_api_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """The patch operations of UpdateRestApi for what is not in the API's body."""
    operations = [
        {"op": "replace", "path": f"/{name[0].lower()}{name[1:]}", "value": str(after[name])}
        for name in ("Name", "Description", "ApiKeySource", "MinimumCompressionSize")
        if name in after and after[name] != before.get(name)
    ]
    old, new = set(before.get("BinaryMediaTypes") or ()), set(after.get("BinaryMediaTypes") or ())
    # a media type's slash is a separator in a path
    operations += [{"op": "add", "path": f"/binaryMediaTypes/{kind.replace('/', '~1')}"} for kind in sorted(new - old)]
    operations += [
        {"op": "remove", "path": f"/binaryMediaTypes/{kind.replace('/', '~1')}"} for kind in sorted(old - new)
    ]
    return operations


def mend_stage_update() -> None:
    """LocalStack cannot update AWS::ApiGateway::Stage, which is how a new deployment of an API gets served."""

    def update(self: Any, request: Any) -> Any:
        model, before = {**request.previous_state, **request.desired_state}, request.previous_state
        request.aws_client_factory.apigateway.update_stage(
            restApiId=model["RestApiId"], stageName=model["StageName"], patchOperations=stage_patch(before, model)
        )
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model, custom_context=request.custom_context)

    ApiGatewayStageProvider.update = update


def stage_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """The patch operations of UpdateStage that make one model of a stage the other."""
    operations = []
    for name in ("DeploymentId", "Description", "TracingEnabled", "CacheClusterEnabled", "CacheClusterSize"):
        if name in after and after[name] != before.get(name):
            value = after[name]
            text = str(value).lower() if isinstance(value, bool) else str(value)
            operations.append({"op": "replace", "path": f"/{name[0].lower()}{name[1:]}", "value": text})
    old, new = before.get("Variables") or {}, after.get("Variables") or {}
    operations += [
        {"op": "replace", "path": f"/variables/{name}", "value": str(value)}
        for name, value in new.items()
        if old.get(name) != value
    ]
    operations += [{"op": "remove", "path": f"/variables/{name}"} for name in old if name not in new]
    return operations


def mend_log_group() -> None:
    """LocalStack ignores a log group's RetentionInDays, and may take the ARN of another that begins with its name."""
    create = LogsLogGroupProvider.create

    @functools.wraps(create)
    def create_with_retention(self: Any, request: Any) -> Any:
        event = create(self, request)
        _set_retention(request, event.resource_model)
        return event

    def update(self: Any, request: Any) -> Any:
        model = {**request.previous_state, **request.desired_state}
        if "RetentionInDays" not in request.desired_state:
            model.pop("RetentionInDays", None)
        _set_retention(request, model)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model, custom_context=request.custom_context)

    LogsLogGroupProvider.create, LogsLogGroupProvider.update = create_with_retention, update


def _set_retention(request: Any, model: dict[str, Any]) -> None:
    logs, name = request.aws_client_factory.logs, model["LogGroupName"]
    if days := model.get("RetentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))
    else:
        logs.delete_retention_policy(logGroupName=name)
    groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    model["Arn"] = next(group["arn"] for group in groups if group["logGroupName"] == name)


def mend_gateway_responses() -> None:
    """LocalStack does not import an OpenAPI document's gateway responses: SAM's CORS headers on its errors."""
    import_api = apigateway_import.import_api_from_openapi_spec

    @functools.wraps(import_api)
    def import_with_responses(rest_api: Any, context: Any, open_api_spec: Any, mode: Any) -> Any:
        imported = import_api(rest_api, context=context, open_api_spec=open_api_spec, mode=mode)
        container = get_apigateway_store(context=context).rest_apis[rest_api.id]
        for kind, response in (open_api_spec.get(GATEWAY_RESPONSES) or {}).items():
            container.gateway_responses[kind] = build_gateway_response(
                response_type=kind,
                status_code=str(response["statusCode"]) if "statusCode" in response else None,
                response_parameters=response.get("responseParameters"),
                response_templates=response.get("responseTemplates"),
                default_response=False,
            )
        return imported

    apigateway_import.import_api_from_openapi_spec = import_with_responses
