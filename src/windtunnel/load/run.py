"""A run from its order to its report: Locust started, watched and ended, and everything asked that knows of it."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from windtunnel.errors import WindtunnelError
from windtunnel.harness import Harness
from windtunnel.load import access_log, collect
from windtunnel.load.capacity import Consumed, Counted, Operation, counted_between
from windtunnel.load.machine import BusyMeter, describe_machine
from windtunnel.load.page import render
from windtunnel.load.plan import Plan
from windtunnel.load.prices import read_prices
from windtunnel.load.process import Distribution, Locust, Processes, started
from windtunnel.load.progress import LiveLine, line
from windtunnel.load.report import Facts, Known, build
from windtunnel.load.samples import SampleFile, Samples
from windtunnel.load.targets import Target
from windtunnel.load.watch import Watch
from windtunnel.stack import Stack

LOOK_SECONDS = 0.5
ENDING_SECONDS = 100.0
"""How long an orderly end may take: the last answers, and users that clear up."""
BROKEN_SECONDS = 8.0
"""The same where nobody answers any more."""
BRIEF = Config(connect_timeout=3, read_timeout=15, retries={"total_max_attempts": 1})
"""For clients of a local engine whose answer is not worth a wait."""


@dataclass(frozen=True)
class Order:
    """What was asked for."""

    scenario: str
    shape: str
    users: int
    seconds: float
    warmup: float
    targets: tuple[Target, ...]
    operations: Mapping[str, tuple[Operation, ...]]
    """What endpoints do to tables."""
    scenarios: Path
    """The folder with locustfile.py."""
    spread: Distribution
    environment: Mapping[str, str]
    seed: int = 1
    step_seconds: float = 10.0
    max_rate: float | None = None
    base_url: str = ""
    """The API's address where it is another for the generators than for this machine."""
    web_port: int | None = None
    """Locust's web UI instead of a run by itself."""
    most_seconds: float | None = None
    """The longest that one from the web UI may take."""


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    folder: Path
    document: Mapping[str, Any]
    interrupted: bool

    @property
    def met(self) -> bool:
        return bool(self.document["verdict"]["met"])


