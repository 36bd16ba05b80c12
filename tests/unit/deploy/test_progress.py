from __future__ import annotations

from typing import Any

import pytest

from windtunnel.deploy.deadline import Deadline
from windtunnel.deploy.events import ResourceProgress
from windtunnel.deploy.progress import Seen, failure, first_failure, follow, new_events
from windtunnel.deploy.stack import Stack
from windtunnel.errors import DeployError

STACK_TYPE = "AWS::CloudFormation::Stack"


def progress(logical_id: str, status: str, reason: str = "", type_: str = "AWS::SQS::Queue") -> ResourceProgress:
    return ResourceProgress(logical_id, type_, status, reason)


@pytest.mark.parametrize("page_size", [1, 2, 3, 100])
def test_each_event_is_found_once_and_oldest_first(fake_cloudformation: Any, make_event: Any, page_size: int) -> None:
    events = [make_event(n, f"R{n}", "CREATE_COMPLETE") for n in range(5)]
    cloudformation = fake_cloudformation([""], [events[:3], events, events], page_size=page_size)

    first, seen = new_events(cloudformation, "arn:stack", Seen("e0"))
    second, seen = new_events(cloudformation, "arn:stack", seen)
    third, seen = new_events(cloudformation, "arn:stack", seen)

    assert [e.logical_id for e in first] == ["R1", "R2"]
    assert [e.logical_id for e in second] == ["R3", "R4"]
    assert third == []
    assert seen == Seen("e4")


def test_pages_of_known_events_are_not_asked_for(fake_cloudformation: Any, make_event: Any) -> None:
    events = [make_event(n, f"R{n}", "CREATE_COMPLETE") for n in range(100)]
    cloudformation = fake_cloudformation([""], [events], page_size=10)

    new_events(cloudformation, "arn:stack", Seen("e95"))

    assert cloudformation.calls == ["DescribeStackEvents"]


def test_a_stack_is_followed_to_its_end(fake_cloudformation: Any, make_event: Any, deadline: Deadline) -> None:
    events = [make_event(1, "Queue", "CREATE_IN_PROGRESS"), make_event(2, "Queue", "CREATE_COMPLETE")]
    cloudformation = fake_cloudformation(["CREATE_IN_PROGRESS", "CREATE_COMPLETE"], [events[:1], events])
    told: list[ResourceProgress] = []

    stack, all_events = follow(cloudformation, "arn:stack", Seen(""), told.append, deadline)

    assert stack.status == "CREATE_COMPLETE"
    assert [e.status for e in told] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert tuple(told) == all_events


def test_a_rollback_that_follows_a_failure_is_waited_for(
    fake_cloudformation: Any, make_event: Any, deadline: Deadline
) -> None:
    failed = [make_event(1, "Queue", "CREATE_FAILED", "no")]
    cloudformation = fake_cloudformation(["CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"], [failed])

    stack, _ = follow(cloudformation, "arn:stack", Seen(""), lambda _: None, deadline)

    assert stack.status == "ROLLBACK_COMPLETE"


def test_a_failure_that_no_rollback_follows_is_the_end(
    fake_cloudformation: Any, make_event: Any, deadline: Deadline, clock: Any
) -> None:
    started = clock()

    stack, _ = follow(
        fake_cloudformation(["CREATE_FAILED"], [[]]), "arn:stack", Seen(""), lambda _: None, deadline
    )  # fmt: skip

    assert stack.status == "CREATE_FAILED"
    assert clock() - started < 5


def test_the_deadline_names_what_is_not_done(fake_cloudformation: Any, make_event: Any, deadline: Deadline) -> None:
    events = [
        make_event(1, "Queue", "CREATE_IN_PROGRESS"),
        make_event(2, "Table", "CREATE_IN_PROGRESS"),
        make_event(3, "Table", "CREATE_COMPLETE"),
    ]

    with pytest.raises(DeployError, match="which is CREATE_IN_PROGRESS; not done: Queue"):
        follow(
            fake_cloudformation(["CREATE_IN_PROGRESS"], [events], page_size=100),
            "arn:stack",
            Seen(""),
            lambda _: None,
            deadline,
        )


def test_the_first_resource_that_failed_by_itself_is_the_culprit() -> None:
    events = [
        progress("Other", "CREATE_FAILED", "Resource creation cancelled"),
        progress("Table", "CREATE_FAILED", "bad key"),
        progress("Queue", "CREATE_FAILED", "bad name"),
        progress("shop", "CREATE_FAILED", "The following resource(s) failed to create", STACK_TYPE),
    ]

    culprit = first_failure(events)

    assert culprit is not None
    assert culprit.logical_id == "Table"


def test_the_stack_is_the_culprit_where_no_resource_is() -> None:
    events = [progress("shop", "ROLLBACK_FAILED", "no permission", STACK_TYPE), progress("Queue", "CREATE_COMPLETE")]

    culprit = first_failure(events)

    assert culprit is not None
    assert culprit.reason == "no permission"
    assert first_failure(events[1:]) is None


def test_a_failure_names_stack_resource_and_reason() -> None:
    events = (
        progress("Table", "CREATE_FAILED", "bad key"),
        progress("Queue", "CREATE_FAILED", "Resource creation cancelled"),
    )

    error = failure(Stack("arn:stack", "shop", "ROLLBACK_COMPLETE"), events)

    assert "stack shop is ROLLBACK_COMPLETE: Table (AWS::SQS::Queue) is CREATE_FAILED: bad key" in str(error)
    assert "Queue" in error.detail
