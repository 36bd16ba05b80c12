"""A CloudFormation stack: what it is now, whether it can be deployed to, and what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from botocore.exceptions import ClientError

from windtunnel.deploy.deadline import Deadline
from windtunnel.deploy.request import StackResource
from windtunnel.errors import DeployError

POLL_SECONDS = 0.15


@dataclass(frozen=True)
class Stack:
    """A stack as DescribeStacks tells it."""

    id: str
    name: str
    status: str
    reason: str = ""
    change_set_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


class Condition(Enum):
    """What can be done with a stack in a status."""

    ALIVE = "it can be updated"
    BUSY = "something is being done to it"
    LEFTOVER = "it never came to life: delete it, and create it anew"
    STUCK = "only a person can tell what is to become of it"


ALIVE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_FAILED",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
LEFTOVER = ("REVIEW_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")
"""Statuses whose only way on is deletion (CloudFormation User Guide, "Stack status codes")."""
DELETE_SETTLE_SECONDS = 5.0
"""How long DELETE_FAILED is watched: LocalStack (4.14) says it of each resource that fails, and goes on."""
PROVISIONAL = ("CREATE_FAILED", "UPDATE_FAILED")
"""Statuses that a rollback follows, as a rule; where none does (rollback switched off) they are the end."""


def condition(status: str) -> Condition:
    """What a stack's status means for a deployment."""
    if status in LEFTOVER:
        return Condition.LEFTOVER
    if status in ALIVE:
        return Condition.ALIVE
    return Condition.BUSY if status.endswith("_IN_PROGRESS") else Condition.STUCK


def find_stack(cloudformation: Any, name: str) -> Stack | None:
    """The stack of a name (or id), or None."""
    try:
        answer = cloudformation.describe_stacks(StackName=name)
    except ClientError as error:
        # AWS has no error code of its own for this
        if error.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(error):
            return None
        raise
    stack = answer["Stacks"][0]
    if stack["StackStatus"] == "DELETE_COMPLETE":
        return None
    return Stack(
        id=stack["StackId"],
        name=stack["StackName"],
        status=stack["StackStatus"],
        reason=stack.get("StackStatusReason", ""),
        change_set_id=stack.get("ChangeSetId", ""),
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in stack.get("Parameters", [])},
        outputs={o["OutputKey"]: o.get("OutputValue", "") for o in stack.get("Outputs", [])},
    )


def wait_while_busy(cloudformation: Any, stack: Stack | None, deadline: Deadline) -> Stack | None:
    """The stack once nothing is being done to it; None once it is gone."""
    while stack is not None and condition(stack.status) is Condition.BUSY:
        deadline.pause(POLL_SECONDS, f"the stack {stack.name}, which is {stack.status}")
        stack = find_stack(cloudformation, stack.id)
    return stack


def delete_stack(cloudformation: Any, stack: Stack, deadline: Deadline) -> None:
    """Delete a stack and wait until it is gone. Raises DeployError if it stays."""
    cloudformation.delete_stack(StackName=stack.id)
    failed_since: float | None = None
    while (now := find_stack(cloudformation, stack.id)) is not None:
        if now.status != "DELETE_FAILED":
            failed_since = None
        elif failed_since is None:
            failed_since = deadline.clock()
        elif deadline.clock() - failed_since >= DELETE_SETTLE_SECONDS:
            raise DeployError(
                f"the stack {stack.name}, a leftover in {stack.status}, could not be deleted: "
                f"{now.reason or 'no reason given'}",
                hint=f"delete what holds it, then the stack: aws cloudformation delete-stack --stack-name {stack.name}",
            )
        deadline.pause(POLL_SECONDS, f"the deletion of the stack {stack.name}, which is {now.status}")


def list_resources(cloudformation: Any, name: str) -> tuple[StackResource, ...]:
    """The stack's resources, sorted by logical id."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    found = [
        StackResource(
            logical_id=resource["LogicalResourceId"],
            physical_id=resource.get("PhysicalResourceId", ""),
            type=resource["ResourceType"],
            status=resource["ResourceStatus"],
        )
        for page in pages
        for resource in page["StackResourceSummaries"]
    ]
    return tuple(sorted(found, key=lambda resource: resource.logical_id))
