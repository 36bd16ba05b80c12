"""How much requests may come: the quotas of usage plans, and what was used of them day by day.

Sources: API reference, "QuotaSettings" (offset: "The number of requests subtracted from the given limit in the initial
time period") and "GetUsage" (a day is [used quota, remaining quota]); an earlier QuotaSettings, as SDKs still have it
("with a time period of WEEK, an offset of 0 starts on Sunday"): weeks start on Sunday, all periods at midnight UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from windtunnel.apigateway.definition import Quota, UsagePlan

DAYS_KEPT = 90
"""How far back used() can tell; older days are forgotten, and no period is longer."""
NO_QUOTA = -1
"""What is told as remaining where a plan has no quota."""
_SECONDS_A_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()


def period_start(period: str, day: date) -> date:
    """The first day of the period that `day` is in."""
    if period == "MONTH":
        return day.replace(day=1)
    if period == "WEEK":
        return day - timedelta(days=day.isoweekday() % 7)
    return day


@dataclass(slots=True)
class _KeyUsage:
    days: dict[date, int] = field(default_factory=dict)
    # the sum of the current period, so that a request costs no more than a comparison
    today: date | None = None
    period: str = ""
    used: int = 0

    def roll(self, today: date, period: str) -> None:
        start = period_start(period, today)
        self.today, self.period = today, period
        self.used = sum(count for day, count in self.days.items() if start <= day <= today)


@dataclass(slots=True)
class _PlanUsage:
    first: date
    """The day of the plan's first request: its period is the initial one, which the offset is for."""
    keys: dict[str, _KeyUsage] = field(default_factory=dict)


class UsageLedger:
    """Counts the requests of each API key of each usage plan."""

    def __init__(self) -> None:
        self._plans: dict[str, _PlanUsage] = {}
        self._quotas: dict[str, Quota | None] = {}
        self._today = date.min
        self._day_number = -1

    def allow_and_count(self, plan: UsagePlan, key_id: str, now: float) -> bool:
        """Whether the key has a request left; then it is counted. Ask after the throttles: a throttled one is none.

        `now`: seconds since the epoch.
        """
        today = self._day(now)
        usage = self._plans.get(plan.id)
        if usage is None:
            usage = self._plans[plan.id] = _PlanUsage(today)
        key = usage.keys.get(key_id)
        if key is None:
            key = usage.keys[key_id] = _KeyUsage()
        quota = plan.quota
        self._quotas[plan.id] = quota
        period = quota.period if quota else "DAY"
        if key.today != today or key.period != period:
            key.roll(today, period)
        if quota is not None and key.used >= _limit(quota, usage.first, today):
            return False
        key.used += 1
        key.days[today] = key.days.get(today, 0) + 1
        return True

    def used(self, plan_id: str, start: date, end: date) -> dict[str, list[list[int]]]:
        """GetUsage's items: by key id, for each day from `start` to `end` [used, remaining]. Keys without use: none."""
        usage = self._plans.get(plan_id)
        if usage is None:
            return {}
        quota = self._quotas.get(plan_id)
        end = min(end, start + timedelta(days=DAYS_KEPT))
        days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
        return {
            key_id: [[key.days.get(day, 0), _remaining(quota, usage.first, key, day)] for day in days]
            for key_id, key in usage.keys.items()
            if any(day in key.days for day in days)
        }

    def retain(self, plans: Iterable[UsagePlan]) -> None:
        """Keep only what concerns these plans, which are all there are; GetUsage tells their quotas from now on."""
        self._quotas = {plan.id: plan.quota for plan in plans}
        self._plans = {plan_id: usage for plan_id, usage in self._plans.items() if plan_id in self._quotas}

    def to_document(self) -> dict[str, Any]:
        """JSON that from_document reads."""
        return {
            plan_id: {
                "first": usage.first.isoformat(),
                "keys": {
                    key_id: {day.isoformat(): count for day, count in key.days.items()}
                    for key_id, key in usage.keys.items()
                },
            }
            for plan_id, usage in self._plans.items()
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> UsageLedger:
        """A ledger as it was. Raises KeyError, TypeError, ValueError or AttributeError where the document is none."""
        ledger = cls()
        for plan_id, entry in document.items():
            ledger._plans[plan_id] = _PlanUsage(
                date.fromisoformat(entry["first"]),
                {
                    key_id: _KeyUsage({date.fromisoformat(day): int(count) for day, count in days.items()})
                    for key_id, days in entry["keys"].items()
                },
            )
        return ledger

    def _day(self, now: float) -> date:
        number = int(now // _SECONDS_A_DAY)
        if number != self._day_number:
            self._day_number = number
            self._today = date.fromordinal(_EPOCH + number)
            self._prune(self._today - timedelta(days=DAYS_KEPT))
        return self._today

    def _prune(self, oldest: date) -> None:
        """Forget days before `oldest`, and keys that then have none. A plan keeps its first day: retain forgets it."""
        for usage in self._plans.values():
            for key_id, key in list(usage.keys.items()):
                key.days = {day: count for day, count in key.days.items() if day >= oldest}
                if not key.days:
                    del usage.keys[key_id]


def _limit(quota: Quota, first: date, day: date) -> int:
    if quota.offset and period_start(quota.period, first) == period_start(quota.period, day):
        return max(quota.limit - quota.offset, 0)
    return quota.limit


def _remaining(quota: Quota | None, first: date, key: _KeyUsage, day: date) -> int:
    if quota is None:
        return NO_QUOTA
    start = period_start(quota.period, day)
    used = sum(count for counted, count in key.days.items() if start <= counted <= day)
    return max(_limit(quota, first, day) - used, 0)
