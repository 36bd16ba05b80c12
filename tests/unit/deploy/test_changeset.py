from __future__ import annotations

import json
from typing import Any

import pytest

from windtunnel.deploy.changeset import ChangeSet, Proposal, create_change_set, refuse, remove_leftovers, same_template
from windtunnel.deploy.deadline import Deadline
from windtunnel.deploy.events import Change


class FakeChangeSets:
    """CloudFormation's change sets: `answers` are played back, one a DescribeChangeSet."""

    def __init__(self, *answers: dict[str, Any], body: object = None, names: tuple[str, ...] = ()) -> None:
        self.answers = list(answers)
        self.body = body
        self.names = names
        self.created: dict[str, Any] = {}
        self.deleted: list[str] = []

    def create_change_set(self, **arguments: Any) -> dict[str, str]:
        self.created = arguments
        return {"Id": "arn:changeset", "StackId": "arn:stack"}

    def describe_change_set(self, **_: Any) -> dict[str, Any]:
        return self.answers.pop(0)

    def get_template(self, **_: Any) -> dict[str, object]:
        return {"TemplateBody": self.body}

    def delete_change_set(self, ChangeSetName: str, StackName: str) -> None:
        self.deleted.append(ChangeSetName)

    def get_paginator(self, operation: str) -> FakeChangeSets:
        assert operation == "list_change_sets"
        return self

    def paginate(self, StackName: str) -> list[dict[str, Any]]:
        return [
            {"Summaries": [{"ChangeSetName": n, "ChangeSetId": f"arn:{n}", "ExecutionStatus": status}]}
            for n, status in zip(self.names, ("AVAILABLE", "AVAILABLE", "EXECUTE_COMPLETE"), strict=False)
        ]


def change(logical_id: str, action: str = "Add", replacement: str | None = None) -> dict[str, Any]:
    told = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": "AWS::SQS::Queue"}
    return {"Type": "Resource", "ResourceChange": {**told, "Replacement": replacement} if replacement else told}


PROPOSAL = Proposal("shop", "windtunnel-1", new=True, template={"TemplateBody": "{}"}, parameters=())


def test_a_change_set_is_waited_for_and_its_pages_are_joined(deadline: Deadline) -> None:
    cloudformation = FakeChangeSets(
        {"Status": "CREATE_PENDING"},
        {"Status": "CREATE_IN_PROGRESS"},
        {"Status": "CREATE_COMPLETE", "Changes": [change("A")], "NextToken": "more"},
        {"Status": "CREATE_COMPLETE", "Changes": [change("B", "Modify", "True"), change("C", "Modify", "False")]},
    )

    change_set = create_change_set(cloudformation, PROPOSAL, deadline)

    assert change_set.changes == (
        Change("Add", "A", "AWS::SQS::Queue", replacement=False),
        Change("Modify", "B", "AWS::SQS::Queue", replacement=True),
        Change("Modify", "C", "AWS::SQS::Queue", replacement=False),
    )
    assert cloudformation.created["ChangeSetType"] == "CREATE"
    assert set(cloudformation.created["Capabilities"]) == {
        "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "reason", "unchanged"),
    [
        ("FAILED", "The submitted information didn't contain changes. Submit different information to …", True),
        ("FAILED", "No updates are to be performed.", True),
        ("FAILED", "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application", False),
        ("FAILED", "", False),
        ("CREATE_COMPLETE", "", False),
    ],
)
def test_unchanged_is_a_failure_for_one_reason(status: str, reason: str, unchanged: bool) -> None:
    assert ChangeSet("id", "stack", status, reason, ()).says_unchanged is unchanged


def test_nothing_is_said_by_a_change_set_without_changes() -> None:
    assert ChangeSet("id", "stack", "CREATE_COMPLETE", "", ()).says_nothing
    assert not ChangeSet("id", "stack", "FAILED", "broken", ()).says_nothing
    assert not ChangeSet(
        "id", "stack", "CREATE_COMPLETE", "", (Change("Add", "A", "T", replacement=False),)
    ).says_nothing


def test_the_deployed_template_is_compared_as_a_value() -> None:
    text = json.dumps({"Resources": {"A": {"Type": "AWS::SQS::Queue"}}})

    assert same_template(FakeChangeSets(body=json.loads(text)), "shop", text)  # as boto3 gives JSON
    assert same_template(FakeChangeSets(body=text), "shop", text)
    assert not same_template(FakeChangeSets(body={"Resources": {}}), "shop", text)
    assert not same_template(FakeChangeSets(body="Resources: {}\n"), "shop", text)


def test_only_unexecuted_change_sets_of_ours_are_removed() -> None:
    cloudformation = FakeChangeSets(names=("windtunnel-1", "somebody-elses", "windtunnel-2"))

    remove_leftovers(cloudformation, "shop")

    assert cloudformation.deleted == ["arn:windtunnel-1"]


def test_a_refusal_gives_clouformations_reason() -> None:
    assert "Invalid Serverless" in str(refuse(ChangeSet("id", "s", "FAILED", "Invalid Serverless …", ()), "shop"))
