"""The token bucket as one number: the moment at which it would be full again.

The generic cell rate algorithm (ITU-T I.371, annex A): a request moves that moment on by the time in which one token
comes, and is refused where it would be more than a whole bucket ahead of now. One number can be changed by one atomic
addition, so that concurrent requests never need a second read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Tier:
    """What a kind of customer gets: `rate` requests a second in the long run, and `burst` at once. Both above 0."""

    name: str
    rate: float
    burst: int

    @property
    def interval(self) -> int:
        """Microseconds in which one token comes."""
        return max(1, round(1_000_000 / self.rate))

    @property
    def depth(self) -> int:
        """Microseconds in which an empty bucket fills."""
        return self.interval * self.burst


@dataclass(frozen=True)
class Verdict:
    """Whether a request is let through, and what its caller is told of the bucket."""

    allowed: bool
    limit: int
    remaining: int
    reset: int
    """Seconds until the bucket is full."""
    retry_after: int
    """Seconds until the next token; 0 where there is one."""

    def headers(self) -> dict[str, str]:
        """IETF draft "RateLimit header fields for HTTP" (draft 06: three fields); RFC 9110, Retry-After."""
        told = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }
        return told if self.allowed else {**told, "Retry-After": str(self.retry_after)}


def verdict(tier: Tier, full_at: int, now: int, *, allowed: bool) -> Verdict:
    """What to tell of a bucket that is full at `full_at`, after this request. Microseconds since the epoch."""
    ahead = max(0, full_at - now)
    remaining = max(0, (tier.depth - ahead) // tier.interval)
    wait = max(0, ahead + tier.interval - tier.depth)
    return Verdict(
        allowed=allowed,
        limit=tier.burst,
        remaining=remaining,
        reset=math.ceil(ahead / 1_000_000),
        retry_after=0 if allowed else max(1, math.ceil(wait / 1_000_000)),
    )
