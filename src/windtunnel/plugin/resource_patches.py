"""CloudFormation's models of API Gateway's resources, as that API's own parameters and patch operations.

Sources: the AWS::ApiGateway::* pages of the CloudFormation User Guide; "Patch Operations" of the API Gateway REST API
Reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Model = Mapping[str, Any]
Operations = list[dict[str, str]]

SETTINGS = {
    "CacheDataEncrypted": ("cacheDataEncrypted", bool),
    "CacheTtlInSeconds": ("cacheTtlInSeconds", int),
    "CachingEnabled": ("cachingEnabled", bool),
    "DataTraceEnabled": ("dataTraceEnabled", bool),
    "LoggingLevel": ("loggingLevel", str),
    "MetricsEnabled": ("metricsEnabled", bool),
    "ThrottlingBurstLimit": ("throttlingBurstLimit", int),
    "ThrottlingRateLimit": ("throttlingRateLimit", float),
}
EVERY_METHOD = "*/*"


def flag(value: Any) -> bool:
    """A template's boolean, which may be text."""
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def method_settings(model: Model) -> dict[str, dict[str, Any]]:
    """A stage's method settings as GetStage has them, by `*/*` or `~1users/GET`; of a Stage or a StageDescription."""
    found: dict[str, dict[str, Any]] = {}
    common = _settings(model)
    if common:
        found[EVERY_METHOD] = common
    for entry in model.get("MethodSettings") or ():
        path, verb = entry.get("ResourcePath") or "/*", entry.get("HttpMethod") or "*"
        found.setdefault(_method_key(path, verb), {}).update(_settings(entry))
    return found


def _method_key(path: str, verb: str) -> str:
    """CloudFormation takes `/*`, `/users` and, "the initial slash must include a forward slash", `/~1users`."""
    plain = path.replace("~1", "/")
    plain = "/" + plain.lstrip("/")
    if plain == "/*":
        return EVERY_METHOD if verb == "*" else f"*/{verb}"
    return f"{plain.replace('/', '~1')}/{verb}"


def _settings(entry: Model) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (ours, kind) in SETTINGS.items():
        if entry.get(name) is not None:
            found[ours] = flag(entry[name]) if kind is bool else kind(entry[name])
    return found


def access_log_settings(model: Model) -> dict[str, str] | None:
    """A stage's access log settings as GetStage has them."""
    entry = model.get("AccessLogSetting") or {}
    if not entry.get("DestinationArn"):
        return None
    return {"destinationArn": entry["DestinationArn"].removesuffix(":*"), "format": entry.get("Format") or ""}


def rest_api_rest_patch(there: Model, model: Model) -> Operations:
    """UpdateRestApi's operations for what of a RestApi's properties is not so yet. `there` is GetRestApi's answer."""
    operations = []
    wanted = model.get("ApiKeySourceType")
    if wanted and wanted != there.get("apiKeySource"):
        operations.append({"op": "replace", "path": "/apiKeySource", "value": str(wanted)})
    if "DisableExecuteApiEndpoint" in model:
        disabled = flag(model["DisableExecuteApiEndpoint"])
        if disabled != bool(there.get("disableExecuteApiEndpoint")):
            path = "/disableExecuteApiEndpoint"
            operations.append({"op": "replace", "path": path, "value": str(disabled).lower()})
    if policy := model.get("Policy"):
        text = json.dumps(policy) if isinstance(policy, dict) else str(policy)
        if json.loads(text) != _policy(there.get("policy")):
            operations.append({"op": "replace", "path": "/policy", "value": text})
    kinds = media_types(there.get("binaryMediaTypes"))
    operations += [
        {"op": "add", "path": f"/binaryMediaTypes/{kind.replace('/', '~1')}"}
        for kind in media_types(model.get("BinaryMediaTypes"))
        if kind not in kinds
    ]
    return operations


def media_types(given: Sequence[str] | None) -> list[str]:
    """Each once. CloudFormation: "Slashes must be escaped with ~1. For example, image/png would be image~1png"."""
    return list(dict.fromkeys(kind.replace("~1", "/") for kind in given or ()))


