"""UpdateTimeToLive, DescribeTimeToLive. Messages: ack-api-quirks, DDB-TABLE-442."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]


def ttl(name: str, enabled: bool = True) -> dict[str, Any]:
    return {"AttributeName": name, "Enabled": enabled}


def test_goes_on_and_off(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table()
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}

    answer = dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl("expires"))

    assert answer["TimeToLiveSpecification"] == ttl("expires")
    on = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert on == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl("expires", enabled=False))
    off = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert off == {"TimeToLiveStatus": "DISABLED"}


def test_refuses_what_is_so_already(dynamodb: Any, make_table: MakeTable, refused: Refused) -> None:
    name = make_table()

    def answer(specification: dict[str, Any]) -> tuple[str, str]:
        return refused(dynamodb.update_time_to_live, TableName=name, TimeToLiveSpecification=specification)

    assert answer(ttl("x", enabled=False)) == ("ValidationException", "TimeToLive is already disabled")
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl("x"))
    assert answer(ttl("x")) == ("ValidationException", "TimeToLive is already enabled")
    different = "TimeToLive is active on a different AttributeName: current AttributeName is x"
    assert answer(ttl("y")) == ("ValidationException", different)


def test_knows_no_other_table(dynamodb: Any, refused: Refused) -> None:
    missing = ("ResourceNotFoundException", "Requested resource not found: Table: nothere not found")

    assert refused(dynamodb.describe_time_to_live, TableName="nothere") == missing
    assert refused(dynamodb.update_time_to_live, TableName="nothere", TimeToLiveSpecification=ttl("x")) == missing
