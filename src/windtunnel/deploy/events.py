"""What happens while a stack is deployed, as values: the CLI and the tests render them, each in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Building:
    """An artifact is about to be built, or (`cached`) the one of an earlier build is taken."""

    artifact: str
    """The source's path, as short as it can be written from the template's folder."""
    resources: tuple[str, ...]
    """The logical ids of the functions or layers that use it."""
    cached: bool


@dataclass(frozen=True)
class Uploading:
    """An artifact is about to be uploaded, or (`already_there`) the engine's bucket has it already."""

    artifact: str
    size_bytes: int
    already_there: bool


@dataclass(frozen=True)
class Waiting:
    """Something else has to end first."""

    reason: str


@dataclass(frozen=True)
class RemovingLeftover:
    """A stack that cannot be updated, because an earlier deployment failed, is deleted and will be created anew.

    AWS brings only stacks there that never came to life. LocalStack (4.14) brings a failed update there too, and then
    the stack's data goes with it.
    """

    stack_name: str
    status: str


@dataclass(frozen=True)
class Notice:
    """Something worth knowing that stops nothing."""

    message: str


@dataclass(frozen=True)
class Change:
    """One line of a change set. `action` is AWS's Add, Modify, Remove, Import or Dynamic."""

    action: str
    logical_id: str
    type: str
    replacement: bool
    """True where AWS will, or may, replace the resource."""


@dataclass(frozen=True)
class ChangeSetReady:
    """The change set was computed and is about to be executed. Without changes it may still change outputs."""

    changes: tuple[Change, ...]


@dataclass(frozen=True)
class ResourceProgress:
    """A resource, or the stack itself (its type is AWS::CloudFormation::Stack), reached a status, in AWS's words."""

    logical_id: str
    type: str
    status: str
    reason: str


@dataclass(frozen=True)
class Unchanged:
    """The stack already is what the template asks for."""

    stack_name: str


DeployEvent = Building | Uploading | Waiting | RemovingLeftover | Notice | ChangeSetReady | ResourceProgress | Unchanged
OnEvent = Callable[[DeployEvent], None]
