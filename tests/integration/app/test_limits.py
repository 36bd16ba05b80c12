"""The optional part `limits`: tiers by usage plan, and a token bucket for each API key."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from limits.bucket import Tier
from limits.table import Buckets

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def limits(part: Callable[[str], Stack]) -> Stack:
    return part("limits")


@pytest.fixture(scope="module")
def client(limits: Stack, aws: Aws) -> Callable[[str], Api]:
    """A client with the key of a tier."""
    from windtunnel.testing.clients import Api

    def make(output: str) -> Api:
        key = aws.client("apigateway").get_api_key(apiKey=limits.outputs[output], includeValue=True)["value"]
        return Api(limits.api_url, key)

    return make


@pytest.fixture
def empty(limits: Stack, aws: Aws) -> None:
    """No key has used anything yet."""
    table = aws.resource("dynamodb").Table(limits.outputs["BucketsTableName"])
    for output in ("FreeKeyId", "ProKeyId"):
        table.delete_item(Key={"keyId": limits.outputs[output]})


@pytest.mark.usefixtures("empty")
def test_answers_tell_what_is_left(client: Callable[[str], Api]) -> None:
    api = client("FreeKeyId")

    response = api.get("/quote")

    assert (response.status_code, response.json()["tier"]) == (200, "free")
    assert (response.headers["RateLimit-Limit"], response.headers["RateLimit-Remaining"]) == ("5", "4")
    assert response.headers["RateLimit-Reset"] == "1"
    assert "RateLimit-Limit" in response.headers["Access-Control-Expose-Headers"]


@pytest.mark.usefixtures("empty")
def test_who_asks_too_often_is_refused_until_retry_after(client: Callable[[str], Api]) -> None:
    free, pro = client("FreeKeyId"), client("ProKeyId")
    began = time.monotonic()

    answers = [free.get("/quote") for _ in range(12)]
    while answers[-1].status_code != 429:
        answers.append(free.get("/quote"))
    took = time.monotonic() - began
    other = pro.get("/quote")
    time.sleep(int(answers[-1].headers["Retry-After"]))
    again = free.get("/quote")

    counted = Counter(answer.status_code for answer in answers)
    assert 5 <= counted[200] <= 5 + 2 * took + 1
    assert answers[-1].json() == {"message": "Too Many Requests", "tier": "free"}
    assert (other.status_code, other.json()["tier"], again.status_code) == (200, "pro", 200)


def test_of_fifty_at_the_same_moment_exactly_a_burst_gets_through(limits: Stack, aws: Aws) -> None:
    table: Any = aws.resource("dynamodb").Table(limits.outputs["BucketsTableName"])
    buckets, key, tier = Buckets(table), f"test-{uuid.uuid4()}", Tier("test", rate=10, burst=7)
    now = time.time_ns() // 1000

    def take(moment: int) -> bool:
        return buckets.take(key, tier, moment).allowed

    with ThreadPoolExecutor(50) as pool:
        at_once = list(pool.map(take, [now] * 50))
        later = list(pool.map(take, [now + 500_000] * 50))
    table.delete_item(Key={"keyId": key})

    assert Counter(at_once) == {True: 7, False: 43}
    # half a second later five tokens have come
    assert Counter(later) == {True: 5, False: 45}
