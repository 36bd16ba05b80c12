"""What of LocalStack's API Gateway has to be mended for the edge to be told all that was deployed."""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from windtunnel.plugin.edge import EdgeAway, the_edge
from windtunnel.plugin.localstack import (
    ApigatewayNextGenProvider,
    ApiGatewayStageProvider,
    apigateway_backends,
    apigateway_import,
    handler,
)

SETTINGS = {
    "CacheDataEncrypted": "cacheDataEncrypted",
    "CacheTtlInSeconds": "cacheTtlInSeconds",
    "CachingEnabled": "cachingEnabled",
    "DataTraceEnabled": "dataTraceEnabled",
    "LoggingLevel": "loggingLevel",
    "MetricsEnabled": "metricsEnabled",
    "ThrottlingBurstLimit": "throttlingBurstLimit",
    "ThrottlingRateLimit": "throttlingRateLimit",
}


def mend_stage_settings() -> None:
    """LocalStack's CloudFormation loses a stage's MethodSettings and AccessLogSetting, made or changed.

    They are put in place before the stage is made known: the call after them publishes it.
    """
    create, update = ApiGatewayStageProvider.create, ApiGatewayStageProvider.update

    @functools.wraps(create)
    def create_with_settings(self: Any, request: Any) -> Any:
        event = create(self, request)
        _settle(request, event.resource_model)
        return event

    @functools.wraps(update)
    def update_with_settings(self: Any, request: Any) -> Any:
        event = update(self, request)
        _settle(request, event.resource_model)
        return event

    ApiGatewayStageProvider.create, ApiGatewayStageProvider.update = create_with_settings, update_with_settings


def _settle(request: Any, model: Mapping[str, Any]) -> None:
    api = apigateway_backends[request.account_id][request.region_name].apis[model["RestApiId"]]
    stage = api.stages[model["StageName"]]
    settings, log = method_settings(model), access_log_settings(model)
    if stage.method_settings == settings and stage.access_log_settings == log:
        return
    stage.method_settings, stage.access_log_settings = settings, log
    # a call that changes nothing else, so that whoever follows this stage's changes sees it
    request.aws_client_factory.apigateway.update_stage(
        restApiId=model["RestApiId"],
        stageName=model["StageName"],
        patchOperations=[{"op": "replace", "path": "/description", "value": model.get("Description") or ""}],
    )


def method_settings(model: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A stage's method settings as GetStage has them: by `*/*` or `~1users/GET`."""
    found = {}
    for entry in model.get("MethodSettings") or ():
        path, verb = entry.get("ResourcePath") or "/*", entry.get("HttpMethod") or "*"
        key = "*/*" if path in ("/*", "*") and verb == "*" else f"{path.replace('/', '~1')}/{verb}"
        found[key] = {ours: entry[theirs] for theirs, ours in SETTINGS.items() if theirs in entry}
    return found


def access_log_settings(model: Mapping[str, Any]) -> dict[str, str] | None:
    """A stage's access log settings as GetStage has them."""
    entry = model.get("AccessLogSetting") or {}
    if not entry.get("DestinationArn"):
        return None
    return {"destinationArn": entry["DestinationArn"].removesuffix(":*"), "format": entry.get("Format") or ""}


def mend_body_models() -> None:
    """LocalStack takes a Swagger 2.0 body parameter's name for its model's, whatever its schema refers to."""
    import_api = apigateway_import.import_api_from_openapi_spec

    @functools.wraps(import_api)
    def import_with_models(rest_api: Any, context: Any, open_api_spec: Any, mode: Any) -> Any:
        return import_api(rest_api, context=context, open_api_spec=named_by_model(open_api_spec), mode=mode)

    apigateway_import.import_api_from_openapi_spec = import_with_models


def named_by_model(document: Mapping[str, Any]) -> dict[str, Any]:
    """A Swagger document whose body parameters have the names of the models that they refer to."""
    copied = copy.deepcopy(dict(document))
    for item in (copied.get("paths") or {}).values():
        for operation in item.values() if isinstance(item, dict) else ():
            for parameter in (operation.get("parameters") or ()) if isinstance(operation, dict) else ():
                reference = (parameter.get("schema") or {}).get("$ref") if parameter.get("in") == "body" else None
                if reference:
                    parameter["name"] = reference.rsplit("/", 1)[-1]
    return copied


def answer_get_usage() -> None:
    """LocalStack counts nothing: what a plan's keys used, the edge knows."""

    @handler("GetUsage")
    def get_usage(self: Any, context: Any, usage_plan_id: str, start_date: str, end_date: str, **options: Any) -> Any:
        edge, items = the_edge(), {}
        if edge is not None:
            query = f"plan={quote(usage_plan_id)}&start={quote(start_date)}&end={quote(end_date)}"
            try:
                items = edge.ask("GET", f"/_windtunnel/usage?{query}")["items"]
            except EdgeAway:
                items = {}
        return {"usagePlanId": usage_plan_id, "startDate": start_date, "endDate": end_date, "items": items}

    ApigatewayNextGenProvider.get_usage = get_usage
