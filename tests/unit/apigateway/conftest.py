"""A small API to test rules on: each fixture makes values, with what a test cares about given by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from windtunnel.apigateway.definition import (
    Authorizer,
    Method,
    MethodSettings,
    Quota,
    Stage,
    Throttle,
    UsagePlan,
)
from windtunnel.apigateway.request import Match, Request

Make = Callable[..., Any]

METHOD = Method(
    resource_id="abc123",
    resource_path="/users/{userId}",
    http_method="GET",
    authorization="NONE",
    authorizer=None,
    authorization_scopes=(),
    api_key_required=False,
    request_parameters={},
    request_models={},
    validator=None,
    operation_name=None,
    integration=None,
    settings=MethodSettings(),
)
STAGE = Stage(
    account="111122223333",
    region="us-east-1",
    api_id="s4x3opwd6i",
    api_name="api",
    stage_name="test",
    deployment_id="d1",
    variables={"Var": "value"},
    api_key_source="HEADER",
    binary_media_types=(),
    minimum_compression_size=None,
    disable_execute_api_endpoint=False,
    policy=None,
    methods=(METHOD,),
    models={},
    gateway_responses={},
    access_log=None,
    tracing=False,
    throttle=Throttle(None, None),
)
AUTHORIZER = Authorizer(
    id="auth01",
    name="authorizer",
    type="TOKEN",
    uri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:us-east-1:111122223333:function:authorizer/invocations",
    credentials=None,
    identity_source="method.request.header.Authorization",
    identity_validation=None,
    ttl=300,
    provider_arns=(),
)


@pytest.fixture
def make_method() -> Callable[..., Method]:
    def make(*, throttle: Throttle | None = None, **given: Any) -> Method:
        if throttle is not None:
            given["settings"] = MethodSettings(throttle=throttle)
        return replace(METHOD, **given)

    return make


@pytest.fixture
def make_stage() -> Callable[..., Stage]:
    return lambda **given: replace(STAGE, **given)


@pytest.fixture
def make_authorizer() -> Callable[..., Authorizer]:
    return lambda **given: replace(AUTHORIZER, **given)


@pytest.fixture
def make_request() -> Callable[..., Request]:
    def make(headers: dict[str, str] | None = None, **given: Any) -> Request:
        sent = tuple((headers or {}).items())
        values: dict[str, Any] = {
            "stage": STAGE,
            "request_id": "r1",
            "extended_request_id": "x1=",
            "trace_id": "Root=1-1-1",
            "http_method": "GET",
            "path": "/users/1",
            "full_path": "/test/users/1",
            "query": "",
            "headers": sent,
            "lowered": {name.lower(): value for name, value in sent},
            "body": b"",
            "source_ip": "192.0.2.7",
            "source_port": 40000,
            "domain_name": "s4x3opwd6i.execute-api.us-east-1.amazonaws.com",
            "protocol": "HTTP/1.1",
            "time": 1_800_000_000.0,
        }
        return Request(**{**values, **given})

    return make


@pytest.fixture
def make_match() -> Callable[..., Match]:
    def make(path_parameters: dict[str, str] | None = None, **given: Any) -> Match:
        return Match(replace(METHOD, **given), {"userId": "1"} if path_parameters is None else path_parameters)

    return make


@pytest.fixture
def make_plan() -> Callable[..., UsagePlan]:
    def make(
        *,
        throttle: Throttle | None = None,
        quota: Quota | None = None,
        methods: dict[str, Throttle] | None = None,
        **given: Any,
    ) -> UsagePlan:
        plan = UsagePlan(
            "plan1", "plan", throttle, quota, {(STAGE.api_id, STAGE.stage_name): methods or {}}, frozenset({"key1"})
        )
        return replace(plan, **given)

    return make
