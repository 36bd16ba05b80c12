"""State as bytes and back: what cannot be kept does not spoil the rest."""

from __future__ import annotations

import collections
import queue
import socket
import threading
import weakref
from typing import Any

import boto3
import pytest

from windtunnel.plugin.snapshot_pickle import dumps, loads


class Picky(collections.defaultdict[str, list[int]]):
    """As moto's ParameterDict: made with arguments of its own."""

    def __init__(self, region: str) -> None:
        super().__init__(list)
        self.region = region


class Named:
    def __init__(self, name: str) -> None:
        self.name = name
        self.lock = threading.RLock()
        self.condition = threading.Condition(self.lock)


def nowhere(service: str, place: int) -> Any:
    raise LookupError(service, place)


def there_and_back(value: Any) -> Any:
    return loads(dumps(value, {}), nowhere)


def test_locks_are_made_anew_and_shared_as_before() -> None:
    original = Named("a")

    with original.lock:
        copy = there_and_back(original)

    assert copy.name == "a"
    assert copy.lock.acquire(blocking=False)
    copy.condition.notify_all()


def test_a_queue_keeps_what_is_in_it() -> None:
    original: queue.PriorityQueue[int] = queue.PriorityQueue()
    original.put(2)
    original.put(1)

    copy = there_and_back(original)

    assert [copy.get_nowait(), copy.get_nowait()] == [1, 2]


def test_a_defaultdict_whose_class_wants_arguments_is_brought_back() -> None:
    original = Picky("us-east-1")
    original["a"].append(1)

    copy = there_and_back(original)

    assert (type(copy), copy.region, dict(copy), copy["b"]) == (Picky, "us-east-1", {"a": [1]}, [])


def test_what_ends_with_the_process_is_none() -> None:
    client = boto3.client("sqs", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with socket.socket() as connection:
        assert there_and_back([threading.Thread(), connection, client]) == [None, None, None]


def test_a_weak_reference_keeps_pointing() -> None:
    target = Named("target")

    copy, reference = there_and_back([target, weakref.ref(target)])

    assert reference() is copy


def test_other_containers_are_named_and_not_copied() -> None:
    container = Picky("much state")

    content = dumps([container, container], {id(container): ("iam", 0)})
    found = loads(content, lambda service, place: (service, place))

    assert b"much" not in content
    assert found == [("iam", 0), ("iam", 0)]


def test_bytes_that_are_damaged_are_an_error() -> None:
    with pytest.raises(Exception, match=r".+"):
        loads(dumps({"a": 1}, {})[:-3], nowhere)
