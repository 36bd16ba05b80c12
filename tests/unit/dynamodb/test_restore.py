"""RestoreTableToPointInTime. Developer Guide, "Point-in-time recovery": the table as it was at any second of the last
days; what a restore takes over and what it does not: "Restoring a DynamoDB table"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.lifecycle import Delays
from windtunnel.dynamodb.operations.create_table import create_table
from windtunnel.dynamodb.operations.delete_item import delete_item
from windtunnel.dynamodb.operations.describe_table import describe_table
from windtunnel.dynamodb.operations.put_item import put_item
from windtunnel.dynamodb.operations.restore_table_to_point_in_time import restore_table_to_point_in_time
from windtunnel.dynamodb.operations.update_continuous_backups import update_continuous_backups

if TYPE_CHECKING:
    from tests.unit.dynamodb.conftest import World

START = 1_800_000_000.0
DAY = 24 * 3600


@pytest.fixture
def table(world: World) -> World:
    """Where "abc" has been restorable for a while."""
    world.do(
        create_table,
        TableName="abc",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put(world, "before", "1")
    enable(world)
    return world


def enable(world: World, **more: Any) -> None:
    wanted = {"PointInTimeRecoveryEnabled": True, **more}
    world.do(update_continuous_backups, TableName="abc", PointInTimeRecoverySpecification=wanted)


def put(world: World, identifier: str, value: str) -> None:
    world.do(put_item, TableName="abc", Item={"id": {"S": identifier}, "v": {"N": value}})


def restore(world: World, time: float, name: str = "restored") -> dict[str, str]:
    """What is in the restored table."""
    world.do(restore_table_to_point_in_time, SourceTableName="abc", TargetTableName=name, RestoreDateTime=time)
    restored = world.store.find_table("000000000000", "us-east-1", name)
    assert restored is not None
    return {row.item["id"]["S"]: row.item["v"]["N"] for _, row in world.store.items(restored)}


def test_a_table_is_as_it_was(table: World) -> None:
    table.now = START + 10
    put(table, "before", "2")
    put(table, "added", "1")
    table.now = START + 20
    table.do(delete_item, TableName="abc", Key={"id": {"S": "before"}})
    table.now = START + 30

    assert restore(table, START + 5, "at-5") == {"before": "1"}
    assert restore(table, START + 15, "at-15") == {"before": "2", "added": "1"}
    assert restore(table, START + 25, "at-25") == {"added": "1"}


def test_reaches_back_as_many_days_as_were_asked_for(table: World) -> None:
    enable(table, RecoveryPeriodInDays=2)
    table.now = START + 3 * DAY

    with pytest.raises(DynamoDBError) as caught:
        restore(table, START + DAY - 1)
    assert caught.value.code == "InvalidRestoreTimeException"
    assert restore(table, START + DAY + 1) == {"before": "1"}


def test_the_future_is_out_of_reach(table: World) -> None:
    with pytest.raises(DynamoDBError) as caught:
        restore(table, START + 1)

    assert caught.value.code == "InvalidRestoreTimeException"


def test_a_restore_that_takes_its_time_is_in_progress(table: World) -> None:
    table.delays = Delays(create=60)
    restore(table, START)

    def told() -> tuple[str, bool]:
        described = table.do(describe_table, TableName="restored")["Table"]
        return described["TableStatus"], described["RestoreSummary"]["RestoreInProgress"]

    assert told() == ("CREATING", True)
    table.now += 60
    assert told() == ("ACTIVE", False)