def _policy(text: str | None) -> Any:
    """GetRestApi answers a policy with its quotes escaped once more."""
    return json.loads(json.loads(f'"{text}"')) if text else None


def usage_plan_parameters(model: Model) -> dict[str, Any]:
    """CreateUsagePlan's parameters for an AWS::ApiGateway::UsagePlan."""
    parameters: dict[str, Any] = {"name": model.get("UsagePlanName") or ""}
    if model.get("Description"):
        parameters["description"] = model["Description"]
    if throttle := _throttle(model.get("Throttle")):
        parameters["throttle"] = throttle
    if quota := model.get("Quota"):
        given = {"limit": quota.get("Limit"), "offset": quota.get("Offset")}
        parameters["quota"] = {name: int(value) for name, value in given.items() if value is not None}
        if quota.get("Period"):
            parameters["quota"]["period"] = quota["Period"]
    if stages := model.get("ApiStages"):
        parameters["apiStages"] = [_api_stage(stage) for stage in stages]
    if tags := model.get("Tags"):
        parameters["tags"] = {tag["Key"]: str(tag["Value"]) for tag in tags}
    return parameters


def _api_stage(stage: Model) -> dict[str, Any]:
    throttles = {method: _throttle(limits) for method, limits in (stage.get("Throttle") or {}).items()}
    found: dict[str, Any] = {"apiId": stage["ApiId"], "stage": stage["Stage"]}
    return {**found, "throttle": throttles} if throttles else found


def _throttle(limits: Model | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if limits and limits.get("BurstLimit") is not None:
        found["burstLimit"] = int(limits["BurstLimit"])
    if limits and limits.get("RateLimit") is not None:
        found["rateLimit"] = float(limits["RateLimit"])
    return found


def usage_plan_patch(before: Model, after: Model) -> Operations:
    """UpdateUsagePlan's operations that make one plan's parameters the other's."""
    operations = [
        {"op": "replace", "path": f"/{name}", "value": after.get(name) or ""}
        for name in ("name", "description")
        if after.get(name) != before.get(name)
    ]
    for part in ("throttle", "quota"):
        old, new = before.get(part) or {}, after.get(part) or {}
        if old != new:
            if set(old) - set(new):
                operations.append({"op": "remove", "path": f"/{part}"})
            operations += [
                {"op": "replace", "path": f"/{part}/{name}", "value": str(value)} for name, value in new.items()
            ]
    old_stages = {f"{stage['apiId']}:{stage['stage']}": stage for stage in before.get("apiStages") or ()}
    new_stages = {f"{stage['apiId']}:{stage['stage']}": stage for stage in after.get("apiStages") or ()}
    operations += [
        {"op": "remove", "path": "/apiStages", "value": name} for name in old_stages if name not in new_stages
    ]
    for name, stage in new_stages.items():
        if name not in old_stages:
            operations.append({"op": "add", "path": "/apiStages", "value": name})
        old_limits, new_limits = old_stages.get(name, {}).get("throttle") or {}, stage.get("throttle") or {}
        path = f"/apiStages/{name}/throttle"
        operations += [
            {"op": "remove", "path": f"{path}/{method}"} for method in old_limits if method not in new_limits
        ]
        operations += [
            {"op": "replace", "path": f"{path}/{method}/{limit}", "value": str(value)}
            for method, limits in new_limits.items()
            if old_limits.get(method) != limits
            for limit, value in limits.items()
        ]
    return operations


def api_key_patch(before: Model, after: Model) -> Operations:
    """UpdateApiKey's operations for a changed AWS::ApiGateway::ApiKey."""
    operations = []
    if flag(before.get("Enabled")) != flag(after.get("Enabled")):
        operations.append({"op": "replace", "path": "/enabled", "value": str(flag(after.get("Enabled"))).lower()})
    for name in ("Description", "CustomerId"):
        if before.get(name) != after.get(name):
            path = f"/{name[0].lower()}{name[1:]}"
            operations.append({"op": "replace", "path": path, "value": after.get(name) or ""})
    return operations
