"""The lines that Lambda itself writes around a function's own output."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from windtunnel.functions.spec import LogLine

RUNTIME_TRACEBACK = re.compile(r"\rTraceback \(most recent call last\):(?:\r[^\r\n]*)*")
NODE_MESSAGE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z\t[^\t]*\t(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\t")
"""How AWS's client for Node.js begins what a function logs, one message a line: its own line breaks are returns."""
NO_BREAK_SPACE = "\u00a0"


class Report(NamedTuple):
    """What the REPORT line tells. Durations in milliseconds; `init` is None unless this was a cold start."""

    duration: float
    memory_mb: int
    used_mb: int
    init: float | None = None
    status: str = ""
    """"" for success, "timeout" or "error"."""
    error_type: str = ""


def init_start(interpreter: str) -> str:
    """The line before an environment's init, with the version of what it runs on."""
    return f"INIT_START Runtime Version: {interpreter}"


def init_report(milliseconds: float, status: str, error_type: str, phase: str = "init") -> str:
    """The line after an init that failed; `phase` is "invoke" where it was tried again for a request."""
    line = f"INIT_REPORT Init Duration: {milliseconds:.2f} ms\tPhase: {phase}\tStatus: {status}"
    return line + (f"\tError Type: {error_type}" if error_type else "")


def timeout_line(moment: datetime, request_id: str, timeout: float) -> str:
    """The line that tells of a timeout (seconds); `moment` is in UTC."""
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    return f"{stamp} {request_id} Task timed out after {timeout:.2f} seconds"


def legible(output: str) -> str:
    """The runtime's own tracebacks, on lines of their own.

    awslambdaric ends an error's lines with a carriage return and indents them with no-break spaces, so that they stay
    one message: on a terminal each line then covers the one before.
    """
    return RUNTIME_TRACEBACK.sub(lambda found: found[0].replace("\r", "\n").replace(NO_BREAK_SPACE, " "), output)


def legible_line(line: str) -> str:
    """The same for one line of output, which may be a whole traceback."""
    if "\r" not in line:
        return line
    return line.replace("\r", "\n") if NODE_MESSAGE.match(line) else legible(line)


def stream_prefix(function: str, group: str) -> str:
    """What a log stream's name has of the function: nothing in its own group, its name in one that others may share.

    Source: AWS Lambda Developer Guide, "Configuring CloudWatch log groups".
    """
    return "" if group == f"/aws/lambda/{function}" else function


class Moments(NamedTuple):
    """When an invocation began and ended, in milliseconds since the epoch."""

    began: int
    ended: int


def invocation_lines(
    request_id: str,
    version: str,
    before: list[LogLine],
    output: Sequence[LogLine],
    report: Report,
    moments: Moments,
) -> list[LogLine]:
    """An invocation's whole log: what was written before it (its environment's init), START, output, END, REPORT."""
    began, ended = moments
    return [
        *before,
        LogLine(began, f"START RequestId: {request_id} Version: {version}"),
        *output,
        LogLine(ended, f"END RequestId: {request_id}"),
        LogLine(ended, report_line(request_id, report)),
    ]


def report_line(request_id: str, report: Report) -> str:
    """The REPORT line. Since August 2025 AWS bills the init of on-demand functions with the duration."""
    duration, init = report.duration, report.init
    line = (
        f"REPORT RequestId: {request_id}\tDuration: {duration:.2f} ms\t"
        f"Billed Duration: {math.ceil(duration + (init or 0.0))} ms\t"
        f"Memory Size: {report.memory_mb} MB\tMax Memory Used: {report.used_mb} MB\t"
    )
    if init is not None:
        line += f"Init Duration: {init:.2f} ms\t"
    if report.status:
        line += f"Status: {report.status}\t"
    if report.error_type:
        line += f"Error Type: {report.error_type}\t"
    return line


def tail(lines: Sequence[LogLine], size: int = 4096) -> bytes:
    """The last bytes of a log, as an invocation with LogType Tail gets them."""
    parts: list[bytes] = []
    missing = size
    for line in reversed(lines):
        part = f"{line.text}\n".encode()
        parts.append(part)
        missing -= len(part)
        if missing <= 0:
            break
    return b"".join(reversed(parts))[-size:]


class LogSink(Protocol):
    """Where log lines go. Cheap, and never blocks."""

    def write(self, account: str, region: str, group: str, stream: str, timestamp_ms: int, message: str) -> None: ...
