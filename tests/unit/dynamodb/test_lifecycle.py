"""A table's states where they take time. ack-api-quirks (DDB-TABLE-148, 149, 150, 175, 376): which state bars what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.housekeeping import Housekeeping
from windtunnel.dynamodb.lifecycle import Delays
from windtunnel.dynamodb.operations.create_table import create_table
from windtunnel.dynamodb.operations.delete_table import delete_table
from windtunnel.dynamodb.operations.describe_table import describe_table
from windtunnel.dynamodb.operations.update_table import update_table

if TYPE_CHECKING:
    from tests.unit.dynamodb.conftest import World

ITEM = [{"AttributeName": "id", "AttributeType": "S"}]
NUMBERS = [{"AttributeName": "n", "AttributeType": "N"}]
CREATE = {
    "Create": {
        "IndexName": "by-n",
        "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
}


@pytest.fixture
def slow(world: World) -> World:
    """Where a table was just asked for."""
    world.delays = Delays(create=10, update=5, delete=3, index=60)
    world.do(
        create_table,
        TableName="abc",
        AttributeDefinitions=ITEM,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return world


def told(world: World) -> dict[str, Any]:
    table: dict[str, Any] = world.do(describe_table, TableName="abc")["Table"]
    return table


def refusal(world: World, operation: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(DynamoDBError) as caught:
        world.do(operation, TableName="abc", **parameters)
    return caught.value.code, caught.value.message


IN_USE = "Attempt to change a resource which is still in use: "


def test_a_table_becomes_active(slow: World) -> None:
    assert told(slow)["TableStatus"] == "CREATING"
    assert refusal(slow, delete_table) == ("ResourceInUseException", IN_USE + "Table is being created: abc")

    slow.now += 10

    assert told(slow)["TableStatus"] == "ACTIVE"


def test_housekeeping_brings_it_about_without_a_look(slow: World) -> None:
    slow.now += 10

    Housekeeping(slow.store).run(slow.now)

    table = slow.store.find_table("000000000000", "us-east-1", "abc")
    assert table is not None
    assert table.status == "ACTIVE"


def test_a_table_goes(slow: World) -> None:
    slow.now += 10
    slow.do(delete_table, TableName="abc")

    assert told(slow)["TableStatus"] == "DELETING"
    assert refusal(slow, delete_table) == ("ResourceInUseException", IN_USE + "Table is being deleted: abc")
    slow.now += 3

    missing = "Requested resource not found: Table: abc not found"
    assert refusal(slow, describe_table) == ("ResourceNotFoundException", missing)


def test_an_index_is_filled_while_the_table_goes_on(slow: World) -> None:
    slow.now += 10
    slow.do(update_table, TableName="abc", AttributeDefinitions=NUMBERS, GlobalSecondaryIndexUpdates=[CREATE])

    slow.now += 5
    table = told(slow)
    (index,) = table["GlobalSecondaryIndexes"]
    assert (table["TableStatus"], index["IndexStatus"], index["Backfilling"]) == ("ACTIVE", "CREATING", True)
    busy = "Cannot delete table while indexes are being created, updated, or deleted."
    assert refusal(slow, delete_table) == ("ResourceInUseException", IN_USE + busy)
    another = {"Create": {**CREATE["Create"], "IndexName": "another"}}
    error = refusal(slow, update_table, AttributeDefinitions=NUMBERS, GlobalSecondaryIndexUpdates=[another])
    assert error[0] == "LimitExceededException"

    slow.now += 55
    (index,) = told(slow)["GlobalSecondaryIndexes"]
    assert index["IndexStatus"] == "ACTIVE"
    assert "Backfilling" not in index


def test_an_index_that_is_filled_can_be_deleted(slow: World) -> None:
    slow.now += 10
    slow.do(update_table, TableName="abc", AttributeDefinitions=NUMBERS, GlobalSecondaryIndexUpdates=[CREATE])
    slow.now += 5

    slow.do(update_table, TableName="abc", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-n"}}])

    assert told(slow)["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    slow.now += 100
    assert "GlobalSecondaryIndexes" not in told(slow)
    assert told(slow)["AttributeDefinitions"] == ITEM
