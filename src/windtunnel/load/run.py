"""A run from its order to its report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from windtunnel.harness import Harness
from windtunnel.load import access_log
from windtunnel.load.arrival import MOST_SECONDS
from windtunnel.load.capacity import Operation
from windtunnel.load.flight import Flight
from windtunnel.load.page import render
from windtunnel.load.plan import Plan
from windtunnel.load.prices import read_prices
from windtunnel.load.process import Distribution, Locust, LocustError
from windtunnel.load.progress import LiveLine
from windtunnel.load.report import Known
from windtunnel.load.targets import Target
from windtunnel.stack import Stack

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
    late_seconds: float = MOST_SECONDS
    """How long after the end AWS's log lines and metrics are waited for at most."""
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
    plan = _plan(folder, stack, order, harness.settings.account)
    (folder / "plan.json").write_text(json.dumps(plan.public(), indent=2) + "\n")
    locust = Locust(
        program=harness.settings.install_dir / "load-venv/bin/locust",
        locustfile=order.scenarios / "locustfile.py",
        environment=order.environment,
        log=folder / "locust.log",
    )
    if not locust.program.exists():
        raise LocustError(f"{locust.program} is not there", hint="make setup")
    known = Known(order.targets, read_prices(stack.region), order.operations)
    flight = Flight(harness, stack, plan, order.late_seconds, live, say)
    with ExitStack() as around:
        group = _access_log(around, harness, stack, plan, flight.notes)
        flight.fly(locust, order.spread, order.web_port)
        try:
            say("reading what the functions and API Gateway logged")
            document = flight.document(flight.asked(group), known)
        except KeyboardInterrupt:
            say("interrupted: the report is without what the functions and API Gateway logged")
            flight.notes.append("what the functions and API Gateway logged was not read to its end: Ctrl-C")
            document = flight.document(flight.seen(), known)
        # before anything is put back: nothing that is still asked of the engine may cost the report
        (folder / "report.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        try:
            _point(home / "latest", folder)
        except OSError as error:
            # somebody's own folder of that name, say: the verdict is not lost for it
            say(f"{home / 'latest'} does not point to this run: {error.strerror}")
        (folder / "report.html").write_text(render(document), encoding="utf-8")
    return Outcome(folder, document, flight.interrupted)


def _plan(folder: Path, stack: Stack, order: Order, account: str) -> Plan:
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
        account=account,
        workers=order.spread.total,
        seed=order.seed,
        max_rate=order.max_rate,
        step_seconds=order.step_seconds,
        targets=order.targets,
        interactive=order.web_port is not None,
        own_url=stack.api_url,
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
    place, account = (stack.api_id, stack.api_stage), harness.settings.account
    switched = access_log.switched_on(
        gateway, logs, place, plan.run, account, kept=harness.settings.state_dir / "load/access-log-before.json"
    )
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
