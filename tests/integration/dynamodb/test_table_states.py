"""A table's states where they take time, as clients see them: boto3's waiters, and what item operations say meanwhile.
(What each state bars is in tests/unit/dynamodb/test_lifecycle.py.)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

type Refused = Callable[..., tuple[str, str]]

OFTEN = {"Delay": 0.05, "MaxAttempts": 200}


def test_a_table_comes_and_goes(slow_dynamodb: Any, refused: Refused) -> None:
    made = slow_dynamodb.create_table(
        TableName="slow",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]

    assert made["TableStatus"] == "CREATING"
    error = refused(slow_dynamodb.put_item, TableName="slow", Item={"id": {"S": "1"}})
    assert error == ("ResourceNotFoundException", "Requested resource not found")
    slow_dynamodb.get_waiter("table_exists").wait(TableName="slow", WaiterConfig=OFTEN)
    slow_dynamodb.put_item(TableName="slow", Item={"id": {"S": "1"}})

    gone = slow_dynamodb.delete_table(TableName="slow")["TableDescription"]
    assert gone["TableStatus"] == "DELETING"
    assert slow_dynamodb.describe_table(TableName="slow")["Table"]["TableStatus"] == "DELETING"
    slow_dynamodb.get_waiter("table_not_exists").wait(TableName="slow", WaiterConfig=OFTEN)
    assert slow_dynamodb.list_tables()["TableNames"] == []
