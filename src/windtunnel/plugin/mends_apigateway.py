"""What of LocalStack 4.14.0's API Gateway has to be mended for the edge to be told all that was deployed.

Each mend wraps one method or function, and has a test that fails without it. What CloudFormation loses before it gets
there is in mends_resources.py.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from windtunnel.plugin.edge import EdgeAway, the_edge
from windtunnel.plugin.localstack import (
    ApigatewayNextGenProvider,
    UsagePlan,
    apigateway_import,
    handler,
)
from windtunnel.plugin.mends_resources import mend_resources

AUTH_TYPE = "x-amazon-apigateway-authtype"
METHOD_AUTH = "x-amazon-apigateway-auth"
INTEGRATION = "x-amazon-apigateway-integration"
ENDPOINT = "x-amazon-apigateway-endpoint-configuration"
ANY_METHOD = "x-amazon-apigateway-any-method"
METHOD_LIMIT = re.compile(r"/apiStages/([^/:]+):([^/]+)/throttle(?:/(.+?))?(?:/(rateLimit|burstLimit))?")
NUMBERS = {"rateLimit": float, "burstLimit": int, "limit": int, "offset": int, "period": str}


def mend_apigateway() -> None:
    """Every mend of this file and of mends_resources.py. Call it once, after those of mends.py."""
    mend_usage_plan_update()
    mend_body_models()
    mend_import()
    answer_get_usage()
    mend_resources()


def mend_usage_plan_update() -> None:
    """moto knows no throttles of a plan's methods, takes no rate of half a request, and keeps a quota's limit as text.

    Source: API Gateway REST API Reference, "Patch Operations", UpdateUsagePlan.
    """

    def apply(self: Any, operations: list[Mapping[str, Any]]) -> None:
        for operation in operations:
            patch_usage_plan(self, operation["op"], operation["path"], operation.get("value"))

    UsagePlan.apply_patch_operations = apply


def patch_usage_plan(plan: Any, operation: str, path: str, value: str | None) -> None:
    """Apply one patch operation to moto's plan; one that is not known is left out, as moto does."""
    match path.strip("/").split("/"):
        case ["name" | "description" as name]:
            setattr(plan, name, value)
        case ["productCode"]:
            plan.product_code = None if operation == "remove" else value
        case ["throttle" | "quota" as part]:
            setattr(plan, part, {})
        case ["throttle" | "quota" as part, limit] if limit in NUMBERS:
            limits = getattr(plan, part)
            if operation == "remove":
                limits.pop(limit, None)
            else:
                limits[limit] = NUMBERS[limit](value)
        case ["apiStages"] if value:
            _patch_stages(plan, operation, value)
        case ["apiStages", *_] if found := METHOD_LIMIT.fullmatch(path):
            _patch_method_limit(plan, operation, found, value)


def _patch_stages(plan: Any, operation: str, value: str) -> None:
    api_id, _, stage = value.partition(":")
    there = [entry for entry in plan.api_stages if (entry["apiId"], entry["stage"]) == (api_id, stage)]
    if operation == "remove":
        plan.api_stages = [entry for entry in plan.api_stages if entry not in there]
    elif not there:
        plan.api_stages.append({"apiId": api_id, "stage": stage})


def _patch_method_limit(plan: Any, operation: str, found: re.Match[str], value: str | None) -> None:
    api_id, stage_name, method, limit = found.groups()
    for stage in plan.api_stages:
        if (stage["apiId"], stage["stage"]) != (api_id, stage_name):
            continue
        limits = stage.setdefault("throttle", {})
        if method is None:
            limits.clear()
            if operation != "remove" and value:
                limits.update(json.loads(value))
            continue
        # the resource's path begins with a slash, written after that of the patch's path, or left to it
        path, _, verb = method.replace("~1", "/").rpartition("/")
        name = f"/{path.lstrip('/')}/{verb}" if path.strip("/") else f"//{verb}"
        if operation == "remove" and limit is None:
            limits.pop(name, None)
        elif operation == "remove":
            limits.get(name, {}).pop(limit, None)
        elif limit is None:
            limits[name] = json.loads(value or "{}")
        else:
            limits.setdefault(name, {})[limit] = NUMBERS[limit](value)


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


def mend_import() -> None:
    """LocalStack leaves out of an OpenAPI document: who may call with AWS_IAM, an integration's credentials, cache key
    parameters and the content handling of its responses, and whether the execute-api endpoint is off."""
    import_api = apigateway_import.import_api_from_openapi_spec

    @functools.wraps(import_api)
    def import_whole(rest_api: Any, context: Any, open_api_spec: Any, mode: Any) -> Any:
        imported = import_api(rest_api, context=context, open_api_spec=open_api_spec, mode=mode)
        signed = _signed_schemes(open_api_spec)
        resources = {resource.get_path(): resource for resource in rest_api.resources.values()}
        for path, verb, operation in _operations(open_api_spec):
            resource = resources.get("/" + path.strip("/"))
            method = resource.resource_methods.get(verb) if resource else None
            if method is not None:
                _complete_method(method, operation, signed, open_api_spec.get("security"))
        disabled = (open_api_spec.get(ENDPOINT) or {}).get("disableExecuteApiEndpoint")
        if disabled is not None:
            rest_api.disableExecuteApiEndpoint = disabled
            rest_api.endpoint_configuration.pop("disableExecuteApiEndpoint", None)
            rest_api.endpoint_configuration.setdefault("types", ["EDGE"])
        return imported

    apigateway_import.import_api_from_openapi_spec = import_whole


def _signed_schemes(document: Mapping[str, Any]) -> set[str]:
    """The names of the security schemes that stand for AWS_IAM."""
    schemes = document.get("securityDefinitions") or (document.get("components") or {}).get("securitySchemes") or {}
    return {name for name, scheme in schemes.items() if str(scheme.get(AUTH_TYPE, "")).lower() == "awssigv4"}


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in (document.get("paths") or {}).items():
        for name, operation in item.items():
            if isinstance(operation, dict) and name != "parameters":
                yield path, "ANY" if name == ANY_METHOD else name.upper(), operation


def _complete_method(method: Any, operation: Mapping[str, Any], signed: set[str], default: Any) -> None:
    security = operation.get("security", default) or ()
    told = str((operation.get(METHOD_AUTH) or {}).get("type", "")).upper()
    if method.authorization_type == "NONE" and (
        told == "AWS_IAM" or any(name in signed for requirement in security for name in requirement)
    ):
        method.authorization_type = "AWS_IAM"
    described, integration = operation.get(INTEGRATION) or {}, method.method_integration
    if integration is None:
        return
    integration.credentials = described.get("credentials") or integration.credentials
    integration.cache_key_parameters = described.get("cacheKeyParameters") or integration.cache_key_parameters
    for response in (described.get("responses") or {}).values():
        there = (integration.integration_responses or {}).get(str(response.get("statusCode", 200)))
        if there is not None and response.get("contentHandling"):
            there.content_handling = response["contentHandling"]


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
        if key := options.get("key_id"):
            items = {name: days for name, days in items.items() if name == key}
        return {"usagePlanId": usage_plan_id, "startDate": start_date, "endDate": end_date, "items": items}

    ApigatewayNextGenProvider.get_usage = get_usage
