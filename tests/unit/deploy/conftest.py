"""A stand-in for CloudFormation, and a template in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from windtunnel.deploy.deadline import Deadline
from windtunnel.deploy.template import Template, read_template


@dataclass
class FakeClock:
    """A clock that only moves when somebody sleeps."""

    now: float = 1000.0
    naps: int = 0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.naps += 1


@dataclass
class FakeCloudFormation:
    """Plays `statuses` back, one a DescribeStacks (the last one stays), and grows `events` along with them.

    A status of "" means that there is no such stack.
    """

    statuses: list[str]
    events: list[list[dict[str, Any]]] = field(default_factory=list)
    page_size: int = 2
    calls: list[str] = field(default_factory=list)

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        self.calls.append("DescribeStacks")
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if not status:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        return {"Stacks": [{"StackId": "arn:stack", "StackName": "shop", "StackStatus": status}]}

    def delete_stack(self, StackName: str) -> None:
        self.calls.append("DeleteStack")

    def get_paginator(self, operation: str) -> FakeCloudFormation:
        assert operation == "describe_stack_events"
        return self

    def paginate(self, StackName: str) -> Iterator[dict[str, Any]]:
        """The events until now, newest first, a few a page."""
        known = self.events.pop(0) if len(self.events) > 1 else self.events[0]
        newest_first = known[::-1]
        for start in range(0, max(len(newest_first), 1), self.page_size):
            self.calls.append("DescribeStackEvents")
            yield {"StackEvents": newest_first[start : start + self.page_size]}


def event(
    number: int, logical_id: str, status: str, reason: str = "", type_: str = "AWS::SQS::Queue"
) -> dict[str, Any]:
    """A stack event as AWS tells it."""
    told = {"EventId": f"e{number}", "LogicalResourceId": logical_id, "ResourceType": type_, "ResourceStatus": status}
    return {**told, "ResourceStatusReason": reason} if reason else told


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def deadline(clock: FakeClock) -> Deadline:
    return Deadline.after(60.0, clock, clock.sleep)


@pytest.fixture
def fake_cloudformation() -> type[FakeCloudFormation]:
    return FakeCloudFormation


@pytest.fixture
def make_event() -> Callable[..., dict[str, Any]]:
    return event


@pytest.fixture
def template_of(tmp_path: Path) -> Callable[[str], Template]:
    """Writes a template into a folder of its own, and reads it."""

    def make(text: str) -> Template:
        path = tmp_path / "template.yaml"
        path.write_text(text)
        return read_template(path)

    return make
