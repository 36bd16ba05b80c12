"""Reading the functions' logs from CloudWatch Logs, and what a person wants to see of them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from windtunnel.errors import ConfigError, DeployError, EngineError, WindtunnelError

if TYPE_CHECKING:
    from windtunnel.harness import Harness

FUNCTION = "AWS::Lambda::Function"
PREFIX = "/aws/lambda/"
POLL_SECONDS = 0.5
RECENT_SECONDS = 20.0
"""How far back most looks go while following."""
WHOLE_SECONDS = 16 * 60.0
"""How far back every tenth goes: an invocation's lines come when it ends, with the times at which they were written."""
WHOLE_EVERY = 10
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
START = re.compile(r"START RequestId: (\S+)")
REPORT = re.compile(r"REPORT RequestId: (\S+)")
FIELD = re.compile(r"(?:\t|^)([A-Z][A-Za-z ]+): ([^\t]+)")
FAILED = re.compile(r"\bERROR\b|Task timed out|^Traceback |^\[CRITICAL\]|Status: (?:error|timeout)")


@dataclass(frozen=True)
class LogLine:
    """One event of a function's log."""

    moment: datetime
    function: str
    """Its logical id, where it is a function of the stack."""
    text: str
    request_id: str = ""
    """Of the invocation that it belongs to; "" for an environment's init that no invocation came after yet."""


@dataclass(frozen=True)
class Group:
    """A function's log group."""

    name: str
    function: str


@dataclass(frozen=True)
class _Event:
    identity: str
    stream: tuple[str, str]
    line: LogLine


