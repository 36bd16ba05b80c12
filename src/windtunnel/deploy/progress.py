"""Following a stack while CloudFormation works on it, and naming what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from windtunnel.deploy.deadline import Deadline
from windtunnel.deploy.events import ResourceProgress
from windtunnel.deploy.stack import POLL_SECONDS, PROVISIONAL, Stack, find_stack
from windtunnel.errors import DeployError

SUCCESS = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
SETTLE_SECONDS = 2.0
"""How long a provisional status is watched before it is taken for the end."""
CANCELLED = "cancelled"
"""In the reason of resources that fail because another one did ("Resource creation cancelled")."""
STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Seen:
    """The newest event that is already known: those after it are new. "" means that all are."""

    event_id: str


def latest_event(cloudformation: Any, stack_id: str) -> Seen:
    """Where a stack's events are now."""
    events = cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
    return Seen(events[0]["EventId"] if events else "")


def new_events(cloudformation: Any, stack_id: str, seen: Seen) -> tuple[list[ResourceProgress], Seen]:
    """The events since `seen`, oldest first. CloudFormation lists the newest first, a hundred a page."""
    found: list[dict[str, Any]] = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        known = False
        for event in page["StackEvents"]:
            if known := event["EventId"] == seen.event_id:
                break
            found.append(event)
        if known:
            break
    progress = [
        ResourceProgress(
            logical_id=event["LogicalResourceId"],
            type=event["ResourceType"],
            status=event["ResourceStatus"],
            reason=event.get("ResourceStatusReason") or "",
        )
        for event in reversed(found)
    ]
    return progress, Seen(found[0]["EventId"]) if found else seen


def follow(
    cloudformation: Any, stack_id: str, seen: Seen, report: Callable[[ResourceProgress], None], deadline: Deadline
) -> tuple[Stack, tuple[ResourceProgress, ...]]:
    """Report each event once until the stack comes to rest; the stack then, and the events. Raises DeployError."""
    events: list[ResourceProgress] = []
    provisional_since: float | None = None
    while True:
        # the stack first: what comes to rest between the two requests is found in the events
        stack = find_stack(cloudformation, stack_id)
        fresh, seen = new_events(cloudformation, stack_id, seen)
        for event in fresh:
            report(event)
        events += fresh
        if stack is None:
            raise DeployError("the stack was deleted while it was being deployed", hint="deploy again")
        if stack.status in PROVISIONAL:
            provisional_since = deadline.clock() if provisional_since is None else provisional_since
            if deadline.clock() - provisional_since >= SETTLE_SECONDS:
                return stack, tuple(events)
        elif not stack.status.endswith("_IN_PROGRESS"):
            return stack, tuple(events)
        deadline.pause(POLL_SECONDS, f"the stack {stack.name}, which is {stack.status}{_unfinished(events)}")


def first_failure(events: Iterable[ResourceProgress]) -> ResourceProgress | None:
    """The event that explains a failure: the first of a resource that failed by itself.

    The stack's own event stands in where no resource has one.
    """
    failed = [event for event in events if event.status.endswith("_FAILED")]
    own = [event for event in failed if CANCELLED not in event.reason.lower()]
    of_resources = [event for event in own if event.type != STACK_TYPE]
    return next(iter([*of_resources, *own, *failed]), None)


def failure(stack: Stack, events: tuple[ResourceProgress, ...]) -> DeployError:
    """The error for a stack that came to rest in another status than was asked for."""
    culprit = first_failure(events)
    if culprit is None or culprit.logical_id == stack.name:
        reason = (culprit.reason if culprit else "") or stack.reason or "CloudFormation gives no reason"
        return DeployError(f"the stack {stack.name} is {stack.status}: {reason}")
    others = [e for e in events if e.status.endswith("_FAILED") and e.reason and e != culprit and e.type != STACK_TYPE]
    return DeployError(
        f"the stack {stack.name} is {stack.status}: {culprit.logical_id} ({culprit.type}) is {culprit.status}: "
        f"{culprit.reason or 'CloudFormation gives no reason'}",
        hint="correct the resource and deploy again",
        detail="\n".join(f"{e.logical_id} ({e.type}) {e.status}: {e.reason}" for e in others),
    )


def _unfinished(events: Iterable[ResourceProgress]) -> str:
    latest = {event.logical_id: event for event in events if event.type != STACK_TYPE}
    waiting = [event.logical_id for event in latest.values() if event.status.endswith("_IN_PROGRESS")]
    return f"; not done: {', '.join(waiting)}" if waiting else ""
