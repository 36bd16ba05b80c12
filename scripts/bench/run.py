"""A run: every system up, every case on each of them, in alternated rounds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from bench import cold, load, tree
from bench.application import APPLICATIONS
from bench.application.deployment import Deployment
from bench.case import Case
from bench.errors import BenchError
from bench.figures import Round, Row, failure, summarise
from bench.system import Running, Say, Site, System
from windtunnel.config import Settings
from windtunnel.engines.memory import memory_held
from windtunnel.engines.process import lives
from windtunnel.engines.waiting import last_lines
from windtunnel.errors import WindtunnelError

WARMUP_SECONDS = 2.0
SETTLE_SECONDS = 3.0
SETTLE_TRIES = 10
"""A case's first warm-up goes on until the system is no faster than before: by then its environments are started."""
STILL_RISING = 1.1
IDLE_SECONDS = 3.0
ARRIVAL_SECONDS = 5.0
BUSY_IDLE = 0.01
"""The share of a core above which an idle system is frozen while another is measured."""


@dataclass(frozen=True)
class Plan:
    """What is to be measured."""

    cases: Sequence[Case]
    systems: Sequence[System]
    rounds: int
    seconds: float


@dataclass
class Contender:
    """A system that is up, with its applications."""

    running: Running
    deployments: dict[str, Deployment]
    frozen: bool = False
    """Whether it is to be frozen while it is not measured."""

    @property
    def alive(self) -> bool:
        return lives(self.running.process)


@dataclass
class Outcome:
    """What a run found."""

    rows: list[Row] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)
    """By system: what it would not take, does not do, or costs while idle."""


def run(plan: Plan, settings: Settings, home: Path, say: Say) -> Iterator[Outcome]:
    """Measure, and yield the outcome so far after every case. What is started is ended, whatever happens."""
    outcome = Outcome(notes={system.name: [] for system in plan.systems})
    failed: dict[str, str] = {}
    sites = {system.name: Site(settings, home / system.name, say) for system in plan.systems}
    with ExitStack() as stack:
        contenders = {}
        for system in plan.systems:
            try:
                contenders[system.name] = _bring_up(system, sites[system.name], plan, stack, say)
            except WindtunnelError as error:
                failed[system.name] = _reason(error, say)
        _freeze_the_busy(contenders, outcome, say)
        for case in plan.cases:
            outcome.rows += _measure(case, plan, contenders, failed, say)
            yield outcome
        for contender in contenders.values():
            tree.resume(contender.running.process)
        # what is batched on its way to the logs and metrics arrives
        time.sleep(ARRIVAL_SECONDS)
        for name, contender in contenders.items():
            for application, deployment in contender.deployments.items():
                outcome.notes[name] += deployment.notes
                if contender.alive:
                    outcome.notes[name] += APPLICATIONS[application].observed(contender.running)
        yield outcome


def _bring_up(system: System, site: Site, plan: Plan, stack: ExitStack, say: Say) -> Contender:
    """Install and start it, and deploy what the cases need. One that fails is ended at once."""
    system.install(site)
    started = time.monotonic()
    with ExitStack() as own:
        running = own.enter_context(system.running(site))
        # a frozen system is ended only after this
        own.callback(tree.resume, running.process)
        ready = time.monotonic()
        needed = {case.application for case in plan.cases if not case.systems or system.name in case.systems}
        try:
            deployments = {name: APPLICATIONS[name].deploy(running) for name in sorted(needed)}
        except (BenchError, requests.RequestException) as error:
            raise BenchError(f"deploy: {error}", detail=last_lines(running.log)) from error
        stack.enter_context(own.pop_all())
    say(f"{system.name}: up in {ready - started:.1f} s, deployed in {time.monotonic() - ready:.1f} s")
    return Contender(running, deployments)


def _freeze_the_busy(contenders: dict[str, Contender], outcome: Outcome, say: Say) -> None:
    """See what each costs while nobody asks it anything, and freeze those that would take from the measured one."""
    if len(contenders) < 2:
        return
    before = {name: tree.cpu_seconds(contender.running.process) for name, contender in contenders.items()}
    time.sleep(IDLE_SECONDS)
    for name, contender in contenders.items():
        share = (tree.cpu_seconds(contender.running.process) - before[name]) / IDLE_SECONDS
        contender.frozen = share > BUSY_IDLE
        if contender.frozen:
            said = f"uses {share:.0%} of a core while idle, so it was frozen while others were measured"
            outcome.notes[name].append(said)
            say(f"{name}: {said}")
            tree.pause(contender.running.process)


