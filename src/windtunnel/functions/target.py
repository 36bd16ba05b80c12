"""What an invocation is for, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Target:
    """What an invocation is for."""

    account: str
    region: str
    name: str
    qualifier: str
    """As asked, "" for none."""
    version: str
    """That of the qualifier; where an alias has weights, each invocation picks its own."""
    arn: str
    """As invoked."""
    policy: Mapping[str, Any] | None
    """The resource policy that applies to the qualifier."""
    pinned: str = ""
    """The version that was picked already; "" where invoke() picks it."""

    def invoked_as(self, arn: str) -> Target:
        """The same under the ARN that its caller used."""
        return self if arn == self.arn else replace(self, arn=arn)


class Result(NamedTuple):
    """What became of an invocation. `error` is "Unhandled" where `payload` is an error object, else ""."""

    payload: bytes
    error: str
    version: str
    """That was run."""
    request_id: str
    log_tail: bytes
    """The last 4 KB."""
