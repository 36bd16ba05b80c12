"""DescribeTable. Messages: dynalite's recorded test/describeTable.js; WarmThroughput: ack-api-quirks, DDB-TABLE-134."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]


def test_tells_counts_and_warm_throughput(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table()
    dynamodb.put_item(TableName=name, Item={"id": {"S": "Fred"}})

    told = dynamodb.describe_table(TableName=name)["Table"]

    # Developer Guide, item sizes: the name and the value, in UTF-8
    assert (told["ItemCount"], told["TableSizeBytes"]) == (1, 6)
    assert told["WarmThroughput"] == {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}


def test_warm_throughput_of_a_provisioned_table_is_what_is_provisioned(dynamodb: Any, make_table: MakeTable) -> None:
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 7}
    name = make_table(BillingMode=None, ProvisionedThroughput=units)

    told = dynamodb.describe_table(TableName=name)["Table"]

    assert told["WarmThroughput"] == {"ReadUnitsPerSecond": 5, "WriteUnitsPerSecond": 7, "Status": "ACTIVE"}


def test_takes_an_arn(dynamodb: Any, make_table: MakeTable) -> None:
    arn = dynamodb.describe_table(TableName=make_table())["Table"]["TableArn"]

    assert dynamodb.describe_table(TableName=arn)["Table"]["TableArn"] == arn


def test_waiters_see_a_table_come_and_go(dynamodb: Any, make_table: MakeTable) -> None:
    name = make_table()

    dynamodb.get_waiter("table_exists").wait(TableName=name)
    dynamodb.delete_table(TableName=name)
    dynamodb.get_waiter("table_not_exists").wait(TableName=name)


def test_knows_no_other_table(dynamodb: Any, refused: Refused) -> None:
    error = refused(dynamodb.describe_table, TableName="nothere")

    assert error == ("ResourceNotFoundException", "Requested resource not found: Table: nothere not found")
