"""The lines that Lambda itself writes around a function's own output."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime

RUNTIME_TRACEBACK = re.compile(r"\rTraceback \(most recent call last\):(?:\r[^\r\n]*)*")
NO_BREAK_SPACE = "\u00a0"


@dataclass(frozen=True)
class Report:
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


def invocation_log(request_id: str, version: str, before: str, output: str, report: Report) -> str:
    """An invocation's whole log: what was written before it (its environment's init), START, output, END, REPORT."""
    lines = [
        before.rstrip("\n"),
        f"START RequestId: {request_id} Version: {version}",
        output.rstrip("\n"),
        f"END RequestId: {request_id}",
        report_line(request_id, report),
    ]
    return "\n".join(line for line in lines if line) + "\n"


def report_line(request_id: str, report: Report) -> str:
    """The REPORT line. Since August 2025 AWS bills the init of on-demand functions with the duration."""
    billed = math.ceil(report.duration + (report.init or 0.0))
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {report.duration:.2f} ms",
        f"Billed Duration: {billed} ms",
        f"Memory Size: {report.memory_mb} MB",
        f"Max Memory Used: {report.used_mb} MB",
    ]
    if report.init is not None:
        fields.append(f"Init Duration: {report.init:.2f} ms")
    if report.status:
        fields.append(f"Status: {report.status}")
    if report.error_type:
        fields.append(f"Error Type: {report.error_type}")
    return "\t".join(fields) + "\t"
