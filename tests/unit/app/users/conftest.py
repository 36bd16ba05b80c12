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
from boto3.dynamodb.types import TypeSerializer
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
        assert (update["ReturnValues"], update["ReturnValuesOnConditionCheckFailure"]) == ("ALL_NEW", "ALL_OLD")
        self._check("UpdateItem", Key["userId"], ConditionExpression, update["ExpressionAttributeValues"])
        names, values = update["ExpressionAttributeNames"], update["ExpressionAttributeValues"]
        changing, _, adding = update["UpdateExpression"].partition(" ADD ")
        setting, _, removing = changing.partition(" REMOVE ")
        used = set(re.findall(r"[#:]\w+", f"{update['UpdateExpression']} {ConditionExpression}"))
        # DynamoDB refuses an update that declares what it does not use
        assert used == set(names) | set(values)
        item = self.items[Key["userId"]]
        item.update(stored({names[name]: values[value] for name, value in re.findall(r"(#\w+) = (:\w+)", setting)}))
        for name in re.findall(r"#\w+", removing):
            item.pop(names[name], None)
        for name, value in re.findall(r"(\w+) (:\w+)", adding):
            item[name] = item.get(name, 0) + values[value]
        return {"Attributes": dict(item)}

    def delete_item(self, *, Key: Item, ConditionExpression: str, **delete: Any) -> Item:
        assert (delete["ReturnValues"], delete["ReturnValuesOnConditionCheckFailure"]) == ("ALL_OLD", "ALL_OLD")
        self._check("DeleteItem", Key["userId"], ConditionExpression, delete.get("ExpressionAttributeValues"))
        return {"Attributes": self.items.pop(Key["userId"])}

    def query(self, *, IndexName: str, KeyConditionExpression: str, Limit: int, **query: Any) -> Item:
        assert (IndexName, KeyConditionExpression) == ("byEmail", "email = :email")
        self._check("Query")
        email, start = query["ExpressionAttributeValues"][":email"], query.get("ExclusiveStartKey")
        assert start is None or start["email"] == email
        after = "" if start is None else start["userId"]
        found = [key for key in sorted(self.items) if self.items[key]["email"] == email and key > after][:Limit]
        answer: Item = {"Items": [dict(self.items[key]) for key in found]}
        last = {"userId": found[-1], "email": email} if len(found) == Limit else None
        return {**answer, "LastEvaluatedKey": last} if last else answer

    def scan(self, *, Limit: int, ConsistentRead: bool, ExclusiveStartKey: Item | None = None) -> Item:
        assert ConsistentRead
        self._check("Scan")
        after = "" if ExclusiveStartKey is None else ExclusiveStartKey["userId"]
        page = [key for key in sorted(self.items) if key > after][:Limit]
        answer: Item = {"Items": [dict(self.items[key]) for key in page]}
        # like DynamoDB, a page that is full does not know whether it is the last
        return {**answer, "LastEvaluatedKey": {"userId": page[-1]}} if len(page) == Limit else answer

    def _check(self, operation: str, key: str = "", condition: str | None = None, values: Item | None = None) -> None:
        existence, _, version = (condition or "").partition(" AND version IN ")
        expected = {"": None, "attribute_exists(userId)": True, "attribute_not_exists(userId)": False}[existence]
        code, item = self.failure, self.items.get(key)
        wanted = {(values or {})[name] for name in re.findall(r":\w+", version)}
        elsewhere = expected is not None and (item is not None) is not expected
        if elsewhere or (wanted and item and item["version"] not in wanted):
            code = "ConditionalCheckFailedException"
        if code is not None:
            found = {"Item": {name: serialize(value) for name, value in item.items()}} if item else {}
            answer: Any = {"Error": {"Code": code, "Message": "as told"}, **found}
            raise ClientError(answer, operation)


serialize = TypeSerializer().serialize


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
