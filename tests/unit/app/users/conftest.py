"""A users table in memory, and the layers over it with a clock and ids that stand still."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from botocore.exceptions import ClientError
from users.logic import Users
from users.table import UserTable

type Item = dict[str, Any]


@dataclass
class FakeTable:
    """As much of boto3's Table as the service uses. Numbers come out as Decimals, a scan in the keys' order."""

    items: dict[str, Item] = field(default_factory=dict)
    failure: str | None = None
    """A DynamoDB error code that every call fails with."""

    def put_item(self, *, Item: Item, ConditionExpression: str) -> Item:
        self._check("PutItem", Item["userId"], ConditionExpression)
        self.items[Item["userId"]] = stored(Item)
        return {}

    def get_item(self, *, Key: Item, ConsistentRead: bool) -> Item:
        assert ConsistentRead
        self._check("GetItem", Key["userId"])
        item = self.items.get(Key["userId"])
        return {} if item is None else {"Item": dict(item)}

    def update_item(self, *, Key: Item, ConditionExpression: str, **update: Any) -> Item:
        self._check("UpdateItem", Key["userId"], ConditionExpression)
        assert update["ReturnValues"] == "ALL_NEW"
        names, values = update["ExpressionAttributeNames"], update["ExpressionAttributeValues"]
        setting, _, removing = update["UpdateExpression"].partition(" REMOVE ")
        used = set(re.findall(r"[#:]\w+", update["UpdateExpression"]))
        # DynamoDB refuses an update that declares what it does not use
        assert used == set(names) | set(values)
        item = self.items[Key["userId"]]
        item.update(stored({names[name]: values[value] for name, value in re.findall(r"(#\w+) = (:\w+)", setting)}))
        for name in re.findall(r"#\w+", removing):
            item.pop(names[name], None)
        return {"Attributes": dict(item)}

    def delete_item(self, *, Key: Item, ConditionExpression: str, ReturnValues: str) -> Item:
        assert ReturnValues == "ALL_OLD"
        self._check("DeleteItem", Key["userId"], ConditionExpression)
        return {"Attributes": self.items.pop(Key["userId"])}

    def scan(self, *, Limit: int, ConsistentRead: bool, ExclusiveStartKey: Item | None = None) -> Item:
        assert ConsistentRead
        self._check("Scan")
        after = "" if ExclusiveStartKey is None else ExclusiveStartKey["userId"]
        page = [key for key in sorted(self.items) if key > after][:Limit]
        answer: Item = {"Items": [dict(self.items[key]) for key in page]}
        # like DynamoDB, a page that is full does not know whether it is the last
        return {**answer, "LastEvaluatedKey": {"userId": page[-1]}} if len(page) == Limit else answer

    def _check(self, operation: str, key: str = "", condition: str | None = None) -> None:
        expected = {None: None, "attribute_exists(userId)": True, "attribute_not_exists(userId)": False}[condition]
        code = self.failure
        if expected is not None and (key in self.items) is not expected:
            code = "ConditionalCheckFailedException"
        if code is not None:
            raise ClientError({"Error": {"Code": code, "Message": "as told"}}, operation)


def stored(item: Item) -> Item:
    return {name: Decimal(value) if isinstance(value, int) else value for name, value in item.items()}


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 21, 5, 9, 0, 123456, UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def fake_table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_id() -> Callable[[], UUID]:
    ids: Iterator[UUID] = map(UUID, map("00000000-0000-4000-8000-{:012d}".format, range(1, 1000)))
    return lambda: next(ids)


@pytest.fixture
def users(fake_table: FakeTable, clock: Clock, new_id: Callable[[], UUID]) -> Users:
    table: Any = fake_table
    return Users(UserTable(table), now=clock, new_id=new_id)