def _measure(
    case: Case, plan: Plan, contenders: dict[str, Contender], failed: dict[str, str], say: Say
) -> Iterator[Row]:
    """A case's rows: the rounds alternate between the systems, each round beginning with another one."""
    failed = dict(failed)
    names = [system.name for system in plan.systems if not case.systems or system.name in case.systems]
    rounds: dict[str, list[Round]] = {name: [] for name in names}
    say(f"{case.name}: {case.title}, {case.connected}")
    for number in range(plan.rounds):
        for name in _rotated(names, number):
            if name in failed:
                continue
            try:
                measured = _one_round(case, contenders[name], plan.seconds, first=number == 0)
            except WindtunnelError as error:
                failed[name] = _reason(error, say)
                continue
            rounds[name].append(measured)
            sample = measured.sample
            say(
                f"  round {number + 1} of {plan.rounds}  {name:<12}{sample.rps:>9,.0f} /s   p50 {sample.p50_ms:.2f} ms"
                f"   p99 {sample.p99_ms:.2f} ms   {sample.errors} errors   {measured.rss_mb:,.0f} MB"
            )
    for name in names:
        yield failure(case, name, failed[name]) if name in failed else summarise(case, name, rounds[name])


def _rotated(names: Sequence[str], by: int) -> list[str]:
    start = by % len(names)
    return [*names[start:], *names[:start]]


def _one_round(case: Case, contender: Contender, seconds: float, *, first: bool) -> Round:
    """Warm up, measure, and see what memory it came to. Raises BenchError with the log's last lines."""
    deployment = contender.deployments[case.application]
    with _awake(contender):
        try:
            if first:
                _require_right_answer(case, deployment)
            if case.cold:
                sample = cold.run(case, contender.running, deployment)
            elif first:
                _settle(case, deployment)
            else:
                load.run(case, deployment.url, deployment.api_key, WARMUP_SECONDS)
            if not case.cold:
                sample = load.run(case, deployment.url, deployment.api_key, seconds)
        except BenchError as error:
            log = last_lines(contender.running.log)
            if not contender.alive:
                raise BenchError(f"its process is gone: {error}", detail=log) from error
            raise BenchError(str(error), detail=error.detail or log) from error
        memory = memory_held(tree.members(contender.running.process)) / 2**20
    if not sample.rps:
        said = f"no right answer in {seconds:.0f} s, {sample.errors} errors"
        raise BenchError(said, detail=last_lines(contender.running.log))
    return Round(sample, memory)


@contextmanager
def _awake(contender: Contender) -> Iterator[None]:
    if contender.frozen:
        tree.resume(contender.running.process)
    try:
        yield
    finally:
        if contender.frozen:
            tree.pause(contender.running.process)


def _require_right_answer(case: Case, deployment: Deployment) -> None:
    headers = {"x-api-key": deployment.api_key} | ({"content-type": "application/json"} if case.body else {})
    try:
        answer = requests.request(
            case.method, deployment.url + case.path, headers=headers, data=case.body, timeout=load.ANSWER_SECONDS
        )
    except requests.RequestException as error:
        raise BenchError(f"no answer to {case.method} {case.path}: {error}") from error
    if wrong := case.answer.mismatch(answer.status_code, answer.text):
        raise BenchError(f"{case.method} {case.path} answers with {wrong}")


def _settle(case: Case, deployment: Deployment) -> None:
    """Load until it brings no more than the time before."""
    before = 0.0
    for _ in range(SETTLE_TRIES):
        rate = load.run(case, deployment.url, deployment.api_key, SETTLE_SECONDS).rps
        if 0 < rate <= before * STILL_RISING:
            return
        before = rate


def _reason(error: WindtunnelError, say: Say) -> str:
    """One line for the page; the evidence is said now."""
    say(f"FAILED: {error}")
    for line in error.detail.splitlines():
        say(f"  | {line}")
    last = error.detail.strip().splitlines()[-1:]
    return " ".join([str(error), *([f"({last[0].strip()})"] if last else [])])
