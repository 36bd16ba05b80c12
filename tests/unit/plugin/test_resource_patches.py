"""CloudFormation's models of API Gateway's resources as parameters and patch operations of its API.

Sources: CloudFormation User Guide, AWS::ApiGateway::Stage MethodSetting, ::RestApi, ::UsagePlan, ::ApiKey; API Gateway
REST API Reference, "Patch Operations".
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from windtunnel.plugin.resource_patches import (
    access_log_settings,
    api_key_patch,
    flag,
    media_types,
    method_settings,
    rest_api_rest_patch,
    usage_plan_parameters,
    usage_plan_patch,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("false", False), ("False", False), ("true", True), (True, True), (None, False), ("", False)],
)
def test_a_flag_may_be_text(value: Any, expected: bool) -> None:
    assert flag(value) is expected


@pytest.mark.parametrize(
    ("path", "verb", "key"),
    [
        ("/*", "*", "*/*"),
        ("/*", "GET", "*/GET"),
        ("/users", "GET", "~1users/GET"),
        ("/~1users~1{userId}", "PUT", "~1users~1{userId}/PUT"),
        ("/", "GET", "~1/GET"),
    ],
)
def test_a_method_setting_is_known_by_path_and_method(path: str, verb: str, key: str) -> None:
    model = {"MethodSettings": [{"ResourcePath": path, "HttpMethod": verb, "LoggingLevel": "INFO"}]}

    assert method_settings(model) == {key: {"loggingLevel": "INFO"}}


def test_a_method_setting_has_the_apis_types() -> None:
    entry = {
        "ThrottlingBurstLimit": "7",
        "ThrottlingRateLimit": "2.5",
        "MetricsEnabled": "true",
        "CachingEnabled": False,
    }

    assert method_settings({"MethodSettings": [{"ResourcePath": "/*", "HttpMethod": "*", **entry}]}) == {
        "*/*": {
            "throttlingBurstLimit": 7,
            "throttlingRateLimit": 2.5,
            "metricsEnabled": True,
            "cachingEnabled": False,
        }
    }


def test_a_stage_description_has_settings_of_all_methods_beside_those_of_some() -> None:
    described = {
        "ThrottlingRateLimit": 2,
        "MethodSettings": [{"ResourcePath": "/a", "HttpMethod": "GET", "ThrottlingRateLimit": 1}],
    }

    assert method_settings(described) == {"*/*": {"throttlingRateLimit": 2.0}, "~1a/GET": {"throttlingRateLimit": 1.0}}


def test_access_log_settings_have_the_groups_arn_without_its_streams() -> None:
    model = {"AccessLogSetting": {"DestinationArn": "arn:aws:logs:r:1:log-group:g:*", "Format": "$context.status"}}

    assert access_log_settings(model) == {"destinationArn": "arn:aws:logs:r:1:log-group:g", "format": "$context.status"}
    assert access_log_settings({}) is None


def test_media_types_are_unescaped_and_each_there_once() -> None:
    assert media_types(["image~1png", "image/png", "*~1*"]) == ["image/png", "*/*"]
    assert media_types(None) == []


def test_what_a_rest_api_has_already_needs_no_operation() -> None:
    policy = {"Version": "2012-10-17", "Statement": []}
    there = {
        "apiKeySource": "AUTHORIZER",
        "disableExecuteApiEndpoint": True,
        "binaryMediaTypes": ["image/png"],
        "policy": json.dumps(json.dumps(policy))[1:-1],
    }
    model = {
        "ApiKeySourceType": "AUTHORIZER",
        "DisableExecuteApiEndpoint": "true",
        "BinaryMediaTypes": ["image~1png"],
        "Policy": policy,
    }

    assert rest_api_rest_patch(there, model) == []
    assert rest_api_rest_patch({}, {}) == []


def test_what_a_rest_api_lacks_is_patched() -> None:
    model = {
        "ApiKeySourceType": "AUTHORIZER",
        "DisableExecuteApiEndpoint": True,
        "BinaryMediaTypes": ["image~1png"],
        "Policy": {"Version": "2012-10-17"},
    }

    assert rest_api_rest_patch({"apiKeySource": "HEADER"}, model) == [
        {"op": "replace", "path": "/apiKeySource", "value": "AUTHORIZER"},
        {"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"},
        {"op": "replace", "path": "/policy", "value": '{"Version": "2012-10-17"}'},
        {"op": "add", "path": "/binaryMediaTypes/image~1png"},
    ]


PLAN = {
    "UsagePlanName": "p",
    "Throttle": {"BurstLimit": "5", "RateLimit": "2.5"},
    "Quota": {"Limit": 10, "Offset": 1, "Period": "WEEK"},
    "ApiStages": [{"ApiId": "a", "Stage": "s", "Throttle": {"/users/GET": {"RateLimit": 1}}}],
    "Tags": [{"Key": "k", "Value": 1}],
}


def test_a_usage_plan_has_the_apis_types() -> None:
    assert usage_plan_parameters(PLAN) == {
        "name": "p",
        "throttle": {"burstLimit": 5, "rateLimit": 2.5},
        "quota": {"limit": 10, "offset": 1, "period": "WEEK"},
        "apiStages": [{"apiId": "a", "stage": "s", "throttle": {"/users/GET": {"rateLimit": 1.0}}}],
        "tags": {"k": "1"},
    }


def test_a_usage_plan_may_have_a_rate_alone() -> None:
    assert usage_plan_parameters({"UsagePlanName": "p", "Throttle": {"RateLimit": 1}}) == {
        "name": "p",
        "throttle": {"rateLimit": 1.0},
    }


@pytest.mark.parametrize(
    ("change", "operations"),
    [
        ({}, []),
        ({"UsagePlanName": "q"}, [{"op": "replace", "path": "/name", "value": "q"}]),
        ({"Quota": None}, [{"op": "remove", "path": "/quota"}]),
        (
            {"Throttle": {"RateLimit": 3}},
            [{"op": "remove", "path": "/throttle"}, {"op": "replace", "path": "/throttle/rateLimit", "value": "3.0"}],
        ),
        (
            {"ApiStages": [{"ApiId": "b", "Stage": "s"}]},
            [
                {"op": "remove", "path": "/apiStages", "value": "a:s"},
                {"op": "add", "path": "/apiStages", "value": "b:s"},
            ],
        ),
        (
            {"ApiStages": [{"ApiId": "a", "Stage": "s", "Throttle": {"/users/PUT": {"BurstLimit": 2}}}]},
            [
                {"op": "remove", "path": "/apiStages/a:s/throttle//users/GET"},
                {"op": "replace", "path": "/apiStages/a:s/throttle//users/PUT/burstLimit", "value": "2"},
            ],
        ),
    ],
)
def test_a_changed_usage_plan_is_patched(change: dict[str, Any], operations: list[dict[str, str]]) -> None:
    assert usage_plan_patch(usage_plan_parameters(PLAN), usage_plan_parameters({**PLAN, **change})) == operations


def test_a_changed_key_is_patched() -> None:
    before = {"Enabled": "true", "CustomerId": "c"}
    after = {"Enabled": False, "Description": "d"}

    assert api_key_patch(before, after) == [
        {"op": "replace", "path": "/enabled", "value": "false"},
        {"op": "replace", "path": "/description", "value": "d"},
        {"op": "replace", "path": "/customerId", "value": ""},
    ]
    assert api_key_patch(before, before) == []
