"""Reading the functions' logs from CloudWatch Logs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from windtunnel.harness import Harness

FUNCTION = "AWS::Lambda::Function"
PREFIX = "/aws/lambda/"


@dataclass(frozen=True)
class LogLine:
    """One event of a function's log."""

    moment: datetime
    function: str
    text: str


def read(
    harness: Harness,
    part: str,
    *,
    minutes: int,
    follow: bool,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.time,
) -> Iterator[LogLine]:
    """The lines of the stack's functions whose names contain `part`, oldest first; endless where `follow` is set."""
    groups = log_groups(harness, part)
    client = harness.client("logs")
    since = int((clock() - minutes * 60) * 1000)
    seen: set[str] = set()
    while True:
        events = sorted(
            (event for group in groups for event in _events(client, group, since) if event[0] not in seen),
            key=lambda event: event[1].moment,
        )
        for event_id, line in events:
            seen.add(event_id)
            yield line
        if not follow:
            return
        sleep(0.5)


def log_groups(harness: Harness, part: str) -> list[str]:
    """The log groups of the stack's functions whose names contain `part`, whatever case."""
    lambdas, names = harness.client("lambda"), []
    cloudformation = harness.client("cloudformation")
    try:
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=harness.settings.stack):
            names += [r["PhysicalResourceId"] for r in page["StackResourceSummaries"] if r["ResourceType"] == FUNCTION]
    except ClientError as error:
        from windtunnel.errors import DeployError

        raise DeployError(f"stack {harness.settings.stack} is not deployed: {error}", hint="make up") from error
    found = []
    for name in names:
        if part.lower() in name.lower():
            configuration = lambdas.get_function_configuration(FunctionName=name)
            found.append(configuration.get("LoggingConfig", {}).get("LogGroup") or PREFIX + name)
    return found


def _events(client: Any, group: str, since: int) -> Iterator[tuple[str, LogLine]]:
    """A group's events since a time in milliseconds, each with the id that tells it from every other."""
    name = group.removeprefix(PREFIX)
    try:
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since):
            for event in page["events"]:
                moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                yield event["eventId"], LogLine(moment, name, event["message"].rstrip("\n"))
    except ClientError as error:
        # a function that never ran has no group yet
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
