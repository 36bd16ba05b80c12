"""A stage of a REST API as it was deployed: frozen values, read from what the backplane publishes.

The documents have the shapes of API Gateway's own API (GetRestApi, GetStage, GetResources, ...).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DEFAULT_TIMEOUT_MS = 29_000
"""An integration's timeout unless it has one of its own. Source: API Gateway quotas, "Integration timeout"."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """A token bucket: `rate` requests a second in the long run, `burst` at once. None: no limit of its own."""

    rate: float | None
    burst: int | None


@dataclass(frozen=True, slots=True)
class MethodSettings:
    """What a stage sets for a method: its own settings over those of `*/*`."""

    throttle: Throttle = Throttle(None, None)
    metrics: bool = False
    """Detailed metrics: per method, beside those of API and stage."""
    logging_level: str = "OFF"
    data_trace: bool = False


@dataclass(frozen=True, slots=True)
class IntegrationResponse:
    """How an integration's answer becomes the method's."""

    status: int
    selection_pattern: str | None
    parameters: Mapping[str, str]
    """method.response.header.Name to a mapping expression or a static value in single quotes."""
    templates: Mapping[str, str]
    content_handling: str | None


@dataclass(frozen=True, slots=True)
class Integration:
    """What answers a method."""

    type: str
    """AWS_PROXY, MOCK, AWS, HTTP or HTTP_PROXY."""
    uri: str
    timeout_ms: int
    passthrough_behavior: str
    credentials: str | None
    content_handling: str | None
    request_parameters: Mapping[str, str]
    request_templates: Mapping[str, str]
    responses: tuple[IntegrationResponse, ...]


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Who decides about a request. `ttl` is the seconds that an answer is kept, 0 for not at all."""

    id: str
    name: str
    type: str
    """TOKEN, REQUEST or COGNITO_USER_POOLS."""
    uri: str
    credentials: str | None
    identity_source: str
    identity_validation: str | None
    ttl: int
    provider_arns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Validator:
    """What of a request is checked before the integration."""

    body: bool
    parameters: bool


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a resource, with what the stage sets for it."""

    resource_id: str
    resource_path: str
    """With its placeholders: /users/{userId}."""
    http_method: str
    """GET, ...; or ANY."""
    authorization: str
    """NONE, CUSTOM, COGNITO_USER_POOLS or AWS_IAM."""
    authorizer: Authorizer | None
    authorization_scopes: tuple[str, ...]
    api_key_required: bool
    request_parameters: Mapping[str, bool]
    """method.request.querystring.q and the like, to whether it is required."""
    request_models: Mapping[str, str]
    """Content type to a model's name."""
    validator: Validator | None
    operation_name: str | None
    integration: Integration | None
    settings: MethodSettings


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """How an error of API Gateway's own is answered, where the API says so."""

    status: int | None
    parameters: Mapping[str, str]
    """gatewayresponse.header.Name to a value in single quotes or a mapping expression."""
    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Where a stage's access logs go, and a line's format with $context variables."""

    destination_arn: str
    format: str


@dataclass(frozen=True)
class Stage:
    """A deployed REST API under one stage's settings."""

    account: str
    region: str
    api_id: str
    api_name: str
    stage_name: str
    deployment_id: str
    variables: Mapping[str, str]
    api_key_source: str
    """HEADER or AUTHORIZER."""
    binary_media_types: tuple[str, ...]
    minimum_compression_size: int | None
    disable_execute_api_endpoint: bool
    policy: Mapping[str, Any] | None
    methods: tuple[Method, ...]
    models: Mapping[str, Mapping[str, Any]]
    """A model's name to its JSON schema."""
    gateway_responses: Mapping[str, GatewayResponse]
    access_log: AccessLog | None
    tracing: bool
    throttle: Throttle
    """Of `*/*`: what each method gets that has no setting of its own."""
    resources: Mapping[str, str] = field(default_factory=dict)
    """Every resource's path to its id, also those without a method."""


