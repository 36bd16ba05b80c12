"""Deploying a template: build, upload, change set, and the stack's progress until it is what was asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from windtunnel.deploy.artifact import find_artifacts
from windtunnel.deploy.build import Builder
from windtunnel.deploy.changeset import (
    NAME_PREFIX,
    ChangeSet,
    Proposal,
    create_change_set,
    refuse,
    remove_leftovers,
    same_template,
)
from windtunnel.deploy.deadline import Deadline
from windtunnel.deploy.events import ChangeSetReady, OnEvent, RemovingLeftover, Unchanged, Waiting
from windtunnel.deploy.handler import check_handlers
from windtunnel.deploy.lock import locked
from windtunnel.deploy.parameters import check_parameters, choose_parameters, same_parameters
from windtunnel.deploy.progress import SUCCESS, failure, follow, latest_event
from windtunnel.deploy.publish import Published, build_artifacts, publish
from windtunnel.deploy.request import DeployRequest, DeployResult
from windtunnel.deploy.requirements import Installer
from windtunnel.deploy.stack import (
    POLL_SECONDS,
    Condition,
    Stack,
    condition,
    delete_stack,
    find_stack,
    list_resources,
    wait_while_busy,
)
from windtunnel.deploy.template import Template, read_template
from windtunnel.errors import DeployError

OUTPUTS_SECONDS = 2.0
"""How long a complete stack may take to show its outputs (LocalStack 4.14 sets its status first)."""


@dataclass(frozen=True)
class _Deployment:
    """What every step of one deployment shares."""

    request: DeployRequest
    template: Template
    cloudformation: Any
    on_event: OnEvent
    deadline: Deadline

    @property
    def stack_name(self) -> str:
        return self.request.stack_name


def deploy(
    request: DeployRequest,
    client: Callable[[str], Any],
    on_event: OnEvent,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> DeployResult:
    """Make the stack what the template says, reporting each step. `client` makes a boto3 client by service name.

    Raises TemplateError and BuildError for what is wrong on this side; DeployError for what AWS (or the engine)
    refuses, for a resource that fails, and when `timeout_seconds` are over.
    """
    deadline = Deadline.after(request.timeout_seconds, clock, sleep)
    template = read_template(request.template)
    check_parameters(template, request.parameters)
    artifacts = find_artifacts(template, request.parameters)
    builder = Builder(request.build_dir, Installer(request.uv, request.python, request.wheels))
    builds = build_artifacts(builder, template, artifacts, on_event)
    check_handlers(artifacts, {user: build.path for build in builds for user in build.users})

    other = f"another deployment of {request.stack_name} from here"
    lock = request.build_dir / f"{request.stack_name}.lock"
    with locked(lock, other, lambda: on_event(Waiting(other)), deadline), _aws_errors():
        published = publish(template, request.stack_name, builds, client, on_event)
        deployment = _Deployment(request, template, client("cloudformation"), on_event, deadline)
        stack = _make_ready(deployment)
        change_set = _propose(deployment, stack, published)
        if change_set is None:
            on_event(Unchanged(request.stack_name))
            return _result(deployment, changed=False)
        _execute(deployment, change_set)
        return _result(deployment, changed=True)


def _make_ready(deployment: _Deployment) -> Stack | None:
    """The stack, if it is there and can be updated; what an earlier failure left is removed first."""
    cloudformation, name = deployment.cloudformation, deployment.stack_name
    stack = find_stack(cloudformation, name)
    if stack and condition(stack.status) is Condition.BUSY:
        deployment.on_event(Waiting(f"the stack {name} is {stack.status}"))
        stack = wait_while_busy(cloudformation, stack, deployment.deadline)
    if stack is None:
        return None
    match condition(stack.status):
        case Condition.LEFTOVER:
            deployment.on_event(RemovingLeftover(name, stack.status))
            delete_stack(cloudformation, stack, deployment.deadline)
            return None
        case Condition.ALIVE:
            remove_leftovers(cloudformation, name)
            return stack
    raise DeployError(
        f"the stack {name} is {stack.status}, and cannot be updated: {stack.reason or 'no reason given'}",
        hint=f"aws cloudformation continue-update-rollback --stack-name {name}, or delete the stack",
    )


def _propose(deployment: _Deployment, stack: Stack | None, published: Published) -> ChangeSet | None:
    """The change set to execute, or None where there is nothing to change. Raises DeployError."""
    cloudformation, name = deployment.cloudformation, deployment.stack_name
    deployed = stack.parameters if stack else None
    parameters = choose_parameters(deployment.template, deployment.request.parameters, deployed)
    proposal = Proposal(name, f"{NAME_PREFIX}{uuid4().hex}", stack is None, published.arguments, parameters)
    change_set = create_change_set(cloudformation, proposal, deployment.deadline)

    if stack is not None and (
        change_set.says_unchanged
        # LocalStack (4.14) takes every template with a transform for a changed one, and then finds no change
        or (
            change_set.says_nothing
            and same_parameters(deployment.template, parameters, stack.parameters)
            and same_template(cloudformation, name, published.text)
        )
    ):
        cloudformation.delete_change_set(ChangeSetName=change_set.id, StackName=change_set.stack_id)
        return None
    if change_set.status != "CREATE_COMPLETE":
        cloudformation.delete_change_set(ChangeSetName=change_set.id, StackName=change_set.stack_id)
        if stack is None:  # what the change set would have filled is empty
            cloudformation.delete_stack(StackName=change_set.stack_id)
        raise refuse(change_set, name)
    deployment.on_event(ChangeSetReady(change_set.changes))
    return change_set


def _execute(deployment: _Deployment, change_set: ChangeSet) -> None:
    """Execute the change set and follow it to its end. Raises DeployError for a stack that did not come to be."""
    cloudformation = deployment.cloudformation
    seen = latest_event(cloudformation, change_set.stack_id)
    cloudformation.execute_change_set(ChangeSetName=change_set.id, StackName=change_set.stack_id)
    stack, events = follow(cloudformation, change_set.stack_id, seen, deployment.on_event, deployment.deadline)
    if stack.status not in SUCCESS:
        raise failure(stack, events)

    started = deployment.deadline.clock()
    while stack and change_set.id != stack.change_set_id and deployment.deadline.clock() - started < OUTPUTS_SECONDS:
        deployment.deadline.pause(POLL_SECONDS, "the stack's outputs")
        stack = find_stack(cloudformation, change_set.stack_id) or stack


def _result(deployment: _Deployment, *, changed: bool) -> DeployResult:
    stack = find_stack(deployment.cloudformation, deployment.stack_name)
    resources = list_resources(deployment.cloudformation, deployment.stack_name)
    return DeployResult(changed, stack.outputs if stack else {}, resources)


@contextmanager
def _aws_errors() -> Iterator[None]:
    """What AWS or the engine answers, as an error that a person reads."""
    try:
        yield
    except ClientError as error:
        said = error.response["Error"]
        raise DeployError(
            f"{error.operation_name} was refused: {said.get('Message') or said['Code']}",
            detail=f"{said['Code']}, request {error.response['ResponseMetadata'].get('RequestId', 'unknown')}",
        ) from error
    except EndpointConnectionError as error:
        raise DeployError(f"nothing answers there: {error}", hint="start the engine: make up") from error
    except BotoCoreError as error:
        raise DeployError(f"AWS cannot be asked: {error}", hint="check credentials and region") from error
