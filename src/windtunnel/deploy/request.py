"""What a deployment is asked for, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class DeployRequest:
    """A template to make a stack of, and what its artifacts are built with."""

    template: Path
    stack_name: str
    build_dir: Path
    """Where built artifacts are kept, by content; safe to delete."""
    wheels: Path | None
    """A folder of wheels fetched at setup, looked at before the network; it need not exist."""
    uv: Path
    python: Path
    """The interpreter that functions run in: requirements are installed for its version and platform."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 300.0


@dataclass(frozen=True)
class StackResource:
    """A resource of the deployed stack, in AWS's words."""

    logical_id: str
    physical_id: str
    type: str
    status: str


@dataclass(frozen=True)
class DeployResult:
    """`changed` is False where the stack already was what the template asks for."""

    changed: bool
    outputs: Mapping[str, str]
    resources: tuple[StackResource, ...]