def stage_from_document(document: Mapping[str, Any]) -> Stage:
    """A published `stage/...` document as a Stage. Raises KeyError, TypeError or ValueError where it is none."""
    api, stage = document["restApi"], document["stage"]
    authorizers = {entry["id"]: _authorizer(entry) for entry in document.get("authorizers") or ()}
    validators = {entry["id"]: _validator(entry) for entry in document.get("requestValidators") or ()}
    settings = _method_settings(stage.get("methodSettings") or {})
    resources = document.get("resources") or ()
    access_log = stage.get("accessLogSettings") or {}
    return Stage(
        account=document["account"],
        region=document["region"],
        api_id=api["id"],
        api_name=api.get("name") or "",
        stage_name=stage["stageName"],
        deployment_id=stage.get("deploymentId") or "",
        variables=dict(stage.get("variables") or {}),
        api_key_source=api.get("apiKeySource") or "HEADER",
        binary_media_types=tuple(api.get("binaryMediaTypes") or ()),
        minimum_compression_size=api.get("minimumCompressionSize"),
        disable_execute_api_endpoint=bool(api.get("disableExecuteApiEndpoint")),
        policy=_json(api.get("policy")),
        methods=tuple(
            _method(resource, name, method, authorizers, validators, settings)
            for resource in resources
            for name, method in (resource.get("methods") or {}).items()
        ),
        models={entry["name"]: _json(entry.get("schema")) or {} for entry in document.get("models") or ()},
        gateway_responses={
            kind: _gateway_response(entry) for kind, entry in (document.get("gatewayResponses") or {}).items()
        },
        access_log=AccessLog(access_log["destinationArn"], access_log["format"])
        if access_log.get("destinationArn") and access_log.get("format")
        else None,
        tracing=bool(stage.get("tracingEnabled")),
        throttle=settings.get("*/*", MethodSettings()).throttle,
        resources={resource["path"]: resource["id"] for resource in resources},
    )


def _method(
    resource: Mapping[str, Any],
    name: str,
    method: Mapping[str, Any],
    authorizers: Mapping[str, Authorizer],
    validators: Mapping[str, Validator],
    settings: Mapping[str, MethodSettings],
) -> Method:
    path = resource["path"]
    integration = method.get("methodIntegration")
    return Method(
        resource_id=resource["id"],
        resource_path=path,
        http_method=name,
        authorization=method.get("authorizationType") or "NONE",
        authorizer=authorizers.get(method.get("authorizerId") or ""),
        authorization_scopes=tuple(method.get("authorizationScopes") or ()),
        api_key_required=bool(method.get("apiKeyRequired")),
        request_parameters=dict(method.get("requestParameters") or {}),
        request_models=dict(method.get("requestModels") or {}),
        validator=validators.get(method.get("requestValidatorId") or ""),
        operation_name=method.get("operationName"),
        integration=_integration(integration) if integration else None,
        settings=settings.get(f"{path.lstrip('/')}/{name}", settings.get("*/*", MethodSettings())),
    )


def _method_settings(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, MethodSettings]:
    """By "users/{userId}/GET" (the root is "/GET"); a method's own values over those of */*."""
    common = entries.get("*/*") or {}
    settings = {}
    for key, entry in {"*/*": common, **entries}.items():
        merged = {**common, **{name: value for name, value in entry.items() if value is not None}}
        settings[key.replace("~1", "/").lstrip("/") if key != "*/*" else key] = MethodSettings(
            throttle=Throttle(_number(merged.get("throttlingRateLimit")), _integer(merged.get("throttlingBurstLimit"))),
            metrics=_flag(merged.get("metricsEnabled")),
            logging_level=merged.get("loggingLevel") or "OFF",
            data_trace=_flag(merged.get("dataTraceEnabled")),
        )
    return settings


def _integration(entry: Mapping[str, Any]) -> Integration:
    responses = entry.get("integrationResponses") or {}
    return Integration(
        type=entry["type"],
        uri=entry.get("uri") or "",
        timeout_ms=int(entry.get("timeoutInMillis") or DEFAULT_TIMEOUT_MS),
        passthrough_behavior=(entry.get("passthroughBehavior") or "WHEN_NO_MATCH").upper(),
        credentials=entry.get("credentials"),
        content_handling=entry.get("contentHandling"),
        request_parameters=dict(entry.get("requestParameters") or {}),
        request_templates=dict(entry.get("requestTemplates") or {}),
        responses=tuple(
            IntegrationResponse(
                status=int(response.get("statusCode") or status),
                selection_pattern=response.get("selectionPattern"),
                parameters=dict(response.get("responseParameters") or {}),
                templates={kind: text or "" for kind, text in (response.get("responseTemplates") or {}).items()},
                content_handling=response.get("contentHandling"),
            )
            for status, response in responses.items()
        ),
    )


