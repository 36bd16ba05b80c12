"""API reference, "QuotaSettings" and "GetUsage"; Developer Guide, "Usage plans and API keys for REST APIs"."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.apigateway.definition import Quota, UsagePlan
from windtunnel.apigateway.usage import DAYS_KEPT, NO_QUOTA, UsageLedger, period_start


def at(day: str, hour: int = 12) -> float:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC).timestamp()


def allowed(ledger: UsageLedger, plan: UsagePlan, now: float, requests: int, key: str = "key1") -> int:
    return sum(ledger.allow_and_count(plan, key, now) for _ in range(requests))


@given(day=st.dates(date(1970, 1, 1), date(2200, 1, 1)), period=st.sampled_from(["DAY", "WEEK", "MONTH"]))
def test_periods_cover_each_day_once(day: date, period: str) -> None:
    start = period_start(period, day)

    assert start <= day
    assert period_start(period, start) == start
    # the period before ends the day before this one starts
    assert period_start(period, start - timedelta(days=1)) < start
    assert {"DAY": start == day, "WEEK": start.isoweekday() == 7, "MONTH": start.day == 1}[period]
    assert (day - start).days < {"DAY": 1, "WEEK": 7, "MONTH": 31}[period]


@pytest.mark.parametrize(
    ("period", "last", "next_"),
    [
        ("DAY", "2026-11-21", "2026-11-22"),
        ("WEEK", "2026-11-21", "2026-11-22"),  # a Saturday and a Sunday
        ("MONTH", "2026-11-30", "2026-12-01"),
    ],
)
def test_a_quota_is_renewed_at_midnight_utc(
    period: str, last: str, next_: str, make_plan: Callable[..., UsagePlan]
) -> None:
    ledger, plan = UsageLedger(), make_plan(quota=Quota(3, period, 0))

    assert allowed(ledger, plan, at(last, 23), 5) == 3
    assert allowed(ledger, plan, at(next_, 0), 5) == 3


def test_a_quota_is_for_the_whole_period(make_plan: Callable[..., UsagePlan]) -> None:
    ledger, plan = UsageLedger(), make_plan(quota=Quota(3, "MONTH", 0))

    assert [allowed(ledger, plan, at(day), 2) for day in ("2026-11-01", "2026-11-15", "2026-11-30")] == [2, 1, 0]


def test_the_offset_lessens_the_first_period_only(make_plan: Callable[..., UsagePlan]) -> None:
    # "The number of requests subtracted from the given limit in the initial time period"
    ledger, plan = UsageLedger(), make_plan(quota=Quota(5, "WEEK", 2))

    assert allowed(ledger, plan, at("2026-11-18"), 9) == 3
    assert allowed(ledger, plan, at("2026-11-25"), 9) == 5


def test_each_key_of_a_plan_has_the_quota_by_itself(make_plan: Callable[..., UsagePlan]) -> None:
    ledger, plan = UsageLedger(), make_plan(quota=Quota(2, "DAY", 0))

    assert allowed(ledger, plan, at("2026-11-21"), 3, "key1") == 2
    assert allowed(ledger, plan, at("2026-11-21"), 3, "key2") == 2


def test_requests_of_the_same_period_count_when_the_quota_is_changed(make_plan: Callable[..., UsagePlan]) -> None:
    ledger = UsageLedger()
    allowed(ledger, make_plan(quota=Quota(5, "DAY", 0)), at("2026-11-20"), 4)

    assert allowed(ledger, make_plan(quota=Quota(5, "MONTH", 0)), at("2026-11-20"), 4) == 1
    assert allowed(ledger, make_plan(quota=Quota(0, "MONTH", 0)), at("2026-11-20"), 1) == 0


def test_usage_is_told_day_by_day_as_used_and_remaining(make_plan: Callable[..., UsagePlan]) -> None:
    # GetUsage: "{api_key}": [[0, 100], [10, 90], ...], "[used quota, remaining quota]"
    ledger, plan = UsageLedger(), make_plan(quota=Quota(10, "MONTH", 1))
    allowed(ledger, plan, at("2026-11-20"), 3)
    allowed(ledger, plan, at("2026-11-22"), 2)
    allowed(ledger, plan, at("2026-11-22"), 1, "key2")

    items = ledger.used("plan1", date(2026, 11, 20), date(2026, 11, 22))

    assert items == {"key1": [[3, 6], [0, 6], [2, 4]], "key2": [[0, 9], [0, 9], [1, 8]]}


def test_usage_of_a_plan_without_quota_or_of_no_plan(make_plan: Callable[..., UsagePlan]) -> None:
    ledger = UsageLedger()
    assert allowed(ledger, make_plan(), at("2026-11-20"), 30) == 30

    assert ledger.used("plan1", date(2026, 11, 20), date(2026, 11, 20)) == {"key1": [[30, NO_QUOTA]]}
    assert ledger.used("plan1", date(2026, 11, 1), date(2026, 11, 2)) == {}
    assert ledger.used("plan2", date(2026, 11, 20), date(2026, 11, 20)) == {}


def test_a_ledger_survives_as_json(make_plan: Callable[..., UsagePlan]) -> None:
    ledger, plan = UsageLedger(), make_plan(quota=Quota(5, "WEEK", 1))
    allowed(ledger, plan, at("2026-11-18"), 3)

    again = UsageLedger.from_document(json.loads(json.dumps(ledger.to_document())))

    assert again.to_document() == ledger.to_document()
    assert allowed(again, plan, at("2026-11-19"), 9) == 1


@pytest.mark.parametrize("document", [{"plan1": {}}, {"plan1": []}, {"plan1": {"first": "x", "keys": {}}}, []])
def test_a_document_that_is_no_ledger_is_refused(document: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        UsageLedger.from_document(document)  # type: ignore[arg-type]


def test_days_long_gone_are_forgotten(make_plan: Callable[..., UsagePlan]) -> None:
    ledger, plan = UsageLedger(), make_plan()
    start = date(2026, 1, 1)

    for number in range(3 * DAYS_KEPT):
        now = at((start + timedelta(days=number)).isoformat())
        allowed(ledger, plan, now, 1)
        allowed(ledger, plan, now, 1, f"key of day {number}")

    keys = ledger.to_document()["plan1"]["keys"]
    assert len(keys["key1"]) == DAYS_KEPT + 1
    assert len(keys) == DAYS_KEPT + 2


def test_what_is_kept_is_of_the_plans_there_are(make_plan: Callable[..., UsagePlan]) -> None:
    ledger = UsageLedger()
    allowed(ledger, make_plan(), at("2026-11-20"), 1)
    allowed(ledger, make_plan(id="plan2"), at("2026-11-20"), 2)

    ledger.retain([make_plan(id="plan2", quota=Quota(7, "DAY", 0)), make_plan(id="plan3")])

    assert list(ledger.to_document()) == ["plan2"]
    assert ledger.used("plan2", date(2026, 11, 20), date(2026, 11, 20)) == {"key1": [[2, 5]]}


@given(
    limit=st.integers(0, 6),
    period=st.sampled_from(["DAY", "WEEK", "MONTH"]),
    gaps=st.lists(st.integers(0, 20), max_size=60),
)
def test_in_no_period_more_than_the_limit_and_none_refused_below_it(limit: int, period: str, gaps: list[int]) -> None:
    plan = UsagePlan("plan1", "", None, Quota(limit, period, 0), {}, frozenset({"key1"}))
    ledger, day = UsageLedger(), date(2026, 1, 1)
    counts: dict[date, int] = {}

    for gap in gaps:
        day += timedelta(days=gap)
        start = period_start(period, day)
        expected = counts.get(start, 0) < limit

        assert ledger.allow_and_count(plan, "key1", at(day.isoformat())) is expected

        counts[start] = counts.get(start, 0) + expected
