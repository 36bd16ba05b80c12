"""Real life on request: throttling, lag, conflicts and latency, by a seed and a clock that the test turns."""

from __future__ import annotations

from typing import Any

import pytest

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.life import BURST_SECONDS, Life, as_seen
from windtunnel.dynamodb.row import Key, Row
from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.true_to_life import TrueToLife
from windtunnel.errors import ConfigError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def table(read: int = 10, write: int = 5, *, on_demand: bool = False) -> Table:
    told: dict[str, Any] = {
        "TableName": "things",
        "AttributeDefinitions": [
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "kind", "AttributeType": "S"},
        ],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write},
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-kind",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            }
        ],
    }
    if on_demand:
        told["BillingModeSummary"] = {"BillingMode": "PAY_PER_REQUEST"}
    return Table.of(1, "123456789012", "us-east-1", {"Table": told})


def key(name: str) -> Key:
    return Key(name.encode(), b"")


def row(value: str) -> Row:
    return Row.of({"id": {"S": value}})


def used_up(life: Life, asked: Table, units: float, *, partition: bytes = b"p") -> int:
    """How many reads of so many units go through."""
    for number in range(1_000_000):
        try:
            life.reads(asked, None, partition, units)
        except DynamoDBError as error:
            if error.code != "ProvisionedThroughputExceededException":
                raise
            return number
    raise AssertionError("never throttled")


def test_a_burst_of_300_seconds_and_then_the_units_a_second() -> None:
    # Developer Guide, "Burst and adaptive capacity": "retains up to 5 minutes (300 seconds) of unused capacity"
    clock = Clock()
    life = Life(TrueToLife(throughput=True), clock)

    assert used_up(life, table(read=10), 1.0) == 10 * BURST_SECONDS
    clock.now += 2
    assert used_up(life, table(read=10), 1.0) == 20


def test_capacity_is_not_saved_beyond_the_burst() -> None:
    clock = Clock()
    life = Life(TrueToLife(throughput=True), clock)
    used_up(life, table(read=1), 1.0)

    clock.now += 10 * BURST_SECONDS

    assert used_up(life, table(read=1), 1.0) == BURST_SECONDS


def test_an_index_has_units_of_its_own() -> None:
    asked, life = table(), Life(TrueToLife(throughput=True), Clock())
    index = asked.indexes["by-kind"]
    for _ in range(int(BURST_SECONDS)):
        life.writes(asked, index, None, 1.0)

    with pytest.raises(DynamoDBError):
        life.writes(asked, index, None, 1.0)
    life.writes(asked, None, None, 1.0)


def test_a_table_on_demand_is_not_throttled() -> None:
    life = Life(TrueToLife(throughput=True), Clock())

    for _ in range(10_000):
        life.reads(table(0, 0, on_demand=True), None, b"p", 1.0)


def test_a_hot_partition_is_throttled_by_itself() -> None:
    # Developer Guide, "Designing partition keys": 3 000 read units and 1 000 write units a second for a partition
    clock = Clock()
    asked, life = table(on_demand=True), Life(TrueToLife(hot_partitions=True), clock)

    assert used_up(life, asked, 1.0, partition=b"hot") == 3000
    life.reads(asked, None, b"cool", 1.0)
    for _ in range(1000):
        life.writes(asked, None, b"hot", 1.0)
    with pytest.raises(DynamoDBError):
        life.writes(asked, None, b"hot", 1.0)


def test_a_read_may_miss_what_was_written_a_moment_ago_and_not_for_longer() -> None:
    clock = Clock()
    life = Life(TrueToLife(read_lag_ms=50, seed=3), clock)
    life.changed(table(), key("a"), None)
    life.changed(table(), key("a"), row("first"))

    clock.now += 0.010
    seen = [life.unseen(table()) for _ in range(200)]
    clock.now += 0.050
    later = [life.unseen(table()) for _ in range(200)]

    assert {} in seen
    assert {key("a"): None} in seen  # the oldest change that it misses tells what it sees
    assert later == [{}] * 200


def test_the_same_seed_is_the_same_life() -> None:
    def lived(seed: int) -> list[object]:
        life = Life(TrueToLife(seed=seed, latency_ms=5, conflict_rate=0.5), Clock())
        return [(life.latency(), life.conflicts()) for _ in range(100)]

    assert lived(1) == lived(1)
    assert lived(1) != lived(2)


def test_latency_has_its_median_and_a_bounded_tail() -> None:
    life = Life(TrueToLife(latency_ms=8), Clock())

    waits = sorted(life.latency() for _ in range(2001))

    assert waits[1000] == pytest.approx(0.008, rel=0.15)
    assert waits[-1] <= 0.032


def test_a_part_of_the_writes_meets_a_transaction() -> None:
    life = Life(TrueToLife(conflict_rate=0.25, seed=1), Clock())

    assert sum(life.conflicts() for _ in range(4000)) == pytest.approx(1000, rel=0.1)


@pytest.mark.parametrize("forward", [True, False])
def test_a_page_is_read_as_it_was(forward: bool) -> None:
    now = [row("a"), row("c-new"), row("d")]
    before = {key("b"): row("b"), key("c-new"): None, key("d"): row("d")}

    rows = as_seen(
        now if forward else now[::-1],
        before,
        key_of=lambda each: key(each.item["id"]["S"]),
        position_of=lambda each, key: key,
        within=lambda position: True,
        forward=forward,
    )

    found = [each.item["id"]["S"] for each in rows]
    assert found == (["a", "b", "d"] if forward else ["d", "b", "a"])


# --- the options ------------------------------------------------------------------------------------------------


def test_nothing_is_on_by_default() -> None:
    assert not TrueToLife().enabled
    assert TrueToLife.of({}, "here") == TrueToLife()
    assert TrueToLife().told() == ""


def test_options_tell_what_they_are() -> None:
    options = TrueToLife.of({"read_lag_ms": 20, "throughput": True}, "here")

    assert options.enabled
    assert options.told() == "read_lag_ms = 20, throughput = true"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"read_lag": 1}, "there is no dynamodb.read_lag"),
        ({"read_lag_ms": "much"}, "dynamodb.read_lag_ms is a number"),
        ({"read_lag_ms": -1}, "dynamodb.read_lag_ms is not below 0"),
        ({"read_lag_ms": True}, "dynamodb.read_lag_ms is a number"),
        ({"throughput": 1}, "dynamodb.throughput is true or false"),
        ({"conflict_rate": 1.5}, "dynamodb.conflict_rate is a part of 1"),
    ],
)
def test_a_wrong_option_is_named_with_its_source(table: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=f"here: {message}"):
        TrueToLife.of(table, "here")