def execute(harness: Harness, stack: Stack, order: Order, live: LiveLine, say: Callable[[str], None]) -> Outcome:
    """Run, and write the report, whatever came of it."""
    home = harness.settings.state_dir / "load"
    folder = new_folder(home, datetime.now(UTC))
    plan = _plan(folder, stack, order)
    (folder / "plan.json").write_text(json.dumps(plan.public(), indent=2) + "\n")
    locust = Locust(
        program=harness.settings.install_dir / "load-venv/bin/locust",
        locustfile=order.scenarios / "locustfile.py",
        environment=order.environment,
        log=folder / "locust.log",
    )
    if not locust.program.exists():
        raise WindtunnelError(f"{locust.program} is not there", hint="make setup")
    known = Known(order.targets, read_prices(stack.region), order.operations)
    flight = _Flight(harness, stack, plan, order, live, say)
    with ExitStack() as around:
        group = _access_log(around, harness, stack, plan, flight.notes)
        flight.fly(locust)
        try:
            say("reading what the functions and API Gateway logged")
            document = flight.document(flight.asked(group), known)
        except KeyboardInterrupt:
            say("interrupted: the report is without what the functions and API Gateway logged")
            flight.notes.append("what the functions and API Gateway logged was not read to its end: Ctrl-C")
            document = flight.document(flight.seen(), known)
        # before anything is put back: nothing that is still asked of the engine may cost the report
        (folder / "report.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        _point(home / "latest", folder)
        (folder / "report.html").write_text(render(document), encoding="utf-8")
    return Outcome(folder, document, flight.interrupted)


class _Flight:
    """One run on its way."""

    def __init__(
        self, harness: Harness, stack: Stack, plan: Plan, order: Order, live: LiveLine, say: Callable[[str], None]
    ) -> None:
        self._harness, self._stack, self._plan, self._order = harness, stack, plan, order
        self._live, self._say = live, say
        self._samples = Samples()
        self._file = SampleFile(Path(plan.folder) / "samples.jsonl")
        self._busy = BusyMeter()
        self._reason = ""
        self._began = time.time()
        self._first_test: float | None = None
        self._capped = False
        self._engine = harness.engine.status().detail
        self.notes: list[str] = []
        self._counted = self._read_counted()
        self.interrupted = False

    def fly(self, locust: Locust) -> None:
        """Until Locust has ended, or must be ended."""
        with started(locust, self._plan, self._order.spread, self._order.web_port) as processes:
            try:
                self._watch(processes)
            except KeyboardInterrupt:
                self._live.end()
                self._say("interrupted: ending the run, then the report (Ctrl-C again gives that up)")
                self.interrupted = True
                # without a beginning nobody reads that it is to end, and there is nothing to wait for
                if not self._plan.interactive and self._samples.moment("began") is not None:
                    self._end(processes, "interrupted", ENDING_SECONDS)
        self._read()
        self._live.end()
        if not self._reason and not self.interrupted and not self._capped and not self._over_the_cap(time.time()):
            self._judge_its_end(processes)

    def _judge_its_end(self, processes: Processes) -> None:
        """Locust ended by itself: when the run was over, or in the middle of it."""
        began, code = processes.require_began(self._samples.moment("began")), processes.exit_code
        if self._samples.moment("ended") is None:
            last = max((batch.moment for batch in self._samples.last.values()), default=began)
            self._reason = f"Locust ended by itself {max(0.0, last - began):.0f} s into the run (exit code {code})"
        elif code not in (0, 1):
            self.notes.append(f"Locust ended with exit code {code} when the run was over: see locust.log")

    def _watch(self, processes: Processes) -> None:
        watch = Watch(self._harness.engine, local=self._stack.endpoint_url is not None)
        while processes.running:
            time.sleep(LOOK_SECONDS)
            self._read()
            now = time.time()
            self._busy.look(now)
            self._live.show(line(self._plan, self._samples, now))
            if self._over_the_cap(now):
                # Locust ends itself: it would also where this process were gone
                self._end(processes, "the cap is reached", ENDING_SECONDS)
                return
            lost = processes.lost_workers if self._samples.moment("ended") is None else 0
            self._reason = (
                f"{lost} of the workers ended in the middle of it" if lost else watch.trouble(self._samples, now)
            )
            if self._reason:
                self._live.end()
                self._say(f"ending the run: {self._reason}")
                self._end(processes, self._reason, BROKEN_SECONDS)
                return

    def _over_the_cap(self, now: float) -> bool:
        """Whether a run from the web UI has had all the time that it may take."""
        self._first_test = self._first_test or self._samples.moment("began")
        most = self._plan.most_seconds if self._plan.interactive else None
        if most is None or self._first_test is None or now - self._first_test < most:
            return False
        self._capped = True
        self._live.end()
        self._say(f"ending: {most / 60:g} minutes are over, the longest that it may take")
        self.notes.append(f"the run ended by itself after {most / 60:g} minutes, the longest that it may take")
        return True

    def _end(self, processes: Processes, why: str, patience: float) -> None:
        """Tell the steering process to end, and wait for that as long as it makes sense."""
        draft = Path(self._plan.folder) / "stop.new"
        draft.write_text(why, encoding="utf-8")
        draft.rename(draft.with_name("stop"))
        deadline = time.monotonic() + patience
        while processes.running and time.monotonic() < deadline:
            time.sleep(0.2)
            self._read()
            self._live.show(line(self._plan, self._samples, time.time()))

    def _read(self) -> None:
        for text in self._file.new_lines():
            self._samples.take_line(text)

    def seen(self) -> Facts:
        """What is known of the run without asking anybody."""
        return Facts(
            engine=self._engine,
            machine=describe_machine(),
            stack=self._stack.name,
            region=self._stack.region,
            ended=max((batch.moment for batch in self._samples.last.values()), default=time.time()),
            reason=self._reason,
            interrupted=self.interrupted,
            busy=tuple(self._busy.seen),
        )

    def asked(self, group: str | None) -> Facts:
        """What is known, asked from all who know it."""
        facts = self.seen()
        try:
            return self._asked(facts, group)
        except (ClientError, BotoCoreError, WindtunnelError) as error:
            # an engine that died has nothing to tell any more; what the generators saw is there all the same
            self.notes.append(f"the engine's own logs and metrics could not be read: {error}")
        except Exception as error:  # noqa: BLE001 - the boundary: what is asked afterwards costs no run
            traceback.print_exc()
            self.notes.append(f"the engine's own logs and metrics could not be read: {type(error).__name__}: {error}")
        return facts

    def document(self, facts: Facts, known: Known) -> dict[str, Any]:
        """The report."""
        if known.prices.region != self._stack.region:
            self.notes.append(f"there are no prices of {self._stack.region}: those of {known.prices.region} are used")
        return build(self._plan, self._samples, replace(facts, notes=tuple(self.notes)), known)

    def _require_up(self) -> None:
        """Raises WindtunnelError where the engine has nothing to tell any more. A busy one may be late once."""
        for _ in range(3):
            status = self._harness.engine.status()
            if status.state == "up":
                return
            time.sleep(LOOK_SECONDS)
        raise WindtunnelError(f"it is not up any more: {status.detail}")

    def _asked(self, facts: Facts, group: str | None) -> Facts:
        self._require_up()
        make, began, ended = self._harness.client, self._began, time.time()
        accesses = None
        if group is not None:
            accesses = collect.wait_for_accesses(make, group, self._plan.run, self._samples.totals.answered)
        resources = collect.find_resources(make, self._stack.name)
        consumed = self._consumed(resources.tables)
        if consumed is None:
            consumed = tuple(collect.consumed_capacity(make, resources.tables, began, ended))
        return replace(
            facts,
            accesses=accesses,
            functions=tuple(collect.read_function_logs(make, resources.functions, began, ended)),
            consumed=consumed,
            function_throttles=collect.function_throttles(make, resources.functions, began, ended),
        )

    def _read_counted(self) -> Counted | None:
        try:
            return collect.read_counted(self._harness.engine, self._harness.settings.account, self._stack.region)
        except WindtunnelError as error:
            self.notes.append(f"what DynamoDB consumes could not be read from the engine: {error}")
            return None

    def _consumed(self, tables: tuple[str, ...]) -> tuple[Consumed, ...] | None:
        """What the engine counted since the run began; None where it does not tell."""
        now = self._read_counted() if self._counted else None
        if self._counted is None or now is None:
            return None
        found = counted_between(self._counted, now, tables)
        if found is None:
            self.notes.append("DynamoDB was started anew in the run: its capacity is CloudWatch's, of whole minutes")
        return found


def _plan(folder: Path, stack: Stack, order: Order) -> Plan:
    return Plan(
        run=folder.name,
        scenario=order.scenario,
        shape=order.shape,
        users=order.users,
        seconds=order.seconds,
        warmup=order.warmup,
        folder=str(folder),
        base_url=order.base_url or stack.api_url,
        api_key=stack.api_key,
        outputs=stack.outputs,
        endpoint_url=stack.endpoint_url,
        region=stack.region,
        workers=order.spread.total,
        seed=order.seed,
        max_rate=order.max_rate,
        step_seconds=order.step_seconds,
        targets=order.targets,
        interactive=order.web_port is not None,
        most_seconds=order.most_seconds,
    )


def _access_log(around: ExitStack, harness: Harness, stack: Stack, plan: Plan, notes: list[str]) -> str | None:
    """The run's own access log, where there is one: on a local engine."""
    if stack.endpoint_url is None:
        notes.append("the counts are not checked against an access log: on AWS the stage stays as it is")
        return None
    session, endpoint_url = harness.engine.session(), harness.engine.endpoint_url
    gateway = session.client("apigateway", endpoint_url=endpoint_url, config=BRIEF)
    logs = session.client("logs", endpoint_url=endpoint_url, config=BRIEF)
    switched = access_log.switched_on(gateway, logs, (stack.api_id, stack.api_stage), plan.run)
    return around.enter_context(_put_back_where_it_is_up(switched, harness))


@contextmanager
def _put_back_where_it_is_up(around: Any, harness: Harness) -> Iterator[str]:
    """An engine that died or hangs has nothing put back; nobody waits long for that."""
    group: str = around.__enter__()
    try:
        yield group
    finally:
        with suppress(ClientError, BotoCoreError, KeyboardInterrupt):
            if harness.engine.status().state == "up":
                around.__exit__(None, None, None)


def new_folder(home: Path, moment: datetime) -> Path:
    """A run's own folder, named by its time: 20261121-113000."""
    home.mkdir(parents=True, exist_ok=True)
    name, number = moment.strftime("%Y%m%d-%H%M%S"), 1
    folder = home / name
    while folder.exists():
        number += 1
        folder = home / f"{name}-{number}"
    folder.mkdir()
    return folder


def _point(link: Path, folder: Path) -> None:
    """The link points to the newest run, at every moment to some run."""
    draft = link.with_name(f".{link.name}.new")
    draft.unlink(missing_ok=True)
    draft.symlink_to(folder.name)
    draft.replace(link)
