"""What a person sees in the terminal. Everything that decides or measures is elsewhere."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from windtunnel.config import Example
from windtunnel.deploy.events import (
    Building,
    ChangeSetReady,
    Notice,
    RemovingLeftover,
    ResourceProgress,
    Unchanged,
    Uploading,
    Waiting,
)
from windtunnel.errors import WindtunnelError
from windtunnel.events import Event, Note, PhaseEnded

if TYPE_CHECKING:
    # they bring boto3, which --help does without
    from windtunnel.doctor import Finding
    from windtunnel.engines import EngineStatus
    from windtunnel.logs import LogLine
    from windtunnel.stack import Stack


class Screen:
    """Renders events as they happen: a plain line each, so that a log file reads as well as a terminal."""

    def __init__(self, out: Console, err: Console) -> None:
        self._out = out
        self._err = err

    def show(self, event: Event) -> None:
        match event:
            case PhaseEnded(name, detail, seconds):
                line = Text.assemble((f"{name:<8}", "bold"), (f"{seconds:6.1f} s  ", "cyan"), detail)
                self._out.print(line, soft_wrap=True)
            case Note(text) | Notice(text) | Waiting(text):
                self._step(text)
            case Building():
                users = ", ".join(event.resources)
                self._step(f"build {event.artifact} for {users}{' (cached)' if event.cached else ''}")
            case Uploading():
                size = "already there" if event.already_there else f"{event.size_bytes / 1024:,.0f} KB"
                self._step(f"upload {event.artifact} ({size})")
            case RemovingLeftover():
                self._step(f"removing stack {event.stack_name}, left in {event.status} by an earlier deploy")
            case ChangeSetReady(changes):
                counted = Counter(change.action.lower() for change in changes)
                self._step(
                    "change set: " + (", ".join(f"{n} to {what}" for what, n in counted.items()) or "outputs only")
                )
            case ResourceProgress() if event.reason or not event.status.endswith("IN_PROGRESS"):
                # a line a resource, when it is there
                self._resource(event)
            case Unchanged():
                self._step(f"stack {event.stack_name} is what the template asks for: nothing to deploy")

    def _step(self, text: str) -> None:
        self._out.print(Text(f"  {text}", style="dim"), soft_wrap=True)

    def _resource(self, event: ResourceProgress) -> None:
        failed = "FAILED" in event.status or "ROLLBACK" in event.status
        style = "red" if failed else "green" if event.status.endswith("COMPLETE") else "dim"
        line = Text.assemble("  ", (f"{event.status:<20}", style), f" {event.logical_id} ", (event.type, "dim"))
        if event.reason:
            line.append(f"  {event.reason}", "red" if failed else "dim")
        self._out.print(line, soft_wrap=True)

    def stack(self, stack: Stack, examples: Iterable[Example]) -> None:
        """How to reach a stack, and lines to paste that do."""
        self._out.print()
        self._out.print(
            Text.assemble(("API      ", "bold"), stack.api_url or "(the stack has no REST API)"), soft_wrap=True
        )
        if stack.root_url:
            self._out.print(Text.assemble(("at root  ", "bold"), stack.root_url), soft_wrap=True)
        if stack.api_key:
            self._out.print(Text.assemble(("API key  ", "bold"), stack.api_key), soft_wrap=True)
        if stack.endpoint_url:
            self._out.print(
                Text.assemble(("AWS      ", "bold"), f"AWS_ENDPOINT_URL={stack.endpoint_url}"), soft_wrap=True
            )
        if stack.api_url:
            self._out.print()
        for example in examples if stack.api_url else ():
            self._out.print(Text(f"# {example.title}", style="dim"))
            self._out.print(Text(curl_line(stack, example)), soft_wrap=True)

    def part(self, stack: Stack) -> None:
        """An optional part, in two or three lines."""
        self._out.print()
        self._out.print(Text.assemble((stack.name, "bold")))
        for label, value in (("API", stack.api_url), ("API key", stack.api_key)):
            if value:
                self._out.print(Text(f"  {label:<8} {value}"), soft_wrap=True)

    def status(self, engine: str, status: EngineStatus) -> None:
        """An engine's state in one line, with what it uses."""
        style = {"up": "bold green", "down": "bold yellow"}.get(status.state, "bold red")
        facts = [status.detail]
        if status.endpoint_url:
            facts.append(status.endpoint_url)
        if status.pid:
            facts.append(f"process {status.pid}")
        if status.uptime is not None:
            facts.append(f"up for {timedelta(seconds=int(status.uptime))}")
        if status.memory is not None:
            facts.append(f"{status.memory / 2**20:.0f} MB")
        self._out.print(
            Text.assemble((engine, "bold"), " is ", (status.state, style), ": ", ", ".join(facts)), soft_wrap=True
        )

    def findings(self, findings: Iterable[Finding]) -> None:
        """What the doctor saw."""
        marks = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}
        for finding in findings:
            line = Text.assemble(marks[finding.level], f"  {finding.subject:<12} {finding.detail}")
            self._out.print(line, soft_wrap=True)
            if finding.hint:
                self._out.print(Text(f"      what to do: {finding.hint}"), soft_wrap=True)

    def log_line(self, line: LogLine) -> None:
        """A line of a function's log, with its time and whose it is."""
        moment = line.moment.astimezone().strftime("%H:%M:%S.%f")[:-3]
        style = "red" if "ERROR" in line.text or "Task timed out" in line.text else ""
        if line.text.startswith(("START ", "END ", "REPORT ", "INIT_")):
            style = "dim"
        self._out.print(
            Text.assemble((moment, "cyan"), (f" {line.function} ", "magenta"), (line.text, style)), soft_wrap=True
        )

    def say(self, text: str) -> None:
        """A line about the command itself; not part of its output."""
        self._err.print(Text(text), soft_wrap=True)

    def error(self, error: WindtunnelError) -> None:
        """What failed, the evidence for it, and what to do."""
        self._err.print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        for line in error.detail.splitlines():
            self._err.print(Text(f"  | {line}", style="dim"), soft_wrap=True)
        if error.hint:
            self._err.print(Text.assemble(("  what to do: ", "bold"), error.hint), soft_wrap=True)


def curl_line(stack: Stack, example: Example) -> str:
    """One line for a shell that sends the example to the stack's API."""
    words = ["curl", "-sS"]
    if example.method != "GET":
        words += ["-X", example.method]
    words.append(stack.api_url + example.path)
    if stack.api_key:
        words += ["-H", f"x-api-key: {stack.api_key}"]
    if example.body is not None:
        words += ["-H", "content-type: application/json", "-d", example.body]
    return shlex.join(words)
