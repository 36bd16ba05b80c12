"""What AWS's own services say of a run: functions' logs, the access log, consumed capacity, throttles."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from windtunnel.engines.base import Engine
from windtunnel.engines.local import LocalEngine
from windtunnel.load.access_log import Accesses, count
from windtunnel.load.capacity import CLOUDWATCH, Consumed, Counted
from windtunnel.load.function_log import FunctionLog, Invocation, parse_report
from windtunnel.logs import PREFIX

PATIENCE = 20.0
"""Seconds in which log lines are to arrive: the edge sends them twice a second, Lambda on AWS now and then."""
LATE_MS = 60_000
READS, WRITES = "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"
THROTTLES = "ReadThrottleEvents", "WriteThrottleEvents"
FUNCTION, TABLE = "AWS::Lambda::Function", "AWS::DynamoDB::Table"
_STREAM = re.compile(r"\d{4}/\d{2}/\d{2}/([^\[]+)\[")

MakeClient = Callable[[str], Any]


@dataclass(frozen=True)
class Resources:
    """The physical names of a stack's functions and tables."""

    functions: tuple[str, ...]
    tables: tuple[str, ...]


def find_resources(client: MakeClient, stack: str) -> Resources:
    """What the stack has now."""
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    found = [
        (entry["ResourceType"], entry["PhysicalResourceId"]) for p in pages for entry in p["StackResourceSummaries"]
    ]
    return Resources(
        tuple(sorted(name for kind, name in found if kind == FUNCTION)),
        tuple(sorted(name for kind, name in found if kind == TABLE)),
    )


def read_function_logs(client: MakeClient, names: tuple[str, ...], began: float, ended: float) -> list[FunctionLog]:
    """Each function's log between two moments. Functions may share a log group: each has its own streams there."""
    logs, lambdas = client("logs"), client("lambda")
    configurations = {name: lambdas.get_function_configuration(FunctionName=name) for name in names}
    users: dict[str, list[str]] = {}
    for name, configuration in configurations.items():
        group = configuration.get("LoggingConfig", {}).get("LogGroup") or PREFIX + name
        users.setdefault(group, []).append(name)
    invocations: dict[str, list[Invocation]] = {name: [] for name in names}
    events, sizes = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for group, functions in users.items():
        for event in _events(logs, group, int(began * 1000), int(ended * 1000) + LATE_MS):
            owner = stream_owner(event["logStreamName"], group, functions)
            if owner is None:
                continue
            events[owner] += 1
            sizes[owner] += len(event["message"].encode())
            report = parse_report(owner, event["timestamp"], event["message"])
            if report is not None:
                invocations[owner].append(report)
    return [
        FunctionLog(name, tuple(invocations[name]), events[name], sizes[name], configurations[name]["MemorySize"])
        for name in names
    ]


def stream_owner(stream: str, group: str, functions: Sequence[str]) -> str | None:
    """Which of the functions that log to a group a stream is of; None for a function that is none of them.

    AWS Lambda Developer Guide, "Configuring CloudWatch log groups": in a group that is not the function's own a stream
    is named YYYY/MM/DD/function[version]environment; in its own it is without the function.
    """
    found = _STREAM.match(stream)
    if found is not None:
        return found[1] if found[1] in functions else None
    own = group.removeprefix(PREFIX)
    if own in functions:
        return own
    return functions[0] if len(functions) == 1 else None


def wait_for_accesses(client: MakeClient, group: str, run: str, expected: int) -> Accesses:
    """The access log's count of the run, as soon as it has all that was answered, or after a while what it has."""
    logs, deadline, pause = client("logs"), time.monotonic() + PATIENCE, 0.5
    while True:
        accesses = count((event["message"] for event in _events(logs, group, 0, None)), run)
        if accesses.requests >= expected or time.monotonic() > deadline:
            return accesses
        time.sleep(pause)
        pause *= 1.5


def _events(logs: Any, group: str, start: int, end: int | None) -> Iterator[Mapping[str, Any]]:
    """A group's events, times in milliseconds."""
    stretch = {"startTime": start, **({"endTime": end} if end is not None else {})}
    try:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, **stretch):
            yield from page["events"]
    except ClientError as error:
        # a function that never ran has no group yet
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def read_counted(engine: Engine, account: str, region: str, timeout: float = 10.0) -> Counted | None:
    """What the engine counted of its tables so far; None for one that does not tell."""
    if not isinstance(engine, LocalEngine):
        return None
    return Counted.from_document(engine.edge.call("GET", "dynamodb/consumed", timeout=timeout).json(), account, region)


def consumed_capacity(client: MakeClient, tables: tuple[str, ...], began: float, ended: float) -> list[Consumed]:
    """What CloudWatch has of the tables, with their global indexes; none for an engine that does not tell."""
    metric, dynamodb = Metrics(client("cloudwatch"), began, ended), client("dynamodb")
    found = []
    for table in tables:
        described = dynamodb.describe_table(TableName=table)["Table"]
        indexes = [index["IndexName"] for index in described.get("GlobalSecondaryIndexes", ())]
        # an index has metrics of its own, which the table's are without
        places = [
            {"TableName": table},
            *({"TableName": table, "GlobalSecondaryIndexName": index} for index in indexes),
        ]
        told = {
            name: [units for place in places if (units := metric.sum("AWS/DynamoDB", name, place)) is not None]
            for name in (READS, WRITES, *THROTTLES)
        }
        if told[READS] or told[WRITES]:
            throttled = sum(sum(told[name]) for name in THROTTLES)
            found.append(Consumed(table, sum(told[READS]), sum(told[WRITES]), int(throttled), CLOUDWATCH))
    return found


def function_throttles(client: MakeClient, names: tuple[str, ...], began: float, ended: float) -> dict[str, int]:
    """How many invocations Lambda refused, by function; only functions of which it refused any."""
    metric = Metrics(client("cloudwatch"), began, ended)
    found = {name: int(metric.sum("AWS/Lambda", "Throttles", {"FunctionName": name}) or 0) for name in names}
    return {name: count for name, count in found.items() if count}


class Metrics:
    """Sums of CloudWatch's metrics over the whole minutes around a stretch of time."""

    def __init__(self, cloudwatch: Any, began: float, ended: float) -> None:
        self._cloudwatch = cloudwatch
        self._start = datetime.fromtimestamp(began // 60 * 60, UTC)
        self._end = datetime.fromtimestamp(ended // 60 * 60, UTC) + timedelta(seconds=60)

    def sum(self, namespace: str, name: str, dimensions: dict[str, str]) -> float | None:
        """The metric's sum; None where there are no data."""
        minutes = int((self._end - self._start).total_seconds()) // 60
        points = self._cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=self._start,
            EndTime=self._end,
            Period=60 * max(1, minutes),
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(float(point["Sum"]) for point in points) if points else None
