"""Quotas: how many requests a key has in a day, a week or a month, and how many it used.

Sources: API Gateway Developer Guide, "Usage plans and API keys for REST APIs"; API reference, QuotaSettings, GetUsage.
Periods begin at midnight UTC: each day, on a week's Sunday, on a month's first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from windtunnel.apigateway.definition import Quota, UsagePlan

KEPT_DAYS = 90
"""GetUsage tells of no more."""
UNLIMITED = 2**31 - 1


def period_start(day: date, period: str) -> date:
    """The first day of the period that a day is in."""
    if period == "MONTH":
        return day.replace(day=1)
    if period == "WEEK":
        return day - timedelta(days=(day.weekday() + 1) % 7)
    return day


class UsageLedger:
    """Requests by plan, key and day. Survives as a document."""

    def __init__(self) -> None:
        self._days: dict[str, dict[str, dict[str, int]]] = {}
        """By plan, key and day (ISO)."""
        self._first: dict[str, dict[str, str]] = {}
        """The day a key was first seen in a plan: its offset counts in that period only."""
        self._used: dict[tuple[str, str], tuple[date, int]] = {}
        """Of the period under way, by plan and key: when it began, and how many."""
        self.changes = 0
        """Counts every change, so that who writes it down knows when to."""
        self._day = (0, date.min)

    def allow_and_count(self, plan: UsagePlan, key_id: str, now: float) -> bool:
        """Count a request, where the plan's quota has room for it; `now` in seconds since the epoch."""
        today = self._today(now)
        if plan.quota is not None:
            start = period_start(today, plan.quota.period)
            used = self._in_period(plan, key_id, start, today)
            if used >= plan.quota.limit:
                return False
            self._used[plan.id, key_id] = (start, used + 1)
        days = self._days.setdefault(plan.id, {}).setdefault(key_id, {})
        text = today.isoformat()
        if text not in days:
            self._first.setdefault(plan.id, {}).setdefault(key_id, text)
            self._forget(days, today)
        days[text] = days.get(text, 0) + 1
        self.changes += 1
        return True

    def usage(self, plan: UsagePlan, start: str, end: str) -> dict[str, list[list[int]]]:
        """GetUsage's items: by key, [used, remaining] of each day from `start` to `end` (ISO), both included."""
        first, last = date.fromisoformat(start), date.fromisoformat(end)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        items: dict[str, list[list[int]]] = {}
        for key_id in plan.key_ids | self._days.get(plan.id, {}).keys():
            counted = self._days.get(plan.id, {}).get(key_id, {})
            items[key_id] = [
                [counted.get(day.isoformat(), 0), self._remaining(plan, key_id, counted, day)] for day in days
            ]
        return items

    def to_document(self) -> dict[str, Any]:
        """As JSON can have it."""
        return {"days": self._days, "first": self._first}

    def load(self, document: Mapping[str, Any]) -> None:
        """Go on from a document. Raises KeyError, TypeError or ValueError where it is none."""
        days = {
            plan: {key: {day: int(count) for day, count in kept.items()} for key, kept in keys.items()}
            for plan, keys in document["days"].items()
        }
        self._first = {plan: dict(keys) for plan, keys in document["first"].items()}
        self._days = days
        self._used.clear()

    def _today(self, now: float) -> date:
        number = int(now // 86_400)
        if self._day[0] != number:
            self._day = (number, datetime.fromtimestamp(now, UTC).date())
        return self._day[1]

    def _in_period(self, plan: UsagePlan, key_id: str, start: date, today: date) -> int:
        known = self._used.get((plan.id, key_id))
        if known is not None and known[0] == start:
            return known[1]
        counted = self._days.get(plan.id, {}).get(key_id, {})
        return self._sum(counted, start, today) + self._offset(plan, key_id, start, today)

    def _offset(self, plan: UsagePlan, key_id: str, start: date, today: date) -> int:
        """What the first period begins with."""
        assert plan.quota
        first = self._first.get(plan.id, {}).get(key_id)
        began = date.fromisoformat(first) if first else today
        return plan.quota.offset if period_start(began, plan.quota.period) == start else 0

    def _remaining(self, plan: UsagePlan, key_id: str, counted: Mapping[str, int], day: date) -> int:
        quota: Quota | None = plan.quota
        if quota is None:
            return UNLIMITED
        start = period_start(day, quota.period)
        return max(0, quota.limit - self._sum(counted, start, day) - self._offset(plan, key_id, start, day))

    @staticmethod
    def _sum(counted: Mapping[str, int], start: date, end: date) -> int:
        first, last = start.isoformat(), end.isoformat()
        return sum(count for day, count in counted.items() if first <= day <= last)

    @staticmethod
    def _forget(days: dict[str, int], today: date) -> None:
        oldest = (today - timedelta(days=KEPT_DAYS)).isoformat()
        for day in [day for day in days if day < oldest]:
            del days[day]
