"""What a person sees in the terminal. Everything that decides or measures is elsewhere."""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
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
from windtunnel.events import Event, Note, NotReloaded, PhaseEnded, Reloaded, Watching

if TYPE_CHECKING:
    # they bring boto3, which --help does without
    from windtunnel.doctor import Finding
    from windtunnel.engines import EngineStatus
    from windtunnel.invoke import Invoked
    from windtunnel.logs import LogLine
    from windtunnel.stack import Stack


COLOURS = ("magenta", "green", "yellow", "blue", "bright_magenta", "bright_green", "bright_yellow", "bright_blue")
"""Of functions' names."""


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
            case Watching(sources, polled):
                self._watching(sources, polled)
            case Reloaded():
                self._reloaded(event)
            case NotReloaded(error):
                self._out.print(_now(), Text("not served", "bold red"), soft_wrap=True)
                self._failure(self._out, error)
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

    def _watching(self, sources: int, polled: tuple[str, ...]) -> None:
        text = f"watching {sources} source folders and the template: what is saved is served (Ctrl-C ends the watching)"
        self._out.print()
        self._out.print(Text(text, style="bold"), soft_wrap=True)
        if polled:
            self._step(f"looked through, since their file system tells of no change: {', '.join(polled)}")

    def _reloaded(self, event: Reloaded) -> None:
        """One line: when, whose, what was saved, how long it took."""
        saved = list(event.files[:3]) + ([f"{len(event.files) - 3} more"] if len(event.files) > 3 else [])
        line = Text.assemble(_now(), " ", ("served" if event.functions else "deployed", "bold green"))
        line.append(f" {', '.join(event.functions) or 'the stack'}", "bold")
        line.append(f"  {', '.join(saved) or 'again, after a deploy from elsewhere'}")
        line.append(f"  {event.seconds * 1000:.0f} ms", "cyan")
        self._out.print(line, soft_wrap=True)

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
        shown = tuple(examples) if stack.api_url else ()
        if shown:
            self._out.print()
        for example in shown:
            self._out.print(Text(f"# {example.title}", style="dim"))
            self._out.print(Text(curl_line(stack, example)), soft_wrap=True)

    def part(self, stack: Stack) -> None:
        """An optional part, in two or three lines."""
        self._out.print()
        self._out.print(Text.assemble((stack.name, "bold")))
        for label, value in (("API", stack.api_url), ("API key", stack.api_key)):
            if value:
                self._out.print(Text(f"  {label:<8} {value}"), soft_wrap=True)

    def status(self, engine: str, status: EngineStatus, memory: int | None) -> None:
        """An engine's state in one line, with what it uses. `memory` is in bytes."""
        style = {"up": "bold green", "down": "bold yellow"}.get(status.state, "bold red")
        facts = [status.detail]
        if status.endpoint_url:
            facts.append(status.endpoint_url)
        if status.pid:
            facts.append(f"process {status.pid}")
        if status.uptime is not None:
            facts.append(f"up for {timedelta(seconds=int(status.uptime))}")
        if memory is not None:
            facts.append(f"{memory / 2**20:.0f} MB")
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
        """A line of a function's log: its time, whose it is, of which request.

        As it was written where it is piped; on a terminal REPORT is brief, and START and END go without saying.
        """
        moment = line.moment.astimezone().strftime("%H:%M:%S.%f")[:-3]
        request = line.request_id[:8] if self._out.is_terminal else line.request_id or "-"
        text = line.text
        if self._out.is_terminal:
            if text.startswith(("START RequestId", "END RequestId")):
                return
            text = brief_line(text)
        colour = COLOURS[sum(line.function.encode()) % len(COLOURS)]
        whose = (f" {line.function} ", colour), (f"{request:<8} ", "cyan")
        self._out.print(Text.assemble((moment, "dim"), *whose, (text, line_style(line.text))), soft_wrap=True)

    def attach(self, function: str, port: int, configuration: str) -> None:
        """How a debugger gets to a function that waits for one."""
        self.say(f"{function} waits for a debugger on 127.0.0.1:{port}; Ctrl-C ends it. For VS Code's launch.json:")
        self.say(configuration)

    def invoked(self, done: Invoked) -> None:
        """A function's answer: as it came where it is piped, to be read on a terminal. Its log beside it."""
        for text in done.log.splitlines():
            self._err.print(Text(text, style=line_style(text)), soft_wrap=True)
        if done.accepted:
            self.say("accepted: it runs in its own time (windtunnel logs -f)")
        elif self._out.is_terminal:
            try:
                text = json.dumps(json.loads(done.payload), indent=2, ensure_ascii=False)
            except ValueError:
                text = done.payload.decode(errors="replace")
            self._out.print(Text(text, style="red" if done.error else ""), soft_wrap=True)
        else:
            # bytes, and nothing else: what reads them may be strict
            sys.stdout.buffer.write(done.payload)
            sys.stdout.buffer.flush()

    def say(self, text: str) -> None:
        """A line about the command itself; not part of its output."""
        self._err.print(Text(text), soft_wrap=True)

    def error(self, error: WindtunnelError) -> None:
        """What failed, the evidence for it, and what to do."""
        self._failure(self._err, error)

    @staticmethod
    def _failure(console: Console, error: WindtunnelError) -> None:
        console.print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        for line in error.detail.splitlines():
            console.print(Text(f"  | {line}", style="dim"), soft_wrap=True)
        if error.hint:
            console.print(Text.assemble(("  what to do: ", "bold"), error.hint), soft_wrap=True)


def brief_line(text: str) -> str:
    """A line of Lambda's own in a few words; any other as it is."""
    from windtunnel.logs import brief_report

    if text.startswith("INIT_START"):
        return f"cold start: {text.rpartition('Runtime Version: ')[2]}"
    return brief_report(text)


def line_style(text: str) -> str:
    """How a line of a function's log is shown."""
    from windtunnel.logs import is_failure

    if is_failure(text):
        return "red"
    if text.startswith("INIT_START") or "Init Duration: " in text:
        return "blue"
    return "dim" if text.startswith(("START RequestId", "END RequestId", "REPORT ")) else ""


def _now() -> Text:
    return Text(datetime.now().astimezone().strftime("%H:%M:%S"), "dim")


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
