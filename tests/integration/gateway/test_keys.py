"""API keys, throttles and quotas.

Sources: API Gateway Developer Guide, "Usage plans and API keys for REST APIs", "Throttle requests to your REST APIs",
and for the words of the errors "Gateway response types for API Gateway".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from windtunnel.testing.clients import Api, Aws


def test_a_key_in_a_plan_of_the_stage_is_let_through_and_told_to_the_function(
    gateway: Api, make_key: Callable[..., Any]
) -> None:
    key = make_key()

    response = gateway.get("/keyed", api_key=key.value)

    assert response.status_code == 200
    identity = response.json()["requestContext"]["identity"]
    assert (identity["apiKey"], identity["apiKeyId"]) == (key.value, key.id)


def test_a_disabled_key_is_forbidden_at_once_and_enabled_again_lets_through(
    gateway: Api, gateway_aws: Aws, make_key: Callable[..., Any]
) -> None:
    key = make_key(enabled=False)

    response = gateway.get("/keyed", api_key=key.value)

    assert (response.status_code, response.text) == (403, '{"message":"Forbidden"}')
    assert response.headers["x-amzn-ErrorType"] == "ForbiddenException"

    enable = [{"op": "replace", "path": "/enabled", "value": "true"}]
    gateway_aws.client("apigateway").update_api_key(apiKey=key.id, patchOperations=enable)

    assert gateway.get("/keyed", api_key=key.value).status_code == 200


def test_a_key_without_a_plan_of_the_stage_is_forbidden(gateway: Api, gateway_aws: Aws) -> None:
    client = gateway_aws.client("apigateway")
    key = client.create_api_key(name="windtunnel-without-plan", enabled=True)

    response = gateway.get("/keyed", api_key=key["value"])

    client.delete_api_key(apiKey=key["id"])
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})


def test_a_plan_throttles_beyond_its_burst_and_others_are_not_disturbed(
    gateway: Api, make_key: Callable[..., Any]
) -> None:
    hasty = make_key(throttle={"rateLimit": 1.0, "burstLimit": 5})
    calm = make_key()

    began = datetime.now(UTC)
    answers = [gateway.get("/keyed", api_key=hasty.value) for _ in range(30)]
    took = (datetime.now(UTC) - began).total_seconds()
    other = gateway.get("/keyed", api_key=calm.value)

    statuses = Counter(answer.status_code for answer in answers)
    # a bucket of five tokens that gets one a second
    assert 5 <= statuses[200] <= 5 + took + 1
    assert statuses[200] + statuses[429] == 30
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.text == '{"message":"Too Many Requests"}'
    assert refused.headers["x-amzn-ErrorType"] == "TooManyRequestsException"
    assert other.status_code == 200


def test_a_stages_method_throttles_everybody(gateway: Api) -> None:
    began = datetime.now(UTC)
    statuses = Counter(gateway.get("/slow").status_code for _ in range(20))
    took = (datetime.now(UTC) - began).total_seconds()

    assert 3 <= statuses[200] <= 3 + took + 1
    assert statuses[429] == 20 - statuses[200]


def test_a_quota_ends_a_key_and_usage_tells_how_much_was_used(
    gateway: Api, gateway_aws: Aws, make_key: Callable[..., Any]
) -> None:
    key = make_key(quota={"limit": 3, "period": "DAY"})

    answers = [gateway.get("/keyed", api_key=key.value) for _ in range(5)]

    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    # the template customises this one: another status, a header, a body of its own
    assert [answer.status_code for answer in answers[3:]] == [420, 420]
    assert answers[3].json() == {"why": "Limit Exceeded", "stage": "test"}
    assert answers[3].headers["x-quota"] == "used up"
    today = datetime.now(UTC).date()
    usage = gateway_aws.client("apigateway").get_usage(
        usagePlanId=key.plan_id, startDate=str(today - timedelta(days=1)), endDate=str(today)
    )
    assert usage["items"][key.id][-1] == [3, 0]
