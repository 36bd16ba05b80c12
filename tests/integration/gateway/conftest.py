"""The API of template.yaml, deployed to this session's own engine by the harness, as a user's would be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws
    from windtunnel.testing.plugin import Engine


@pytest.fixture(scope="session")
def gateway_stack(engine: Engine) -> Stack:
    from windtunnel.harness import Harness

    settings = replace(
        engine.settings,
        stack="windtunnel-gateway",
        template=Path(__file__).with_name("template.yaml"),
        parameters=MappingProxyType({}),
    )
    return Harness(settings).deploy()


@pytest.fixture(scope="session")
def gateway_aws(engine: Engine) -> Aws:
    from windtunnel.testing.clients import Aws

    return Aws(engine.harness.engine.session(), engine.endpoint_url)


@pytest.fixture(scope="session")
def gateway(gateway_stack: Stack) -> Iterator[Api]:
    """The API over HTTP; it has no key of its own."""
    from windtunnel.testing.clients import Api

    client = Api(gateway_stack.api_url, "")
    with client.session:
        yield client


@dataclass(frozen=True)
class Key:
    """An API key in a usage plan of its own."""

    id: str
    value: str
    plan_id: str


MakeKey = Callable[..., Key]


@pytest.fixture
def make_key(gateway_stack: Stack, gateway_aws: Aws) -> Iterator[MakeKey]:
    """Makes API keys, each in a plan with the throttle and quota given; they are gone after the test."""
    client: Any = gateway_aws.client("apigateway")
    made: list[Key] = []

    def make(*, enabled: bool = True, **limits: Any) -> Key:
        name = f"windtunnel-test-{time.time_ns()}"
        stages = [{"apiId": gateway_stack.api_id, "stage": gateway_stack.api_stage}]
        plan = client.create_usage_plan(name=name, apiStages=stages, **limits)["id"]
        key = client.create_api_key(name=name, enabled=enabled)
        client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
        made.append(Key(key["id"], key["value"], plan))
        return made[-1]

    yield make
    for key in made:
        client.delete_usage_plan_key(usagePlanId=key.plan_id, keyId=key.id)
        client.delete_api_key(apiKey=key.id)
        client.delete_usage_plan(usagePlanId=key.plan_id)
