"""API Gateway Developer Guide, "Throttle requests to your REST APIs for better throughput"."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from windtunnel.apigateway.definition import Method, Stage, Throttle, UsagePlan
from windtunnel.apigateway.throttle import SWEEP, Throttles, TokenBucket


def passed(bucket: TokenBucket, requests: int, now: float) -> int:
    return sum(bucket.take(now) for _ in range(requests))


def test_a_burst_of_ten_thousand_in_the_first_millisecond_is_served_by_half() -> None:
    # the guide's example: "If the caller sends 10,000 requests in the first millisecond, API Gateway serves 5,000"
    bucket = TokenBucket(10_000, 5_000)

    assert passed(bucket, 10_000, 0.0) == 5_000


def test_a_second_burst_gets_what_was_gained_since_the_first() -> None:
    # the guide's example: 5,000 at once, 5,000 after 100 ms: 6,000 are processed
    bucket = TokenBucket(10_000, 5_000)

    assert passed(bucket, 5_000, 0.0) + passed(bucket, 5_000, 0.1) == 6_000


def test_even_requests_at_the_rate_all_pass_after_a_burst() -> None:
    # the guide's example: 5,000 at once, and 5,000 evenly through the rest of the second
    bucket = TokenBucket(10_000, 5_000)

    assert passed(bucket, 5_000, 0.0) == 5_000
    assert sum(passed(bucket, 5, number / 1000) for number in range(1, 1000)) == 4_995


def test_a_limit_of_zero_lets_nothing_pass() -> None:
    assert not TokenBucket(0, 5).take(1.0)
    assert not TokenBucket(5, 0).take(1.0)


def test_a_clock_that_is_set_back_gives_nothing() -> None:
    bucket = TokenBucket(1, 1)

    assert bucket.take(100.0)
    assert not bucket.take(50.0)
    assert bucket.take(101.0)


@given(
    rate=st.floats(0.5, 1000),
    burst=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 2), min_size=1, max_size=150),
)
def test_in_no_window_more_than_burst_and_rate_allow(rate: float, burst: int, gaps: list[float]) -> None:
    bucket = TokenBucket(rate, burst)
    taken, now = [], 0.0

    for gap in gaps:
        now += gap
        if bucket.take(now):
            taken.append(now)

    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + rate * (taken[last] - taken[first]) + 1e-6


@given(
    rate=st.floats(0.5, 1000),
    burst=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 2), min_size=1, max_size=150),
)
def test_never_fewer_than_burst_and_rate_allow(rate: float, burst: int, gaps: list[float]) -> None:
    bucket = TokenBucket(rate, burst)
    tokens, now = float(burst), 0.0

    for gap in gaps:
        now += gap
        tokens = min(burst, tokens + gap * rate)
        if bucket.take(now):
            tokens -= 1
        else:
            assert tokens < 1 + 1e-6


def test_a_method_without_limits_has_only_the_accounts(
    make_stage: Callable[..., Stage], make_method: Callable[..., Method]
) -> None:
    throttles = Throttles(account_rate=1, account_burst=2)

    assert [throttles.allow(None, None, make_stage(), make_method(), 0.0) for _ in range(3)] == [True, True, False]
    # "per account, per Region"
    assert throttles.allow(None, None, make_stage(region="eu-west-1"), make_method(), 0.0)


def test_a_stages_limit_is_each_methods_own(
    make_stage: Callable[..., Stage], make_method: Callable[..., Method]
) -> None:
    # "default per-method limits": a stage's default is for every method by itself
    throttles = Throttles()
    get, put = (make_method(http_method=name, throttle=Throttle(1.0, 1)) for name in ("GET", "PUT"))

    assert throttles.allow(None, None, make_stage(), get, 0.0)
    assert not throttles.allow(None, None, make_stage(), get, 0.0)
    assert throttles.allow(None, None, make_stage(), put, 0.0)
    assert throttles.allow(None, None, make_stage(stage_name="other"), get, 0.0)


def test_a_plans_limit_is_each_keys_own_over_all_stages(
    make_stage: Callable[..., Stage], make_method: Callable[..., Method], make_plan: Callable[..., UsagePlan]
) -> None:
    # "Usage plans and API keys": limits "apply to individual API keys aggregated across all API stages of the plan"
    throttles = Throttles()
    plan = make_plan(throttle=Throttle(1.0, 1))

    assert throttles.allow(plan, "key1", make_stage(), make_method(), 0.0)
    assert not throttles.allow(plan, "key1", make_stage(stage_name="other"), make_method(), 0.0)
    assert throttles.allow(plan, "key2", make_stage(), make_method(), 0.0)


def test_a_plans_limit_for_a_method_is_that_methods(
    make_stage: Callable[..., Stage], make_method: Callable[..., Method], make_plan: Callable[..., UsagePlan]
) -> None:
    throttles = Throttles()
    plan = make_plan(methods={"/users/{userId}/GET": Throttle(1.0, 1), "//GET": Throttle(1.0, 1)})
    method, other, root = make_method(), make_method(http_method="PUT"), make_method(resource_path="/")

    for limited in (method, root):
        assert throttles.allow(plan, "key1", make_stage(), limited, 0.0)
        assert not throttles.allow(plan, "key1", make_stage(), limited, 0.0)
    assert all(throttles.allow(plan, "key1", make_stage(), other, 0.0) for _ in range(10))


def test_a_throttled_request_charges_no_bucket(
    make_stage: Callable[..., Stage], make_method: Callable[..., Method], make_plan: Callable[..., UsagePlan]
) -> None:
    throttles = Throttles()
    plan = make_plan(throttle=Throttle(0.1, 5), methods={"/users/{userId}/GET": Throttle(0.1, 1)})
    limited, free = make_method(), make_method(http_method="PUT")
    stage = make_stage()
    assert throttles.allow(plan, "key1", stage, limited, 0.0)

    refused = [throttles.allow(plan, "key1", stage, limited, 0.0) for _ in range(10)]
    others = [throttles.allow(plan, "key1", stage, free, 0.0) for _ in range(5)]

    assert not any(refused)
    assert others == [True, True, True, True, False]


def test_a_limit_that_is_half_set_has_its_other_half_from_the_account(
    make_stage: Callable[..., Stage], make_method: Callable[..., Method]
) -> None:
    throttles = Throttles(account_rate=1, account_burst=3)
    only_rate, only_burst = make_method(throttle=Throttle(2.0, None)), make_method(throttle=Throttle(None, 1))

    assert sum(throttles.allow(None, None, make_stage(region="a"), only_rate, 0.0) for _ in range(9)) == 3
    assert sum(throttles.allow(None, None, make_stage(region="b", api_id="b"), only_burst, 0.0) for _ in range(9)) == 1


def test_the_same_limits_published_again_change_nothing_and_others_start_anew(
    make_stage: Callable[..., Stage], make_method: Callable[..., Method]
) -> None:
    throttles = Throttles()
    assert throttles.allow(None, None, make_stage(), make_method(throttle=Throttle(1.0, 1)), 0.0)

    again = throttles.allow(None, None, make_stage(deployment_id="d2"), make_method(throttle=Throttle(1.0, 1)), 0.0)
    changed = throttles.allow(None, None, make_stage(), make_method(throttle=Throttle(1.0, 2)), 0.0)

    assert not again
    assert changed


def test_buckets_that_are_full_again_are_forgotten(
    make_stage: Callable[..., Stage], make_method: Callable[..., Method], make_plan: Callable[..., UsagePlan]
) -> None:
    throttles = Throttles()
    plan = make_plan(throttle=Throttle(1.0, 1))

    for number in range(5 * SWEEP):
        assert throttles.allow(plan, f"key{number}", make_stage(), make_method(), number * 2.0)

    assert len(throttles) <= SWEEP


def test_buckets_in_use_outlive_the_forgetting(
    make_stage: Callable[..., Stage], make_method: Callable[..., Method], make_plan: Callable[..., UsagePlan]
) -> None:
    throttles = Throttles(account_rate=1e9, account_burst=10**9)
    plan = make_plan(throttle=Throttle(0.001, 1))

    first = [throttles.allow(plan, f"key{number}", make_stage(), make_method(), 0.0) for number in range(2 * SWEEP)]
    second = [throttles.allow(plan, f"key{number}", make_stage(), make_method(), 0.0) for number in range(2 * SWEEP)]

    assert all(first)
    assert not any(second)
