"""The stage's access log, switched on for a run: API Gateway's own count of what the run sent.

Only on a local engine: on AWS the stage is the user's, and stays as it is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windtunnel.files import write_whole

GROUPS = "/windtunnel/load/"
"""Where each run has a log group of its own."""
FORMAT = (
    '{"agent":"$context.identity.userAgent","status":"$context.status","call":"$context.integration.requestId",'
    '"latency":"$context.responseLatency"}'
)
DESTINATION, FORMAT_PATH = "/accessLogSettings/destinationArn", "/accessLogSettings/format"


@dataclass(frozen=True)
class Accesses:
    """What the access log has of a run."""

    requests: int
    statuses: Mapping[int, int]
    calls: Mapping[str, str]
    """Endpoints by the request ids of the invocations that answered for them."""
    throttled: int = 0
    """429s of API Gateway's own: no function was asked."""


@contextmanager
def switched_on(
    gateway: Any, logs: Any, stage: tuple[str, str], run: str, account: str, *, kept: Path
) -> Iterator[str]:
    """The stage logs to a group of the run's own for the block, whose name this is; afterwards to where it did.

    There is one run at a time: a group of another's was left by one that was killed. It is removed, and what the stage
    had before that run is in the file `kept`.
    """
    api_id, stage_name = stage
    group = f"{GROUPS}{run}"
    region = gateway.meta.region_name
    before = gateway.get_stage(restApiId=api_id, stageName=stage_name).get("accessLogSettings") or {}
    if f":log-group:{GROUPS}" in before.get("destinationArn", ""):
        before = _kept(kept, stage)
    write_whole(kept, json.dumps({"stage": stage, "settings": before}))
    _remove_left_over(logs)
    logs.create_log_group(logGroupName=group)
    try:
        _set(gateway, stage, f"arn:aws:logs:{region}:{account}:log-group:{group}", FORMAT)
        yield group
    finally:
        if before.get("destinationArn"):
            _set(gateway, stage, before["destinationArn"], before.get("format", ""))
        else:
            gateway.update_stage(
                restApiId=api_id,
                stageName=stage_name,
                patchOperations=[{"op": "remove", "path": "/accessLogSettings"}],
            )
        logs.delete_log_group(logGroupName=group)
        kept.unlink(missing_ok=True)


def _kept(path: Path, stage: tuple[str, str]) -> Mapping[str, str]:
    """A stage's access log settings of before a run that was killed; none where that is not known."""
    try:
        document = json.loads(path.read_text())
        settings: Mapping[str, str] = document["settings"] if document["stage"] == [*stage] else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return settings


def _remove_left_over(logs: Any) -> None:
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=GROUPS)
    for name in [group["logGroupName"] for page in pages for group in page["logGroups"]]:
        logs.delete_log_group(logGroupName=name)


def _set(gateway: Any, stage: tuple[str, str], destination: str, format: str) -> None:
    gateway.update_stage(
        restApiId=stage[0],
        stageName=stage[1],
        patchOperations=[
            {"op": "replace", "path": DESTINATION, "value": destination},
            {"op": "replace", "path": FORMAT_PATH, "value": format},
        ],
    )


def count(lines: Iterable[str], run: str) -> Accesses:
    """What the lines say of the run; others' requests are not counted."""
    requests, statuses, calls, throttled = 0, Counter[int](), {}, 0
    mine = f"windtunnel-load/{run} ("
    for line in lines:
        entry: Mapping[str, str] = json.loads(line)
        agent = entry["agent"]
        if not agent.startswith(mine):
            continue
        requests += 1
        statuses[int(entry["status"])] += 1
        if entry["call"] != "-":
            calls[entry["call"]] = agent[len(mine) : -1]
        elif entry["status"] == "429":
            throttled += 1
    return Accesses(requests, dict(statuses), calls, throttled)
