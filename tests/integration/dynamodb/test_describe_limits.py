"""DescribeLimits and DescribeEndpoints (API Reference)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]


def test_tells_a_new_accounts_limits(dynamodb: Any) -> None:
    told = dynamodb.describe_limits()

    assert {name: value for name, value in told.items() if name != "ResponseMetadata"} == {
        "AccountMaxReadCapacityUnits": 80000,
        "AccountMaxWriteCapacityUnits": 80000,
        "TableMaxReadCapacityUnits": 40000,
        "TableMaxWriteCapacityUnits": 40000,
    }


def test_the_endpoint_is_where_the_client_came_to(dynamodb: Any, endpoint: str) -> None:
    told = dynamodb.describe_endpoints()["Endpoints"]

    assert [entry["Address"] for entry in told] == [endpoint.removeprefix("http://")]