def parse_since(text: str, now: datetime) -> datetime:
    """A moment: "90s", "15m", "2h", "1d" ago; "10:30" today; or an ISO 8601 date and time. Raises ConfigError."""
    if match := re.fullmatch(r"(\d+)([smhd])", text.strip()):
        return now - timedelta(seconds=int(match[1]) * UNITS[match[2]])
    try:
        if match := re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", text.strip()):
            return now.replace(hour=int(match[1]), minute=int(match[2]), second=int(match[3] or 0), microsecond=0)
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ConfigError(
            f"--since {text!r} is no moment", hint="for example 15m, 2h, 10:30 or 2026-11-21T10:30"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def brief_report(text: str) -> str:
    """A REPORT line's facts in a few words; the text itself where it is no REPORT line."""
    found = REPORT.match(text)
    if not found:
        return text
    facts: Mapping[str, str] = dict(FIELD.findall(text[found.end() :]))
    words = [facts.get("Duration", "?")]
    if "Max Memory Used" in facts:
        words.append(f"{facts['Max Memory Used'].removesuffix(' MB')}/{facts.get('Memory Size', '?')}")
    if "Init Duration" in facts:
        words.append(f"cold start {facts['Init Duration']}")
    if "Status" in facts:
        words.append(" ".join([facts["Status"], facts.get("Error Type", "")]).strip())
    return "  ".join(words)


def is_failure(text: str) -> bool:
    """Whether a line tells of something that went wrong."""
    return bool(FAILED.search(text))


class Attribution:
    """Which invocation a stream's lines belong to: an environment has one at a time, from START to REPORT."""

    def __init__(self) -> None:
        self._current: dict[tuple[str, str], str] = {}
        self._before: dict[tuple[str, str], list[LogLine]] = {}

    def take(self, stream: tuple[str, str], line: LogLine) -> list[LogLine]:
        """The lines that are known now: an init's wait for the START after them."""
        if found := START.match(line.text):
            self._current[stream] = found[1]
            return [replace(one, request_id=found[1]) for one in [*self._before.pop(stream, []), line]]
        current = self._current.get(stream, "")
        if not current and line.text.startswith("INIT_START"):
            self._before.setdefault(stream, []).append(line)
            return []
        if stream in self._before:
            self._before[stream].append(line)
            return []
        if found := REPORT.match(line.text):
            self._current.pop(stream, None)
            current = found[1]
        return [replace(line, request_id=current)]

    def rest(self) -> list[LogLine]:
        """The inits that no invocation came after."""
        rest = [line for lines in self._before.values() for line in lines]
        self._before = {}
        return sorted(rest, key=lambda line: line.moment)


class Reader:
    """The lines of the stack's functions whose names contain `part`, oldest first."""

    def __init__(
        self,
        harness: Harness,
        part: str,
        *,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._harness = harness
        self._part = part
        self._say = say
        self._sleep = sleep
        self._clock = clock
        self._seen: dict[str, float] = {}
        """Identities of events by their time."""
        self._attribution = Attribution()

    def read(self, since: datetime, *, follow: bool, request: str = "") -> Iterator[LogLine]:
        """Lines since a moment; endless with `follow`, over restarts of the engine too. `request` is the beginning of a
        request id: lines of others are left out.
        """
        for line in self._lines(since.timestamp(), follow=follow):
            if line.request_id.startswith(request):
                yield line

    def _lines(self, since: float, *, follow: bool) -> Iterator[LogLine]:
        client, looks, away = self._harness.client("logs"), 0, False
        groups: list[Group] = []
        start = since
        while True:
            try:
                if looks % WHOLE_EVERY == 0:
                    # functions come and go
                    groups = log_groups(self._harness, self._part)
                events = sorted(self._new(client, groups, start), key=lambda event: event.line.moment)
            except (BotoCoreError, ClientError, ResponseParserError, WindtunnelError) as error:
                if not follow:
                    raise error if isinstance(error, WindtunnelError) else EngineError(str(error)) from error
                if not away:
                    self._say("the engine does not answer; waiting for it")
                away, looks, start = True, 0, max(since, self._clock() - WHOLE_SECONDS)
                self._sleep(POLL_SECONDS)
                continue
            if away:
                self._say("the engine answers again")
            away, looks = False, looks + 1
            for event in events:
                yield from self._attribution.take(event.stream, event.line)
            if not follow:
                yield from self._attribution.rest()
                return
            self._sleep(POLL_SECONDS)
            reach = WHOLE_SECONDS if looks % WHOLE_EVERY == 0 else RECENT_SECONDS
            start = max(since, self._clock() - reach)
            self._forget()

    def _new(self, client: Any, groups: Iterable[Group], since: float) -> Iterator[_Event]:
        for group in groups:
            for event in _events(client, group, int(since * 1000)):
                if event.identity not in self._seen:
                    self._seen[event.identity] = event.line.moment.timestamp()
                    yield event

    def _forget(self) -> None:
        oldest = self._clock() - 2 * WHOLE_SECONDS
        if self._seen and next(iter(self._seen.values())) < oldest:
            self._seen = {identity: moment for identity, moment in self._seen.items() if moment >= oldest}


def log_groups(harness: Harness, part: str) -> list[Group]:
    """The log groups of the stack's functions whose logical ids or names contain `part`, whatever case."""
    lambdas, found = harness.client("lambda"), []
    cloudformation = harness.client("cloudformation")
    try:
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=harness.settings.stack):
            for resource in page["StackResourceSummaries"]:
                logical, name = resource["LogicalResourceId"], resource.get("PhysicalResourceId", "")
                wanted = part.lower() in logical.lower() or part.lower() in name.lower()
                if resource["ResourceType"] == FUNCTION and name and wanted:
                    configuration = lambdas.get_function_configuration(FunctionName=name)
                    group = configuration.get("LoggingConfig", {}).get("LogGroup") or PREFIX + name
                    found.append(Group(group, logical))
    except ClientError as error:
        raise DeployError(f"stack {harness.settings.stack} is not deployed: {error}", hint="make up") from error
    return found


def _events(client: Any, group: Group, since: int) -> Iterator[_Event]:
    """A group's events since a time in milliseconds, each with the id that tells it from every other."""
    try:
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=group.name, startTime=since):
            for event in page["events"]:
                moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                line = LogLine(moment, group.function, event["message"].rstrip("\n"))
                stream = (group.name, event["logStreamName"])
                yield _Event("/".join([*stream, event["eventId"]]), stream, line)
    except ClientError as error:
        # a function that never ran has no group yet
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
