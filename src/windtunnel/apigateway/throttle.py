"""Token buckets: how fast requests may come.

Source: API Gateway Developer Guide, "Throttle requests to your REST APIs for better throughput": a bucket of `burst`
tokens that gets `rate` a second; the limits of a usage plan's method and of the plan, the stage's method, the account.
"""

from __future__ import annotations

from windtunnel.apigateway.definition import Method, Stage, Throttle, UsagePlan

ACCOUNT = Throttle(10_000.0, 5_000)
"""An account's in a region. Source: API Gateway quotas."""
MOST_BUCKETS = 10_000


class TokenBucket:
    """Starts full."""

    __slots__ = ("_burst", "_last", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._last = now

    def full_enough(self, now: float) -> bool:
        """Whether there is a token now. A clock that goes back adds none."""
        if now > self._last:
            self._tokens = min(self._burst, self._tokens + (now - self._last) * self._rate)
            self._last = now
        return self._tokens >= 1.0

    def take(self) -> None:
        """Take a token that full_enough() saw."""
        self._tokens -= 1.0

    def is_full(self, now: float) -> bool:
        """Whether it is as if it had never been used."""
        return self._tokens + (now - self._last) * self._rate >= self._burst


Name = tuple[str, ...]


class Throttles:
    """Every bucket, by what it is for and by its limits: a changed limit begins with a full one."""

    def __init__(self, account: Throttle = ACCOUNT) -> None:
        self._account = account
        self._buckets: dict[tuple[Name, Throttle], TokenBucket] = {}

    def allow(self, plan: UsagePlan | None, key_id: str | None, stage: Stage, method: Method, now: float) -> bool:
        """Whether a request may pass now: every bucket on its way gives a token, or none does."""
        buckets = []
        for name, throttle in _limits(plan, key_id, stage, method, self._account):
            bucket = self._bucket(name, throttle, now)
            if bucket is None or not bucket.full_enough(now):
                return False
            buckets.append(bucket)
        for bucket in buckets:
            bucket.take()
        return True

    def _bucket(self, name: Name, throttle: Throttle, now: float) -> TokenBucket | None:
        """None where nothing may pass at all."""
        rate, burst = throttle.rate, throttle.burst
        if rate == 0 or burst == 0:
            return None
        bucket = self._buckets.get((name, throttle))
        if bucket is None:
            if len(self._buckets) >= MOST_BUCKETS:
                self._buckets = {key: kept for key, kept in self._buckets.items() if not kept.is_full(now)}
            rate = float("inf") if rate is None else rate
            # a limit of only one kind: the other is as large as it needs to be
            bucket = TokenBucket(rate, burst if burst is not None else max(1, round(rate)), now)
            self._buckets[name, throttle] = bucket
        return bucket


def _limits(
    plan: UsagePlan | None, key_id: str | None, stage: Stage, method: Method, account: Throttle
) -> list[tuple[Name, Throttle]]:
    """The limits that a request passes, in AWS's order."""
    limits: list[tuple[Name, Throttle]] = []
    if plan is not None and key_id is not None:
        own = plan.stages.get((stage.api_id, stage.stage_name)) or {}
        if own:
            path = f"{method.resource_path}/{method.http_method}"
            limit = own.get(path) or own.get(f"{method.resource_path}/*") or own.get("*/*")
            if limit is not None:
                limits.append((("plan-method", plan.id, key_id, stage.api_id, stage.stage_name, path), limit))
        if plan.throttle is not None:
            limits.append((("plan", plan.id, key_id), plan.throttle))
    limit = method.settings.throttle
    if limit.rate is not None or limit.burst is not None:
        limits.append((("method", stage.api_id, stage.stage_name, method.resource_id, method.http_method), limit))
    if account.rate is not None or account.burst is not None:
        limits.append((("account", stage.account, stage.region), account))
    return limits
