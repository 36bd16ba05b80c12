"""Load: wrk, a compiled generator that costs little of the machine it shares with the server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.case import Case
from bench.errors import BenchError

SCRIPT = Path(__file__).parent / "wrk.lua"
ANSWER_SECONDS = 30
"""An answer that takes longer is an error. API Gateway's own limit is 29."""
INSTALL = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "wrk")
_LINE = re.compile(r"^bench (\{.*\})$", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """What one run of the generator measured."""

    rps: float
    """Answers below 400 a second: an error that comes fast is no throughput."""
    p50_ms: float
    p99_ms: float
    errors: int
    """Answers of 400 and above, and sockets that failed or waited too long."""


def parse(output: str) -> Sample:
    """wrk's output, with the line that wrk.lua adds. Raises BenchError where it is not there."""
    found = _LINE.search(output)
    if found is None:
        raise BenchError("wrk told no figures", detail=output[-2000:])
    figures: dict[str, int] = json.loads(found[1])
    good = figures["requests"] - figures["status"]
    return Sample(
        rps=good / (figures["duration_us"] / 1e6) if figures["duration_us"] else 0.0,
        p50_ms=figures["p50_us"] / 1000,
        p99_ms=figures["p99_us"] / 1000,
        errors=sum(figures[kind] for kind in ("status", "connect", "read", "write", "timeout")),
    )


def command(case: Case, url: str, api_key: str, seconds: float) -> list[str]:
    """wrk's command line: one thread, which is enough for tens of thousands of requests a second."""
    duration = max(1, round(seconds))
    options = ["-t1", f"-c{case.connections}", f"-d{duration}s", f"--timeout={ANSWER_SECONDS}s", "-s", str(SCRIPT)]
    arguments = [case.method, api_key, *([case.body] if case.body is not None else [])]
    return ["wrk", *options, url + case.path, "--", *arguments]


def run(case: Case, url: str, api_key: str, seconds: float) -> Sample:
    """Load for so many seconds, and what came of it."""
    limit = seconds + 2 * ANSWER_SECONDS
    try:
        done = subprocess.run(
            command(case, url, api_key, seconds), capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"wrk did not end in {limit:.0f} s") from error
    if done.returncode != 0:
        raise BenchError(f"wrk ended with {done.returncode}", detail=(done.stdout + done.stderr)[-2000:])
    return parse(done.stdout)


def require_wrk() -> str:
    """wrk's version. Root on a machine with apt-get gets it installed; others are told how."""
    if shutil.which("wrk") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False, stdout=subprocess.DEVNULL)
        subprocess.run(INSTALL, check=False, stdout=subprocess.DEVNULL)
    if shutil.which("wrk") is None:
        raise BenchError("wrk is not installed", hint="apt-get install wrk, dnf install wrk or brew install wrk")
    told = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
    return " ".join((told.stdout + told.stderr).split()[:2])
