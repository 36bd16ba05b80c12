"""What is counted of requests, and how it is handed on.

Names, dimensions and rules: DynamoDB Developer Guide, "DynamoDB metrics and dimensions".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from windtunnel.dynamodb.consumed import READ, WRITE, Bill
from windtunnel.dynamodb.errors import conditional_check_failed, throughput_exceeded, validation
from windtunnel.dynamodb.meter import KEPT, Meter
from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.tally import SLOTS

NOW = 1_800_000_010.0
MINUTE = 1_800_000_000 // 60 * 60


def table(name: str = "things", number: int = 1) -> Table:
    key = {"AttributeName": "id", "KeyType": "HASH"}
    index = {"KeySchema": [key], "Projection": {"ProjectionType": "ALL"}}
    described = {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [key],
        "GlobalSecondaryIndexes": [{"IndexName": "global", **index}],
        "LocalSecondaryIndexes": [{"IndexName": "local", **index}],
    }
    return Table.of(number, "111111111111", "eu-west-1", {"Table": described})


def bill(units: float, kind: str = READ, of: Table | None = None) -> Bill:
    made = Bill()
    made.open(of or table(), kind).add(units)
    return made


def drained(meter: Meter) -> list[dict[str, Any]]:
    """The batches that are there, acknowledged."""
    found = []
    while batch := meter.next_batch():
        found.append(batch)
        meter.acknowledge(batch["id"])
    return found


def values(batches: list[dict[str, Any]], name: str, **dimensions: str) -> dict[float, int]:
    found: dict[float, int] = {}
    for batch in batches:
        for metric in batch["metrics"]:
            if (metric["name"], metric["dimensions"]) == (name, dimensions):
                for value, count in zip(metric["values"], metric["counts"], strict=True):
                    found[value] = found.get(value, 0) + count
    return found


def test_a_read_is_counted_with_its_time() -> None:
    meter = Meter(None)

    meter.served("GetItem", bill(0.5), 0.00234, NOW)

    (batch,) = drained(meter)
    common = {"account": "111111111111", "region": "eu-west-1", "namespace": "AWS/DynamoDB", "timestamp": MINUTE}
    assert batch["metrics"] == [
        {
            **common,
            "name": "ConsumedReadCapacityUnits",
            "dimensions": {"TableName": "things"},
            "unit": "Count",
            "values": [0.5],
            "counts": [1],
        },
        {
            **common,
            "name": "SuccessfulRequestLatency",
            "dimensions": {"TableName": "things", "Operation": "GetItem"},
            "unit": "Milliseconds",
            "values": [2.34],
            "counts": [1],
        },
    ]


def test_a_global_index_is_counted_apart_and_a_local_one_with_its_table() -> None:
    meter, request, things = Meter(None), Bill(), table()
    consumed = request.open(things, WRITE)
    consumed.add(3)
    consumed.add_index(things.indexes["global"], 2)
    consumed.add_index(things.indexes["local"], 1)

    meter.served("PutItem", request, 0.001, NOW)

    batches = drained(meter)
    assert values(batches, "ConsumedWriteCapacityUnits", TableName="things") == {4: 1}
    assert values(batches, "ConsumedWriteCapacityUnits", TableName="things", GlobalSecondaryIndexName="global") == {
        2: 1
    }
    (told,) = meter.consumed()["tables"]
    assert (told["read_units"], told["write_units"]) == (0, 6)


def test_a_request_about_many_tables_is_counted_at_each() -> None:
    meter, request = Meter(None), Bill()
    for number, name in enumerate(("a", "b")):
        request.open(table(name, number), READ).add(1)

    meter.served("BatchGetItem", request, 0.5, NOW)

    batches = drained(meter)
    for name in ("a", "b"):
        assert values(batches, "ConsumedReadCapacityUnits", TableName=name) == {1: 1}
        assert values(batches, "SuccessfulRequestLatency", TableName=name, Operation="BatchGetItem") == {500: 1}


@pytest.mark.parametrize(("operation", "counted"), [("Query", {3: 1}), ("BatchExecuteStatement", {})])
def test_returned_items_are_those_of_queries(operation: str, counted: dict[float, int]) -> None:
    meter, request = Meter(None), bill(0.5)
    request.returned_items = 3

    meter.served(operation, request, 0.001, NOW)

    assert values(drained(meter), "ReturnedItemCount", TableName="things", Operation=operation) == counted


def test_a_failed_condition_consumes_and_is_no_user_error() -> None:
    meter, request, error = Meter(None), bill(2, WRITE), conditional_check_failed()
    request.failed_conditions += (table(),)

    meter.refused("PutItem", request, error, NOW)
    meter.user_error(error, "111111111111", "eu-west-1", NOW)

    batches = drained(meter)
    assert values(batches, "ConsumedWriteCapacityUnits", TableName="things") == {2: 1}
    assert values(batches, "ConditionalCheckFailedRequests", TableName="things") == {1: 1}
    assert values(batches, "UserErrors") == {}
    assert values(batches, "SuccessfulRequestLatency", TableName="things", Operation="PutItem") == {}


def test_throttled_events_make_one_throttled_request() -> None:
    meter, request, error = Meter(None), Bill(), throughput_exceeded()
    request.throttled += ((WRITE, table(), ""), (WRITE, table(), "global"), (READ, table(), ""))

    meter.refused("PutItem", request, error, NOW)
    meter.user_error(error, "111111111111", "eu-west-1", NOW)

    batches = drained(meter)
    assert values(batches, "WriteThrottleEvents", TableName="things") == {1: 1}
    assert values(batches, "WriteThrottleEvents", TableName="things", GlobalSecondaryIndexName="global") == {1: 1}
    assert values(batches, "ReadThrottleEvents", TableName="things") == {1: 1}
    assert values(batches, "ThrottledRequests", TableName="things", Operation="PutItem") == {1: 1}
    assert values(batches, "UserErrors") == {}
    assert meter.consumed()["tables"][0]["throttled"] == 3


def test_a_batch_that_went_through_in_part_is_no_throttled_request() -> None:
    meter, request = Meter(None), bill(1)
    request.throttled += ((READ, table(), ""),)

    meter.served("BatchGetItem", request, 0.001, NOW)

    batches = drained(meter)
    assert values(batches, "ReadThrottleEvents", TableName="things") == {1: 1}
    assert values(batches, "ThrottledRequests", TableName="things", Operation="BatchGetItem") == {}


def test_errors_are_the_accounts_or_the_systems() -> None:
    meter = Meter(None)

    meter.user_error(validation("no"), "111111111111", "eu-west-1", NOW)
    meter.system_error("GetItem", "things", ("111111111111", "eu-west-1"), NOW)

    batches = drained(meter)
    assert values(batches, "UserErrors") == {1: 1}
    assert values(batches, "SystemErrors", TableName="things", Operation="GetItem") == {1: 1}


def test_a_batch_is_the_same_until_it_is_acknowledged() -> None:
    meter = Meter(None)
    meter.served("GetItem", bill(0.5), 0.001, NOW)
    first = meter.next_batch()

    meter.served("GetItem", bill(0.5), 0.001, NOW)

    assert meter.next_batch() == first
    meter.acknowledge(first["id"])
    meter.acknowledge(first["id"])
    second = meter.next_batch()
    assert second["id"] != first["id"]
    assert values([second], "ConsumedReadCapacityUnits", TableName="things") == {0.5: 1}


def test_a_minute_has_batches_of_its_own() -> None:
    meter = Meter(None)

    meter.served("GetItem", bill(1), 0.001, NOW)
    meter.served("GetItem", bill(2), 0.001, NOW + 60)
    # it began in the minute before, and took long: no reason to go back
    meter.served("GetItem", bill(3), 0.001, NOW + 30)

    stamps = [(batch["metrics"][0]["timestamp"], batch["metrics"][0]["values"]) for batch in drained(meter)]
    assert stamps == [(MINUTE, [1]), (MINUTE + 60, [2, 3])]


def test_more_different_values_than_a_tally_holds_are_not_lost() -> None:
    meter = Meter(None)

    for number in range(SLOTS + 10):
        meter.served("GetItem", bill(number + 1), 0.001, NOW)

    counted = values(drained(meter), "ConsumedReadCapacityUnits", TableName="things")
    assert len(counted) == SLOTS + 10


def test_without_anybody_who_fetches_only_the_newest_are_kept(tmp_path: Path) -> None:
    meter = Meter(tmp_path / "metrics")

    for minute in range(KEPT + 5):
        meter.served("GetItem", bill(1), 0.001, NOW + 60 * minute)
    meter.close()

    assert len(list((tmp_path / "metrics").glob("*.names"))) == KEPT
    assert len(list((tmp_path / "metrics").iterdir())) == 2 * KEPT
    assert drained(meter)[-1]["metrics"][0]["timestamp"] == MINUTE + 60 * (KEPT + 4)
    # what all consumed is known all the same
    assert meter.consumed()["tables"][0]["read_units"] == KEPT + 5


def test_what_a_process_left_behind_is_handed_on_first(tmp_path: Path) -> None:
    killed = Meter(tmp_path)
    killed.served("GetItem", bill(1), 0.001, NOW)
    handed = killed.next_batch()  # and not acknowledged
    killed.served("GetItem", bill(2), 0.001, NOW)

    meter = Meter(tmp_path)
    meter.served("GetItem", bill(4), 0.001, NOW)

    batches = drained(meter)
    assert batches[0] == handed
    assert [batch["metrics"][0]["values"] for batch in batches] == [[1], [2], [4]]
    assert list(tmp_path.iterdir()) == []
    assert meter.consumed()["tables"][0]["read_units"] == 4
    assert meter.consumed()["since"] != killed.consumed()["since"]
    killed.close()


def test_what_cannot_be_read_is_said_and_taken_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a-1.names").write_text("no minute\n")
    (tmp_path / "b-1.counts").write_bytes(b"nobody's")

    meter = Meter(tmp_path)

    assert meter.next_batch() == {}
    assert list(tmp_path.iterdir()) == []
    assert "a-1" in caplog.text
