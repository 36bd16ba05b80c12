"""What a function is, as far as running it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

ON_DEMAND = "on-demand"
PROVISIONED = "provisioned-concurrency"
"""The initialization type of an environment that is kept ready."""


@dataclass(frozen=True)
class FunctionSpec:
    """A published function version or $LATEST, with its code unpacked on disk."""

    name: str
    version: str
    """A number, or "$LATEST"."""
    region: str
    runtime: str
    """AWS's identifier: python3.13."""
    handler: str
    code: Path
    """The folder that is LAMBDA_TASK_ROOT."""
    layers: Path | None
    """The folder that stands for /opt: every layer, merged in order; None without layers."""
    timeout: float
    """Seconds."""
    memory_mb: int
    variables: Mapping[str, str] = field(default_factory=dict)
    """The environment variables that the template sets."""
    ephemeral_mb: int = 512
    """The size of /tmp."""


@dataclass(frozen=True)
class Session:
    """What one execution environment of a function gets from its surroundings."""

    log_group: str
    log_stream: str
    endpoint_url: str
    """Where the AWS SDK finds every service."""
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    initialization_type: str = ON_DEMAND
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further variables that AWS sets for this function only: its JSON log format and level."""
    account: str = ""


class Stream(Protocol):
    """Where a response goes that is streamed."""

    def start(self, content_type: bytes) -> None:
        """It begins."""

    async def write(self, data: bytes) -> None:
        """Pass on a part. A caller who has gone stops nothing: as on AWS, the function is not told."""


class Invocation(NamedTuple):
    """A request to a function. An invocation's values are tuples: a frozen dataclass takes five times as long."""

    request_id: str
    payload: bytes
    """JSON."""
    function_arn: str
    """As it was invoked, with its alias or version."""
    trace_id: str = ""
    """The value of the X-Amzn-Trace-Id header."""
    client_context: str = ""
    """What the caller tells of itself: a JSON object on one line, in ASCII; "" where it tells nothing."""
    cognito_identity: str = ""
    """The caller's identity with Amazon Cognito: a JSON object; "" where it has none."""
    stream: Stream | None = None
    """Where the caller takes a response that is streamed; None: it takes it whole."""


class LogLine(NamedTuple):
    """One event of a log: a line, or a traceback of several."""

    timestamp: int
    """Milliseconds since the epoch."""
    text: str
    """Without the newline at its end."""


class InvocationResult(NamedTuple):
    """What became of an invocation. `payload` is the handler's JSON, or AWS's error object where `is_error`."""

    payload: bytes
    is_error: bool
    lines: Sequence[LogLine]
    """START to REPORT, with the init's before them where there was one."""
    duration_ms: float = 0.0

    @property
    def logs(self) -> str:
        """The lines as one text."""
        return "".join(f"{line.text}\n" for line in self.lines)
