"""API Gateway Developer Guide, "Choose an API key source" and "Usage plans and API keys for REST APIs"."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from windtunnel.apigateway.definition import ApiKey, Keys, Method, Stage, UsagePlan
from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.keys import KeyChecks
from windtunnel.apigateway.request import Authorization, Caller, Request

KEYS = [
    ApiKey("key1", "value-one", "one", True, None),
    ApiKey("key2", "value-two", "two", False, None),
    ApiKey("key3", "value-three", "three", True, None),
]


@pytest.fixture
def keys(make_plan: Callable[..., UsagePlan]) -> Keys:
    plans = (
        make_plan(id="elsewhere", stages={("other", "test"): {}}, key_ids=frozenset({"key1", "key3"})),
        make_plan(key_ids=frozenset({"key1", "key2"})),
    )
    return Keys({key.value: key for key in KEYS}, plans)


def test_a_key_of_a_plan_of_the_stage_is_let_in(
    keys: Keys,
    make_stage: Callable[..., Stage],
    make_method: Callable[..., Method],
    make_request: Callable[..., Request],
) -> None:
    checks = KeyChecks(keys, make_stage())

    admission = checks.check(
        make_method(api_key_required=True), make_request({"X-API-Key": "value-one"}), Authorization()
    )

    assert admission.caller == Caller("value-one", "key1")
    assert admission.plan == keys.plans[1]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no API key"),
        ({"x-api-key": ""}, "no API key"),
        ({"x-api-key": "wrong"}, "no such API key"),
        ({"x-api-key": "value-two"}, "disabled"),
        ({"x-api-key": "value-three"}, "no usage plan"),
    ],
)
def test_any_other_is_forbidden(
    headers: dict[str, str],
    reason: str,
    keys: Keys,
    make_stage: Callable[..., Stage],
    make_method: Callable[..., Method],
    make_request: Callable[..., Request],
) -> None:
    # recorded: 403 {"message":"Forbidden"}, ForbiddenException (LocalStack's test_api_key_required_for_methods)
    checks = KeyChecks(keys, make_stage())

    with pytest.raises(GatewayError) as caught:
        checks.check(make_method(api_key_required=True), make_request(headers), Authorization())

    assert (caught.value.kind.type, caught.value.kind.status, caught.value.message) == (
        "INVALID_API_KEY",
        403,
        "Forbidden",
    )
    assert reason in caught.value.reason


def test_a_method_that_needs_no_key_knows_of_none(
    keys: Keys,
    make_stage: Callable[..., Stage],
    make_method: Callable[..., Method],
    make_request: Callable[..., Request],
) -> None:
    # recorded execution log: "does not require API Key. Request will not contribute to throttle or quota limits"
    checks = KeyChecks(keys, make_stage())

    admission = checks.check(make_method(), make_request({"x-api-key": "value-one"}), Authorization())

    assert admission.caller == Caller(None, None)
    assert admission.plan is None


def test_an_authorizers_key_counts_where_the_api_says_so(
    keys: Keys,
    make_stage: Callable[..., Stage],
    make_method: Callable[..., Method],
    make_request: Callable[..., Request],
) -> None:
    checks = KeyChecks(keys, make_stage(api_key_source="AUTHORIZER"))
    method = make_method(api_key_required=True)

    admission = checks.check(method, make_request(), Authorization(usage_identifier_key="value-one"))

    assert admission.caller.api_key_id == "key1"
    with pytest.raises(GatewayError, match="Forbidden"):
        checks.check(method, make_request({"x-api-key": "value-one"}), Authorization())
