"""DescribeLimits: a new account's quotas (API Reference, DescribeLimits)."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call


def describe_limits(call: Call) -> Answer:
    return {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }
