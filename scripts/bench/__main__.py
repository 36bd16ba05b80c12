"""`make bench` and `python -m bench`: what is asked for, and where the results go."""

from __future__ import annotations

import argparse
import fcntl
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bench import case, edits, peers
from bench.case import Case
from bench.errors import BenchError
from bench.load import require_wrk
from bench.machine import describe_machine
from bench.page import with_section
from bench.run import Outcome, Plan, run
from bench.table import failures, ratios, table
from windtunnel import config
from windtunnel.errors import WindtunnelError


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for. 1 where a system failed, or windtunnel answered with errors."""
    asked = _parse(arguments)
    if asked.case == "edits":
        # no load, and no peer has it
        print(edits.report(edits.measure(config.load(start=Path(__file__).parent))))
        return 0
    plan = Plan(
        cases=case.choose(case.all_cases(), asked.case),
        systems=peers.choose(asked.peer),
        rounds=asked.rounds,
        seconds=asked.seconds,
    )
    if asked.list:
        for one in plan.cases:
            print(f"{one.name:<12} {one.title}, {one.connected}")
        print("\n".join(f"{system.name:<12} {system.title}" for system in plan.systems))
        return 0
    if asked.write:
        _require_whole(plan)
    settings = config.load(start=Path(__file__).parent)
    home = settings.install_dir / "bench"
    wrk = require_wrk()
    outcome = Outcome()
    with _only_one(home):
        for outcome in run(plan, settings, home, _say):
            _write_json(settings.install_dir / "bench.json", outcome)
    facts = _facts(plan, wrk, _commit(settings.root))
    sections = {group: _section(plan, group, outcome, facts) for group in dict.fromkeys(c.group for c in plan.cases)}
    for group, section in sections.items():
        print(f"\n## {group}\n\n{section}")
    if asked.write:
        page = settings.root / "docs/benchmarks.md"
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        for group, section in sections.items():
            text = with_section(text, group, section)
        page.parent.mkdir(exist_ok=True)
        page.write_text(text, encoding="utf-8")
        _say(f"written to {page}")
    return int(any(row.failed or (row.system == "windtunnel" and row.errors) for row in outcome.rows))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="windtunnel beside its peers, in one run")
    parser.add_argument("--case", default="", help="only these cases: names or patterns, separated by commas")
    parser.add_argument("--peer", default="", help="only these peers, beside windtunnel, separated by commas")
    parser.add_argument("--rounds", type=_positive, default=3, help="alternated rounds a case (default 3)")
    parser.add_argument("--seconds", type=_positive, default=8, help="of load a round (default 8)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md: all peers, whole groups")
    parser.add_argument("--list", action="store_true", help="list the cases and systems, and measure nothing")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 600:
        raise argparse.ArgumentTypeError("1 to 600")
    return number


def _require_whole(plan: Plan) -> None:
    """What is published is a whole group on all systems, from one run."""
    missing = [c.name for c in case.all_cases() if c.group in {x.group for x in plan.cases} and c not in plan.cases]
    missing += [name for name in peers.SYSTEMS if name not in {system.name for system in plan.systems}]
    if missing:
        raise BenchError(f"a page is written of whole groups on all systems: {', '.join(missing)} left out")


def _facts(plan: Plan, wrk: str, commit: str) -> str:
    """When, where and how a run was made."""
    rounds = f"medians of {plan.rounds} alternated rounds of {plan.seconds:.0f} s"
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d}, commit {commit}, on {describe_machine()}. Load: {wrk}, {rounds}; errors are of all rounds."


def _section(plan: Plan, group: str, outcome: Outcome, facts: str) -> str:
    cases: list[Case] = [c for c in plan.cases if c.group == group]
    rows = [row for row in outcome.rows if row.case in {c.name for c in cases}]
    systems = []
    for system in plan.systems:
        notes = "; ".join(dict.fromkeys(outcome.notes.get(system.name, [])))
        systems.append(f"- **{system.name}**: {system.title}" + (f" ({notes})" if notes else ""))
    parts = [facts, ratios(cases, rows), table(cases, rows), failures(rows), "\n".join(systems)]
    return "\n\n".join(part for part in parts if part)


def _commit(root: Path) -> str:
    told = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"


def _write_json(path: Path, outcome: Outcome) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps([row.document() for row in outcome.rows], indent=1) + "\n")
    draft.replace(path)


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Two runs at once would measure each other."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BenchError("another run of the benchmark is going on in this checkout") from error
        yield


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # a terminal that closes, or `kill`: end the servers as for Ctrl-C
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    try:
        sys.exit(main())
    except WindtunnelError as problem:
        _say(f"error: {problem}")
        for part in (problem.detail, f"what to do: {problem.hint}" if problem.hint else ""):
            if part:
                _say(part)
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        _say("interrupted: everything that was started is ended")
        sys.exit(130)
