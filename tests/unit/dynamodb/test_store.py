"""The store: one write changes the table, its indexes, the stream, the history and the counts, or none of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from windtunnel.dynamodb.item_key import key_of_item, partition_bytes
from windtunnel.dynamodb.row import Principal, Row, sequence_number, sequence_of
from windtunnel.dynamodb.store import Counts, Store
from windtunnel.dynamodb.store_read import Bounds, Segment
from windtunnel.dynamodb.table import Table

ACCOUNT, REGION = "123456789012", "eu-west-1"
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/things/stream/1"
DOCUMENT: Mapping[str, Any] = {
    "Table": {
        "TableName": "things",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "sort", "kind")],
        "KeySchema": [
            {"AttributeName": "id", "KeyType": "HASH"},
            {"AttributeName": "sort", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-kind",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["size"]},
            }
        ],
    }
}


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def item(id_: str, sort: str = "a", **attributes: str) -> dict[str, Any]:
    return {"id": {"S": id_}, "sort": {"S": sort}, **{name: {"S": value} for name, value in attributes.items()}}


def put(store: Store, table: Table, item: dict[str, Any]) -> None:
    with store.transaction():
        key = key_of_item(table, item)
        store.write(table, key, store.get(table, key), item)


def delete(store: Store, table: Table, item: dict[str, Any], principal: Principal | None = None) -> None:
    with store.transaction():
        key = key_of_item(table, item)
        store.write(table, key, store.get(table, key), None, principal=principal)


def of_kind(store: Store, table: Table, kind: str) -> list[dict[str, Any]]:
    rows = store.query_rows(table, table.indexes["by-kind"], partition_bytes({"S": kind}), Bounds())
    return [row.item for row in rows]


def everything(store: Store, table: Table) -> list[dict[str, Any]]:
    return [row.item for _, row in store.items(table)]


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = Store(None if request.param == "memory" else tmp_path / "data", clock=Clock())
    yield opened
    opened.close()


@pytest.fixture
def table(store: Store) -> Table:
    return store.create_table(ACCOUNT, REGION, DOCUMENT)


def with_stream(store: Store, table: Table, view: str = "NEW_AND_OLD_IMAGES") -> Table:
    document = copy.deepcopy(dict(table.document))
    document["Table"] |= {
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": view},
        "LatestStreamArn": ARN,
    }
    store.create_stream(ARN, ACCOUNT, REGION, {})
    return store.update_table(table, document)


# --- items and indexes ------------------------------------------------------------------------------------------


def test_an_item_is_in_the_index_with_what_is_projected(store: Store, table: Table) -> None:
    put(store, table, item("1", kind="bird", size="big", colour="blue"))

    assert of_kind(store, table, "bird") == [item("1", kind="bird", size="big")]


def test_an_item_without_the_indexs_key_is_not_in_it(store: Store, table: Table) -> None:
    put(store, table, item("1"))

    assert store.counts(table) == Counts(1, Row.of(item("1")).size)
    assert store.counts(table, table.indexes["by-kind"]) == Counts(0, 0)


def test_an_item_moves_in_the_index_and_leaves_it(store: Store, table: Table) -> None:
    put(store, table, item("1", kind="bird"))
    put(store, table, item("1", kind="fish"))

    assert of_kind(store, table, "bird") == []
    assert of_kind(store, table, "fish") == [item("1", kind="fish")]

    put(store, table, item("1"))

    assert of_kind(store, table, "fish") == []
    assert store.counts(table, table.indexes["by-kind"]) == Counts(0, 0)


def test_a_deleted_item_is_gone_everywhere(store: Store, table: Table) -> None:
    put(store, table, item("1", kind="bird"))
    delete(store, table, item("1"))

    assert everything(store, table) == []
    assert of_kind(store, table, "bird") == []
    assert store.counts(table) == Counts(0, 0)


def test_what_fails_leaves_no_trace(store: Store, table: Table) -> None:
    put(store, table, item("1", kind="bird"))
    before = store.counts(table)

    def fail() -> None:
        with store.transaction():
            put(store, table, item("1", kind="fish"))
            put(store, table, item("2", kind="fish"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert everything(store, table) == [item("1", kind="bird")]
    assert of_kind(store, table, "fish") == []
    assert store.counts(table) == before


def test_a_new_index_is_built_from_the_items_there_are(store: Store) -> None:
    document = copy.deepcopy(dict(DOCUMENT))
    indexes = document["Table"].pop("GlobalSecondaryIndexes")
    table = store.create_table(ACCOUNT, REGION, document)
    for number in range(2500):
        put(store, table, item(str(number), kind="bird" if number % 2 else "fish"))
    put(store, table, {**item("odd"), "kind": {"N": "1"}})  # of a type that is not the index's: not in it

    table = store.update_table(table, {"Table": {**document["Table"], "GlobalSecondaryIndexes": indexes}})

    assert len(of_kind(store, table, "bird")) == 1250
    assert store.counts(table, table.indexes["by-kind"]).items == 2500
    put(store, table, item("odd"))
    assert store.counts(table, table.indexes["by-kind"]).items == 2500


def test_an_index_that_is_gone_from_the_document_is_dropped(store: Store, table: Table) -> None:
    put(store, table, item("1", kind="bird"))
    document = copy.deepcopy(dict(DOCUMENT))
    del document["Table"]["GlobalSecondaryIndexes"]

    table = store.update_table(table, document)
    put(store, table, item("1", kind="fish"))

    assert not table.indexes
    assert everything(store, table) == [item("1", kind="fish")]


def test_indexes_whose_names_differ_in_case_are_two(store: Store) -> None:
    document = copy.deepcopy(dict(DOCUMENT))
    first = document["Table"]["GlobalSecondaryIndexes"][0]
    document["Table"]["GlobalSecondaryIndexes"] = [first, {**first, "IndexName": "BY-kind"}]

    table = store.create_table(ACCOUNT, REGION, document)
    put(store, table, item("1", kind="bird"))

    assert store.counts(table, table.indexes["BY-kind"]).items == 1


# --- reading in order -------------------------------------------------------------------------------------------


@pytest.fixture
def filled(store: Store, table: Table) -> Table:
    for number in range(20):
        put(store, table, item("one", f"{number:02}", kind="bird"))
    return table


def sorts(rows: Iterator[Row]) -> list[str]:
    return [row.item["sort"]["S"] for row in rows]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (Bounds(low=b"17"), ["17", "18", "19"]),
        (Bounds(low=b"17", low_inclusive=False), ["18", "19"]),
        (Bounds(high=b"02"), ["00", "01", "02"]),
        (Bounds(high=b"02", high_inclusive=False), ["00", "01"]),
        (Bounds(low=b"05", high=b"06"), ["05", "06"]),
        (Bounds(low=b"06", high=b"05"), []),
    ],
)
def test_a_partition_is_read_within_bounds_both_ways(
    store: Store, filled: Table, bounds: Bounds, expected: list[str]
) -> None:
    partition = partition_bytes({"S": "one"})

    assert sorts(store.query_rows(filled, None, partition, bounds)) == expected
    assert sorts(store.query_rows(filled, None, partition, bounds, forward=False)) == expected[::-1]


def test_reading_goes_on_behind_a_key_both_ways(store: Store, filled: Table) -> None:
    partition, key = partition_bytes({"S": "one"}), key_of_item(filled, item("one", "05"))

    forward = sorts(store.query_rows(filled, None, partition, Bounds(high=b"08"), after=key))
    backward = sorts(store.query_rows(filled, None, partition, Bounds(low=b"03"), forward=False, after=key))

    assert forward == ["06", "07", "08"]
    assert backward == ["04", "03"]


def test_segments_are_the_whole_table_and_do_not_overlap(store: Store, table: Table) -> None:
    for number in range(500):
        put(store, table, item(str(number)))

    segments = [
        [row.item["id"]["S"] for row in store.scan_rows(table, None, segment=Segment(number, 7))] for number in range(7)
    ]

    assert sorted(id_ for segment in segments for id_ in segment) == sorted(str(number) for number in range(500))
    assert [id_ for segment in segments for id_ in segment] == [
        row.item["id"]["S"] for row in store.scan_rows(table, None)
    ]
    assert all(len(segment) > 40 for segment in segments)


# --- streams ----------------------------------------------------------------------------------------------------


def test_every_change_has_a_record_in_its_order(store: Store, table: Table) -> None:
    table = with_stream(store, table)
    put(store, table, item("1", kind="bird"))
    put(store, table, item("1", kind="fish"))
    delete(store, table, item("1"), Principal())

    records = store.stream_records(ARN, 0, 10)
    told = [json.loads(record.text) for record in records]

    assert [record["eventName"] for record in told] == ["INSERT", "MODIFY", "REMOVE"]
    assert told[1]["dynamodb"]["OldImage"] == item("1", kind="bird")
    assert told[1]["dynamodb"]["NewImage"] == item("1", kind="fish")
    assert told[2]["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    assert [sequence_of(record["dynamodb"]["SequenceNumber"]) for record in told] == sorted(
        record.sequence for record in records
    )
    assert store.stream_records(ARN, records[0].sequence, 1) == [records[1]]


def test_a_write_that_changes_nothing_has_no_record(store: Store, table: Table) -> None:
    # "If you perform a PutItem or UpdateItem operation that does not change any data in an item, DynamoDB Streams does
    # not write a stream record for that operation" (Developer Guide, "Change data capture for DynamoDB Streams")
    table = with_stream(store, table)
    put(store, table, item("1"))
    put(store, table, item("1"))

    assert len(store.stream_records(ARN, 0, 10)) == 1


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("KEYS_ONLY", set()),
        ("NEW_IMAGE", {"NewImage"}),
        ("OLD_IMAGE", {"OldImage"}),
        ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}),
    ],
)
def test_a_record_has_the_images_of_its_view(store: Store, table: Table, view: str, images: set[str]) -> None:
    table = with_stream(store, table, view)
    put(store, table, item("1", kind="bird"))
    put(store, table, item("1", kind="fish"))

    change = json.loads(store.stream_records(ARN, 0, 10)[1].text)["dynamodb"]

    assert change.keys() & {"NewImage", "OldImage"} == images
    assert change["Keys"] == item("1")
    assert change["StreamViewType"] == view


def test_old_records_are_trimmed(store: Store, table: Table) -> None:
    clock = store.clock
    assert isinstance(clock, Clock)
    table = with_stream(store, table)
    put(store, table, item("1"))
    clock.now += 100
    put(store, table, item("2"))

    trimmed = store.trim_streams(clock.now - 50)

    assert trimmed == 1
    assert store.first_sequence(ARN) == store.last_sequence()


def test_a_sequence_number_has_21_digits_at_least() -> None:
    # API Reference, DynamoDB Streams, StreamRecord: SequenceNumber, "Minimum length of 21. Maximum length of 40."
    assert len(sequence_number(1)) == 21
    assert sequence_of(sequence_number(17)) == 17


# --- backups and history ----------------------------------------------------------------------------------------


def test_a_backup_keeps_what_was_there(store: Store, table: Table) -> None:
    put(store, table, item("1", kind="bird"))
    store.create_backup("arn:backup", table, {"name": "b"})
    put(store, table, item("2"))

    document = copy.deepcopy(dict(DOCUMENT))
    document["Table"]["TableName"] = "restored"
    restored = store.create_table(ACCOUNT, REGION, document)
    store.restore_backup("arn:backup", restored)

    assert everything(store, restored) == [item("1", kind="bird")]
    assert of_kind(store, restored, "bird") == [item("1", kind="bird")]
    assert store.counts(restored).items == 1


def test_history_tells_what_there_was_at_any_time(store: Store, table: Table) -> None:
    clock = store.clock
    assert isinstance(clock, Clock)
    backups = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
    table = store.update_table(table, {**DOCUMENT, "ContinuousBackups": backups})
    put(store, table, item("kept"))
    put(store, table, item("changed", kind="bird"))
    put(store, table, item("deleted"))
    clock.now += 10
    moment = clock.now
    clock.now += 10
    put(store, table, item("changed", kind="fish"))
    put(store, table, item("changed", kind="worm"))
    put(store, table, item("new"))
    delete(store, table, item("deleted"))

    document = copy.deepcopy(dict(DOCUMENT))
    document["Table"]["TableName"] = "restored"
    restored = store.create_table(ACCOUNT, REGION, document)
    store.restore_history(table, moment, restored)

    found = sorted(everything(store, restored), key=lambda each: str(each["id"]["S"]))
    assert found == [item("changed", kind="bird"), item("deleted"), item("kept")]
    assert of_kind(store, restored, "bird") == [item("changed", kind="bird")]


# --- snapshots and durability -----------------------------------------------------------------------------------


def test_a_snapshot_is_the_whole_state(store: Store, table: Table) -> None:
    table = with_stream(store, table)
    put(store, table, item("1", kind="bird"))
    store.take_snapshot("clean")
    put(store, table, item("2", kind="bird"))
    store.create_table(ACCOUNT, "us-east-1", DOCUMENT)

    store.restore_snapshot("clean")

    restored = store.find_table(ACCOUNT, REGION, "things")
    assert restored is not None
    assert store.tables() == [restored]
    assert everything(store, restored) == [item("1", kind="bird")]
    assert store.counts(restored).items == 1
    assert len(store.stream_records(ARN, 0, 10)) == 1


def test_snapshots_are_listed_replaced_and_deleted(store: Store, table: Table) -> None:
    store.take_snapshot("b")
    store.take_snapshot("a")
    put(store, table, item("1"))
    store.take_snapshot("a")

    assert [snapshot.name for snapshot in store.snapshots()] == ["a", "b"]
    store.restore_snapshot("a")
    assert len(everything(store, table)) == 1

    store.delete_snapshot("a")

    assert [snapshot.name for snapshot in store.snapshots()] == ["b"]
    with pytest.raises(KeyError):
        store.restore_snapshot("a")


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "x" * 65])
def test_a_snapshots_name_is_no_path(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="no name for a snapshot"):
        store.take_snapshot(name)


def test_all_is_there_after_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    table = with_stream(store, store.create_table(ACCOUNT, REGION, DOCUMENT))
    put(store, table, item("1", kind="bird"))
    store.put_document("policy", "x", {"a": 1})
    store.close()

    again = Store(tmp_path / "data")

    table = again.tables(ACCOUNT, REGION)[0]
    assert everything(again, table) == [item("1", kind="bird")]
    assert of_kind(again, table, "bird") == [item("1", kind="bird")]
    assert again.counts(table, table.indexes["by-kind"]).items == 1
    assert again.last_sequence() == again.stream_records(ARN, 0, 10)[-1].sequence
    assert again.documents("policy") == [("x", {"a": 1})]
    again.close()


def test_a_deleted_table_takes_its_items_with_it_and_comes_back_empty(store: Store, table: Table) -> None:
    put(store, table, item("1", kind="bird"))
    store.delete_table(table)
    assert store.find_table(ACCOUNT, REGION, "things") is None

    again = store.create_table(ACCOUNT, REGION, DOCUMENT)

    assert everything(store, again) == []
    assert store.counts(again) == Counts(0, 0)


def test_a_failed_creation_is_no_table(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.create_table(ACCOUNT, REGION, DOCUMENT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert store.tables() == []
    store.create_table(ACCOUNT, REGION, DOCUMENT)
