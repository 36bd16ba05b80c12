"""How fast requests may come: API Gateway's token buckets.

Source: API Gateway Developer Guide, "Throttle requests to your REST APIs for better throughput": the limits and their
order. That a usage plan's own limits are for an API key "aggregated across all API stages within a usage plan" is in
"Usage plans and API keys for REST APIs", and that the default of a stage is for each method by itself in the first.
"""

from __future__ import annotations

from windtunnel.apigateway.definition import Method, Stage, Throttle, UsagePlan

ACCOUNT_RATE = 10_000.0
"""Requests a second: API Gateway quotas, "Throttle quota per account, per Region across HTTP APIs, REST APIs, ..."."""
ACCOUNT_BURST = 5_000
SWEEP = 1_024
"""Buckets that are kept at least; above it the full ones, which are as good as new, are forgotten now and then."""
ROUNDING = 1e-9
"""A token that is whole but for the error of adding floats is whole."""


class TokenBucket:
    """Starts full with `burst` tokens, and gains `rate` tokens a second. Rate 0 or burst 0: it never gives one."""

    __slots__ = ("_tokens", "_updated", "burst", "rate")

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = float(burst) if rate > 0 else 0.0
        self._updated: float | None = None

    def take(self, now: float) -> bool:
        """Take a token; False where there is none. `now`: seconds of a clock, any epoch."""
        if not self.has_token(now):
            return False
        self._tokens -= 1.0
        return True

    def has_token(self, now: float) -> bool:
        """Whether take would succeed."""
        updated = self._updated
        if updated is None:
            self._updated = now
        elif now > updated:  # a clock that was set back neither gives nor takes
            tokens = self._tokens + (now - updated) * self.rate
            self._tokens = tokens if tokens < self.burst else float(self.burst)
            self._updated = now
        return self._tokens >= 1.0 - ROUNDING

    def is_as_new(self, now: float) -> bool:
        """Whether a new bucket would do the same."""
        self.has_token(now)
        return self.rate <= 0 or self._tokens >= self.burst

    def charge(self) -> None:
        """Take a token that has_token saw."""
        self._tokens -= 1.0


class Throttles:
    """Every bucket of every account, stage, plan and key that is served here.

    A bucket lives as long as its limits: a definition that is published again with the same limits finds it as it was.
    """

    def __init__(self, account_rate: float = ACCOUNT_RATE, account_burst: int = ACCOUNT_BURST) -> None:
        self._account = Throttle(account_rate, account_burst)
        self._buckets: dict[tuple[str, ...], TokenBucket] = {}
        self._sweep_at = SWEEP

    def allow(self, plan: UsagePlan | None, key: str | None, stage: Stage, method: Method, now: float) -> bool:
        """Whether a request passes. Every bucket that it passes is charged, or, where one is empty, none.

        `plan` and `key` (its id) are those that the request was admitted with, None for a method without API key.
        """
        buckets = []
        if plan is not None and key is not None:
            buckets += self._of_client(plan, key, stage, method, now)
        limits = method.settings.throttle
        if limits.rate is not None or limits.burst is not None:
            place = ("stage", stage.api_id, stage.stage_name, method.resource_path, method.http_method)
            buckets.append(self._bucket(place, limits, now))
        buckets.append(self._bucket(("account", stage.account, stage.region), self._account, now))

        for bucket in buckets:
            if not bucket.has_token(now):
                return False
        for bucket in buckets:
            bucket.charge()
        return True

    def __len__(self) -> int:
        return len(self._buckets)

    def _of_client(self, plan: UsagePlan, key: str, stage: Stage, method: Method, now: float) -> list[TokenBucket]:
        buckets = []
        methods = plan.stages.get((stage.api_id, stage.stage_name))
        if methods:
            name = f"{method.resource_path}/{method.http_method}"
            # the root's methods are "//GET" in a plan; "/GET" is what LocalStack's store may have
            limits = methods.get(name) or methods.get(name.replace("//", "/", 1))
            if limits is not None:
                place = ("method", plan.id, key, stage.api_id, stage.stage_name, name)
                buckets.append(self._bucket(place, limits, now))
        if plan.throttle is not None:
            buckets.append(self._bucket(("client", plan.id, key), plan.throttle, now))
        return buckets

    def _bucket(self, place: tuple[str, ...], limits: Throttle, now: float) -> TokenBucket:
        """Where only one of rate and burst is set, the other is the account's."""
        rate = self._account.rate if limits.rate is None else limits.rate
        burst = self._account.burst if limits.burst is None else limits.burst
        assert rate is not None
        assert burst is not None
        bucket = self._buckets.get(place)
        if bucket is None or bucket.rate != rate or bucket.burst != burst:
            if len(self._buckets) >= self._sweep_at:
                self._sweep(now)
            bucket = self._buckets[place] = TokenBucket(rate, burst)
        return bucket

    def _sweep(self, now: float) -> None:
        self._buckets = {place: bucket for place, bucket in self._buckets.items() if not bucket.is_as_new(now)}
        self._sweep_at = max(SWEEP, 2 * len(self._buckets))