def _authorizer(entry: Mapping[str, Any]) -> Authorizer:
    kind = entry["type"]
    ttl = entry.get("authorizerResultTtlInSeconds")
    return Authorizer(
        id=entry["id"],
        name=entry.get("name") or "",
        type=kind,
        uri=entry.get("authorizerUri") or "",
        credentials=entry.get("authorizerCredentials"),
        identity_source=entry.get("identitySource")
        or ("" if kind == "REQUEST" else "method.request.header.Authorization"),
        identity_validation=entry.get("identityValidationExpression") or None,
        ttl=300 if ttl is None else int(ttl),
        provider_arns=tuple(entry.get("providerARNs") or ()),
    )


def _validator(entry: Mapping[str, Any]) -> Validator:
    return Validator(
        body=_flag(entry.get("validateRequestBody")), parameters=_flag(entry.get("validateRequestParameters"))
    )


def _gateway_response(entry: Mapping[str, Any]) -> GatewayResponse:
    status = entry.get("statusCode")
    return GatewayResponse(
        status=int(status) if status else None,
        parameters=dict(entry.get("responseParameters") or {}),
        templates=dict(entry.get("responseTemplates") or {}),
    )


def _json(value: object) -> Any:
    return json.loads(value) if isinstance(value, str) and value.strip() else value or None


def _flag(value: object) -> bool:
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def _number(value: object) -> float | None:
    number = float(str(value)) if value is not None else None
    return None if number is not None and number < 0 else number


def _integer(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key; `value` is what a client sends."""

    id: str
    value: str
    name: str
    enabled: bool
    customer_id: str | None


@dataclass(frozen=True, slots=True)
class Quota:
    """How many requests an API key has in each period; `offset` are those that the first period starts with."""

    limit: int
    period: str
    """DAY, WEEK or MONTH."""
    offset: int


@dataclass(frozen=True, slots=True)
class UsagePlan:
    """What its keys may use: which stages, how fast, how much."""

    id: str
    name: str
    throttle: Throttle | None
    quota: Quota | None
    stages: Mapping[tuple[str, str], Mapping[str, Throttle]]
    """(API id, stage) to the throttles of single methods, by "/users/GET" as the plan has them."""
    key_ids: frozenset[str]


@dataclass(frozen=True)
class Keys:
    """An account's API keys and usage plans in a region."""

    by_value: Mapping[str, ApiKey]
    plans: Sequence[UsagePlan]


def keys_from_document(document: Mapping[str, Any]) -> Keys:
    """A published `keys/...` document."""
    members = document.get("usagePlanKeys") or {}
    keys = [
        ApiKey(
            entry["id"], entry["value"], entry.get("name") or "", bool(entry.get("enabled")), entry.get("customerId")
        )
        for entry in document.get("apiKeys") or ()
    ]
    return Keys(
        by_value={key.value: key for key in keys},
        plans=tuple(_usage_plan(entry, members.get(entry["id"]) or ()) for entry in document.get("usagePlans") or ()),
    )


def _usage_plan(entry: Mapping[str, Any], key_ids: Sequence[str]) -> UsagePlan:
    throttle, quota = entry.get("throttle") or None, entry.get("quota") or None
    return UsagePlan(
        id=entry["id"],
        name=entry.get("name") or "",
        throttle=_throttle(throttle) if throttle else None,
        quota=Quota(int(quota["limit"]), quota.get("period") or "DAY", int(quota.get("offset") or 0))
        if quota and quota.get("limit") is not None
        else None,
        stages={
            (stage["apiId"], stage["stage"]): {
                path: _throttle(limits) for path, limits in (stage.get("throttle") or {}).items()
            }
            for stage in entry.get("apiStages") or ()
            if stage.get("apiId") and stage.get("stage")
        },
        key_ids=frozenset(key_ids),
    )


def _throttle(entry: Mapping[str, Any]) -> Throttle:
    return Throttle(_number(entry.get("rateLimit")), _integer(entry.get("burstLimit")))
