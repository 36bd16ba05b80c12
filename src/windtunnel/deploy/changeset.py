"""A CloudFormation change set: created, judged, executed or thrown away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.deploy.deadline import Deadline
from windtunnel.deploy.events import Change
from windtunnel.deploy.stack import POLL_SECONDS
from windtunnel.errors import DeployError

CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
NAME_PREFIX = "windtunnel-"
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
"""How CloudFormation says, in the reason of a FAILED change set, that there is nothing to do."""
PENDING = ("CREATE_PENDING", "CREATE_IN_PROGRESS")


@dataclass(frozen=True)
class Proposal:
    """What a change set is to be made of."""

    stack_name: str
    name: str
    new: bool
    """Whether the stack is to be created."""
    template: Mapping[str, str]
    """TemplateBody, or TemplateURL."""
    parameters: tuple[Mapping[str, Any], ...]
    """As CloudFormation takes them."""


@dataclass(frozen=True)
class ChangeSet:
    """A change set that CloudFormation has computed: `status` is CREATE_COMPLETE or FAILED."""

    id: str
    stack_id: str
    status: str
    reason: str
    changes: tuple[Change, ...]

    @property
    def says_unchanged(self) -> bool:
        """Whether it failed for the one good reason: the stack already is what was asked for."""
        return self.status == "FAILED" and any(text in self.reason for text in NO_CHANGES)

    @property
    def says_nothing(self) -> bool:
        """Whether it could be executed and lists no change of a resource: outputs may change, or nothing at all."""
        return self.status == "CREATE_COMPLETE" and not self.changes


def create_change_set(cloudformation: Any, proposal: Proposal, deadline: Deadline) -> ChangeSet:
    """Have a change set computed, and wait for it."""
    created = cloudformation.create_change_set(
        StackName=proposal.stack_name,
        ChangeSetName=proposal.name,
        ChangeSetType="CREATE" if proposal.new else "UPDATE",
        Capabilities=list(CAPABILITIES),
        Parameters=list(proposal.parameters),
        **proposal.template,
    )
    while True:
        answer = cloudformation.describe_change_set(ChangeSetName=created["Id"], StackName=created["StackId"])
        if answer["Status"] not in PENDING:
            break
        deadline.pause(POLL_SECONDS, f"the change set of {proposal.stack_name}, which is {answer['Status']}")
    return ChangeSet(
        id=created["Id"],
        stack_id=created["StackId"],
        status=answer["Status"],
        reason=answer.get("StatusReason") or "",
        changes=tuple(_changes(cloudformation, answer, created["Id"])),
    )


def _changes(cloudformation: Any, page: dict[str, Any], change_set_id: str) -> Iterator[Change]:
    while True:
        for entry in page.get("Changes") or []:
            change = entry.get("ResourceChange")
            if change:
                yield Change(
                    action=change["Action"],
                    logical_id=change["LogicalResourceId"],
                    type=change["ResourceType"],
                    replacement=change.get("Replacement") in ("True", "Conditional"),
                )
        if not page.get("NextToken"):
            return
        page = cloudformation.describe_change_set(ChangeSetName=change_set_id, NextToken=page["NextToken"])


def remove_leftovers(cloudformation: Any, stack_name: str) -> None:
    """Delete change sets of ours that were never executed: deployments that were killed left them."""
    for page in cloudformation.get_paginator("list_change_sets").paginate(StackName=stack_name):
        for summary in page["Summaries"]:
            if summary["ChangeSetName"].startswith(NAME_PREFIX) and summary.get("ExecutionStatus") in (
                "AVAILABLE",
                "UNAVAILABLE",
            ):
                cloudformation.delete_change_set(ChangeSetName=summary["ChangeSetId"], StackName=stack_name)


def same_template(cloudformation: Any, stack_name: str, text: str) -> bool:
    """Whether the stack was made of this very template, as JSON text."""
    body = cloudformation.get_template(StackName=stack_name, TemplateStage="Original").get("TemplateBody")
    # boto3 makes a value of a JSON template, by itself
    deployed = json.loads(body) if isinstance(body, str) and body.startswith("{") else body
    return bool(deployed == json.loads(text))


def refuse(change_set: ChangeSet, stack_name: str) -> DeployError:
    """The error for a change set that could not be computed."""
    return DeployError(
        f"CloudFormation cannot make a change set for {stack_name}: {change_set.reason or 'it gives no reason'}",
        hint="nothing was changed; correct the template and deploy again",
    )
