from __future__ import annotations

from typing import Any

import pytest

from windtunnel.deploy.deadline import Deadline
from windtunnel.deploy.stack import Condition, Stack, condition, delete_stack, find_stack, wait_while_busy
from windtunnel.errors import DeployError


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("CREATE_COMPLETE", Condition.ALIVE),
        ("UPDATE_ROLLBACK_COMPLETE", Condition.ALIVE),
        ("CREATE_IN_PROGRESS", Condition.BUSY),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Condition.BUSY),
        ("DELETE_IN_PROGRESS", Condition.BUSY),
        ("REVIEW_IN_PROGRESS", Condition.LEFTOVER),
        ("ROLLBACK_COMPLETE", Condition.LEFTOVER),
        ("ROLLBACK_FAILED", Condition.LEFTOVER),
        ("UPDATE_ROLLBACK_FAILED", Condition.STUCK),
    ],
)
def test_a_status_says_what_can_be_done(status: str, wanted: Condition) -> None:
    assert condition(status) is wanted


def test_a_stack_that_is_not_there_is_none(fake_cloudformation: Any) -> None:
    assert find_stack(fake_cloudformation([""]), "shop") is None
    assert find_stack(fake_cloudformation(["DELETE_COMPLETE"]), "shop") is None


def test_a_busy_stack_is_waited_for(fake_cloudformation: Any, deadline: Deadline) -> None:
    cloudformation = fake_cloudformation(["UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"])

    stack = wait_while_busy(cloudformation, find_stack(cloudformation, "shop"), deadline)

    assert stack is not None
    assert stack.status == "UPDATE_COMPLETE"


def test_a_stack_that_stays_busy_is_named_when_time_is_over(fake_cloudformation: Any, deadline: Deadline) -> None:
    cloudformation = fake_cloudformation(["UPDATE_IN_PROGRESS"])

    with pytest.raises(DeployError, match="after 60 s still waiting for the stack shop, which is UPDATE_IN_PROGRESS"):
        wait_while_busy(cloudformation, find_stack(cloudformation, "shop"), deadline)


def test_a_deletion_is_waited_for(fake_cloudformation: Any, deadline: Deadline) -> None:
    cloudformation = fake_cloudformation(["DELETE_IN_PROGRESS", "DELETE_FAILED", "DELETE_FAILED", "DELETE_FAILED", ""])

    delete_stack(cloudformation, Stack("arn:stack", "shop", "ROLLBACK_COMPLETE"), deadline)

    assert cloudformation.calls.count("DeleteStack") == 1


def test_a_deletion_that_fails_for_good_is_an_error(fake_cloudformation: Any, deadline: Deadline, clock: Any) -> None:
    started = clock()

    with pytest.raises(DeployError, match="a leftover in ROLLBACK_COMPLETE, could not be deleted"):
        delete_stack(
            fake_cloudformation(["DELETE_IN_PROGRESS", "DELETE_FAILED"]),
            Stack("arn:stack", "shop", "ROLLBACK_COMPLETE"),
            deadline,
        )

    assert clock() - started < 10
