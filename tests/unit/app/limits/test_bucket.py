from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from limits.bucket import Tier, Verdict
from limits.table import Buckets
from limits.tiers import read_tiers
from proxy_integration.environment import InvalidEnvironment

START = 1_800_000_000_000_000


class FakeTable:
    """The one item of a bucket, and the two updates that it gets."""

    def __init__(self, full_at: int | None = None) -> None:
        self.full_at = full_at
        self.updates = 0

    def update_item(self, *, UpdateExpression: str, ExpressionAttributeValues: Any, **call: Any) -> Any:
        self.updates += 1
        values, old = ExpressionAttributeValues, self.full_at
        if "fullAt + :step" in UpdateExpression:
            holds = old is not None and values[":now"] <= old <= values[":latest"]
            new = (old or 0) + values.get(":step", 0)
        else:
            holds, new = old is None or old < values[":now"], values[":first"]
        if not holds:
            item = {} if old is None else {"Item": {"fullAt": {"N": str(old)}}}
            answer: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}, **item}
            raise ClientError(answer, "UpdateItem")
        self.full_at = new
        return {"Attributes": {"fullAt": new}}


def take(table: Any, tier: Tier, now: float) -> Verdict:
    return Buckets(table).take("key1", tier, START + round(now * 1_000_000))


def test_a_burst_then_the_rate() -> None:
    table, tier = FakeTable(), Tier("free", rate=2, burst=3)

    burst = [take(table, tier, 0.0) for _ in range(4)]
    later = [take(table, tier, second) for second in (0.4, 0.5, 0.6, 1.0)]

    assert [verdict.allowed for verdict in burst] == [True, True, True, False]
    assert [verdict.remaining for verdict in burst] == [2, 1, 0, 0]
    assert [verdict.allowed for verdict in later] == [False, True, False, True]


def test_headers_say_what_is_left_and_when_to_come_again() -> None:
    table, tier = FakeTable(), Tier("free", rate=0.25, burst=2)

    first, _, refused = (take(table, tier, 0.0) for _ in range(3))

    assert first.headers() == {"RateLimit-Limit": "2", "RateLimit-Remaining": "1", "RateLimit-Reset": "4"}
    assert refused.headers() == {
        "RateLimit-Limit": "2",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "8",
        "Retry-After": "4",
    }
    assert take(table, tier, 4.0).allowed


def test_a_bucket_in_use_takes_one_update_and_a_full_one_two() -> None:
    table, tier = FakeTable(), Tier("pro", rate=10, burst=10)

    take(table, tier, 0)
    first = table.updates
    take(table, tier, 0)

    assert (first, table.updates) == (2, 3)


@given(
    rate=st.floats(0.5, 50),
    burst=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 2), min_size=1, max_size=60),
)
def test_in_no_span_of_time_more_than_burst_and_rate_allow(rate: float, burst: int, pauses: list[float]) -> None:
    table, tier, now, times = FakeTable(), Tier("any", rate, burst), 0.0, []

    for pause in pauses:
        now += pause
        if take(table, tier, now).allowed:
            times.append(now)

    for start in range(len(times)):
        for end in range(start, len(times)):
            assert end - start + 1 <= burst + (times[end] - times[start]) * rate + 1e-3


@given(rate=st.floats(0.5, 50), burst=st.integers(1, 20))
def test_who_comes_at_the_rate_is_never_refused(rate: float, burst: int) -> None:
    table, tier = FakeTable(), Tier("any", rate, burst)

    assert all(take(table, tier, number * tier.interval / 1_000_000).allowed for number in range(100))


def test_tiers_are_read_by_key() -> None:
    assert read_tiers('{"k1": {"name": "free", "rate": 2, "burst": 5}}') == {"k1": Tier("free", 2.0, 5)}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"k": 5}', '{"k": {"name": "free"}}', '{"k": {"name": "a", "rate": "x", "burst": 1}}']
)
def test_what_are_no_tiers_is_said_at_cold_start(text: str) -> None:
    with pytest.raises(InvalidEnvironment, match="TIERS"):
        read_tiers(text)
