"""LocalStack's REST APIs, keys, plans and domain names as the edge is told of them: AWS's own shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from windtunnel.plugin.localstack import apigateway_backends, apigateway_stores
from windtunnel.plugin.resource_patches import media_types

ANY_ACCOUNT, ANY_REGION = "000000000000", "us-east-1"
"""LocalStack keeps deployments once for all accounts and regions."""

Document = Mapping[str, Any]


def gateway_documents() -> Mapping[str, Document]:
    """Every stage, and each account's keys and domain names, by the key of their publications."""
    return {**dict(_stages()), **dict(_keys()), **dict(_domains())}


def _stages() -> Iterator[tuple[str, Document]]:
    store = apigateway_stores[ANY_ACCOUNT][ANY_REGION]
    for api_id, stages in list(store.active_deployments.items()):
        for stage_name, deployment_id in list(stages.items()):
            deployment = store.internal_deployments.get(api_id, {}).get(deployment_id)
            if deployment is None:
                continue
            account, region = deployment.account_id, deployment.region
            # the id in `active_deployments` is in lower case
            real_id = deployment.rest_api.rest_api["id"]
            api = apigateway_backends[account][region].apis.get(real_id)
            stage = api.stages.get(stage_name) if api else None
            if stage is not None:
                key = f"stage/{account}/{region}/{real_id}/{stage_name}"
                yield key, stage_document(account, region, deployment.rest_api, stage.to_json())


def stage_document(account: str, region: str, api: Any, stage: Mapping[str, Any]) -> Document:
    """A stage; all but its own settings is frozen as it was deployed. `api` is LocalStack's MergedRestApi."""
    rest_api = api.rest_api
    return {
        "account": account,
        "region": region,
        "restApi": {
            **rest_api,
            "policy": policy_text(rest_api.get("policy")),
            "binaryMediaTypes": media_types(rest_api.get("binaryMediaTypes")),
        },
        "stage": {name: value for name, value in stage.items() if value is not None},
        "resources": [
            {
                "id": resource["id"],
                "path": resource["path"],
                "methods": {verb: _method(method) for verb, method in (resource.get("resourceMethods") or {}).items()},
            }
            for resource in api.resources.values()
        ],
        "authorizers": list(api.authorizers.values()),
        "models": [
            {"name": model["name"], "contentType": model.get("contentType"), "schema": model.get("schema")}
            for model in api.models.values()
        ],
        "requestValidators": list(api.validators.values()),
        "gatewayResponses": {
            str(kind): {key: value for key, value in response.items() if key != "defaultResponse"}
            for kind, response in api.gateway_responses.items()
        },
    }


def policy_text(policy: str | None) -> str | None:
    """A resource policy as JSON text. LocalStack has it as GetRestApi answers it: its quotes escaped once more."""
    if not policy:
        return None
    try:
        json.loads(policy)
    except ValueError:
        return str(json.loads(f'"{policy}"'))
    return policy


def _method(method: Mapping[str, Any]) -> Document:
    integration = method.get("methodIntegration")
    return {**method, "methodIntegration": dict(integration) if integration else None}


def _keys() -> Iterator[tuple[str, Document]]:
    for account, regions in list(apigateway_backends.items()):
        for region, backend in list(regions.items()):
            if backend.keys or backend.usage_plans:
                yield (
                    f"keys/{account}/{region}",
                    {
                        "apiKeys": [_key(key.to_json()) for key in list(backend.keys.values())],
                        "usagePlans": [_plan(plan.to_json()) for plan in list(backend.usage_plans.values())],
                        "usagePlanKeys": {
                            plan: [key for key in list(keys) if key in backend.keys]
                            for plan, keys in list(backend.usage_plan_keys.items())
                            if plan in backend.usage_plans
                        },
                    },
                )


def _key(key: Mapping[str, Any]) -> Document:
    stages = key.get("stageKeys") or ()
    return {
        **{name: key.get(name) for name in ("id", "value", "name", "customerId")},
        "enabled": bool(key.get("enabled")),
        "stageKeys": [f"{one['restApiId']}/{one['stageName']}" if isinstance(one, dict) else one for one in stages],
    }


def _plan(plan: Mapping[str, Any]) -> Document:
    quota = plan.get("quota") or {}
    return {
        "id": plan["id"],
        "name": plan.get("name"),
        "apiStages": [
            {
                "apiId": stage["apiId"],
                "stage": stage["stage"],
                "throttle": {method: _throttle(limits) for method, limits in (stage.get("throttle") or {}).items()},
            }
            for stage in plan.get("apiStages") or ()
        ],
        "throttle": _throttle(plan["throttle"]) if plan.get("throttle") else None,
        "quota": {
            "limit": int(quota["limit"]),
            "offset": int(quota.get("offset") or 0),
            "period": quota.get("period"),
        }
        if quota.get("limit") is not None
        else None,
    }


def _throttle(limits: Mapping[str, Any]) -> Document:
    """Absent is unlimited."""
    found: dict[str, float | int] = {}
    if limits.get("burstLimit") is not None:
        found["burstLimit"] = int(limits["burstLimit"])
    if limits.get("rateLimit") is not None:
        found["rateLimit"] = float(limits["rateLimit"])
    return found


def _domains() -> Iterator[tuple[str, Document]]:
    for account, regions in list(apigateway_stores.items()):
        for region, store in list(regions.items()):
            if names := list(store.domain_names):
                yield (
                    f"domains/{account}/{region}",
                    {
                        "domainNames": [
                            {"domainName": name, "basePathMappings": list(store.base_path_mappings.get(name) or ())}
                            for name in names
                        ]
                    },
                )


def as_json(document: Document) -> str:
    """A document as it is sent and compared."""
    return json.dumps(document, default=str, sort_keys=True)
