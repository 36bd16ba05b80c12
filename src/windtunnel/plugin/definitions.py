"""LocalStack's REST APIs, keys, plans and domain names as the edge is told of them: AWS's own shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from windtunnel.plugin.localstack import apigateway_backends, apigateway_stores


def gateway_documents() -> Mapping[str, Mapping[str, Any]]:
    """Every stage, and each account's keys and domain names, by the key of their publications."""
    return {**_stages(), **_keys(), **_domains()}


def _stages() -> Mapping[str, Mapping[str, Any]]:
    documents = {}
    # these two are the same in every account and region
    store = apigateway_stores["000000000000"]["us-east-1"]
    for api_id, stages in list(store.active_deployments.items()):
        for stage_name, deployment_id in list(stages.items()):
            deployment = store.internal_deployments.get(api_id, {}).get(deployment_id)
            if deployment is None:
                continue
            account, region = deployment.account_id, deployment.region
            api = apigateway_backends[account][region].apis.get(deployment.rest_api.rest_api["id"])
            stage = api.stages.get(stage_name) if api else None
            if stage is not None:
                key = f"stage/{account}/{region}/{api_id}/{stage_name}"
                documents[key] = stage_document(account, region, deployment.rest_api, stage.to_json())
    return documents


def stage_document(account: str, region: str, api: Any, stage: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stage; all but its own settings is frozen as it was deployed. `api` is LocalStack's MergedRestApi."""
    rest_api = dict(api.rest_api)
    return {
        "account": account,
        "region": region,
        "restApi": {**rest_api, "policy": rest_api.get("policy") or None},
        "stage": stage,
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


def _method(method: Mapping[str, Any]) -> Mapping[str, Any]:
    integration = method.get("methodIntegration")
    return {**method, "methodIntegration": dict(integration) if integration else None}


def _keys() -> Mapping[str, Mapping[str, Any]]:
    documents = {}
    for account, regions in list(apigateway_backends.items()):
        for region, backend in list(regions.items()):
            if not backend.keys and not backend.usage_plans:
                continue
            documents[f"keys/{account}/{region}"] = {
                "apiKeys": [key.to_json() for key in list(backend.keys.values())],
                "usagePlans": [plan.to_json() for plan in list(backend.usage_plans.values())],
                "usagePlanKeys": {plan_id: list(keys) for plan_id, keys in list(backend.usage_plan_keys.items())},
            }
    return documents


def _domains() -> Mapping[str, Mapping[str, Any]]:
    documents = {}
    for account, regions in list(apigateway_stores.items()):
        for region, store in list(regions.items()):
            mappings = {name: list(entries) for name, entries in list(store.base_path_mappings.items())}
            backend = apigateway_backends[account][region]
            for name, entries in list(backend.base_path_mappings.items()):
                mappings.setdefault(name, [entry.to_json() for entry in list(entries.values())])
            if mappings:
                documents[f"domains/{account}/{region}"] = {
                    "domainNames": [
                        {"domainName": name, "basePathMappings": entries} for name, entries in mappings.items()
                    ]
                }
    return documents


def as_json(document: Mapping[str, Any]) -> str:
    """A document as it is sent and compared."""
    return json.dumps(document, default=str, sort_keys=True)
