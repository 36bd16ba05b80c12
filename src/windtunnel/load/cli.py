"""`windtunnel load`: a run, and two runs compared. Thin over run.py and compare.py."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from windtunnel import config
from windtunnel.errors import ConfigError, WindtunnelError, nearest
from windtunnel.load.shape import SHAPES

if TYPE_CHECKING:
    from windtunnel.harness import Harness
    from windtunnel.load.guard import Caps
    from windtunnel.load.run import Order, Outcome
    from windtunnel.stack import Stack

INTERRUPTED = 130
MEASURABLE = 2.0
"""Seconds that have a whole second of the clock in them, wherever they begin."""

app = typer.Typer(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def finite(value: float | None) -> float | None:
    """An option's value; nan and inf are no numbers to go by: no cap would hold."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number")
    return value


def address(value: str) -> str:
    """An option's value: an address of HTTP, or none."""
    if value and not value.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{value!r} is no address: it begins with http:// or https://")
    return value


Scenario = Annotated[
    str, typer.Option(help="users-crud, read-heavy, write-heavy, manager-mix, hot-key, preflight, mixed, or your own.")
]
Shape = Annotated[
    str, typer.Option(help="steady, ramp, spike, soak or step (finds the highest rate that meets the targets).")
]
Users = Annotated[int, typer.Option(min=1, help="How many users, at the shape's most; where step begins.")]
Seconds = Annotated[
    float | None, typer.Option(min=1, callback=finite, help="How long, warm-up included; step ends earlier.")
]
Warmup = Annotated[
    float | None, typer.Option(min=0, callback=finite, help="How many seconds at the beginning are not measured.")
]
StepSeconds = Annotated[float, typer.Option(min=4, callback=finite, help="How long each step of the shape step takes.")]
Slo = Annotated[Path | None, typer.Option(help="Where the targets are: tests/load/slo.toml.")]
Seed = Annotated[int, typer.Option(help="Of everything random that users do.")]
Workers = Annotated[int, typer.Option(min=1, help="Locust processes on this machine.")]
RemoteWorkers = Annotated[int, typer.Option(min=0, help="Wait for so many workers that others start, instead.")]
Bind = Annotated[str, typer.Option(help="Where the master listens for workers.")]
BindPort = Annotated[
    int | None, typer.Option(min=1, max=65535, help="And its port; 5557 where others start the workers.")
]
BaseUrl = Annotated[
    str, typer.Option(callback=address, help="The API's address as the workers see it, where that is another.")
]
MaxRate = Annotated[
    float | None, typer.Option(min=0.1, callback=finite, help="Requests a second at most; 50 against AWS.")
]
WaitMinutes = Annotated[
    float,
    typer.Option(min=0, max=60, callback=finite, help="How long AWS's own figures are waited for after a run at most."),
]
MaxMinutes = Annotated[float, typer.Option(min=0.1, callback=finite, help="The longest run against AWS.")]
Agreed = Annotated[bool, typer.Option("--yes-cost-money", help="Against AWS: do not ask.")]
Ui = Annotated[bool, typer.Option("--ui", help="Locust's web UI instead of a run by itself.")]
UiPort = Annotated[int, typer.Option(min=1, max=65535, help="And its port.")]
Engine = Annotated[str | None, typer.Option(help="Where to run. Also ENGINE=…")]
Port = Annotated[int | None, typer.Option(help="The local engine's port.")]
Region = Annotated[str | None, typer.Option(help="The AWS region.")]
StackName = Annotated[str | None, typer.Option(help="The stack's name.")]


@app.callback()
def load(
    context: typer.Context,
    scenario: Scenario = "mixed",
    shape: Shape = "steady",
    users: Users = 20,
    seconds: Seconds = None,
    warmup: Warmup = None,
    step_seconds: StepSeconds = 10.0,
    slo: Slo = None,
    seed: Seed = 1,
    workers: Workers = 1,
    remote_workers: RemoteWorkers = 0,
    bind: Bind = "127.0.0.1",
    bind_port: BindPort = None,
    base_url: BaseUrl = "",
    max_rate: MaxRate = None,
    max_minutes: MaxMinutes = 10.0,
    wait_minutes: WaitMinutes = 5.0,
    yes_cost_money: Agreed = False,
    ui: Ui = False,
    ui_port: UiPort = 8089,
    engine: Engine = None,
    port: Port = None,
    region: Region = None,
    stack: StackName = None,
) -> None:
    """Load the stack with Locust, and end in a verdict (the exit code) and a report. Brings a local engine up."""
    if context.invoked_subcommand is not None:
        return
    from windtunnel.load.capacity import read_operations
    from windtunnel.load.guard import MAX_RATE, Caps
    from windtunnel.load.process import Distribution, master_port
    from windtunnel.load.run import Order
    from windtunnel.load.scenarios import find_scenario, read_scenarios
    from windtunnel.load.targets import read_targets
    from windtunnel.load.turn import taken

    flags = {"engine": engine, "port": port, "region": region, "stack": stack}
    settings = config.load(flags)
    folder = settings.root / "tests/load"
    require_shape(shape)
    lasting, left_out = lengths(shape, seconds, warmup)
    with before_the_run():
        known = read_scenarios(folder / "locustfile.py")
        scenario = find_scenario(scenario, known, folder / "locustfile.py")
        targets = read_targets(slo or folder / "slo.toml", scenario, known)
        operations = read_operations(folder / "capacity.toml")
        spread = Distribution(workers, remote_workers, bind, bind_port or master_port(remote_workers))
    order = Order(
        scenario=scenario,
        shape=shape,
        users=users,
        seconds=lasting,
        warmup=left_out,
        targets=targets,
        operations=operations,
        scenarios=folder,
        spread=spread,
        environment=config.environment(flags),
        seed=seed,
        step_seconds=step_seconds,
        max_rate=max_rate,
        base_url=base_url,
        late_seconds=wait_minutes * 60,
        web_port=ui_port if ui else None,
    )
    caps = Caps(MAX_RATE if max_rate is None else max_rate, max_minutes)
    with taken(settings.state_dir / "load", datetime.now().astimezone()):
        outcome = fly(settings, order, caps, agreed=yes_cost_money)
    tell(outcome)
    # with the web UI Ctrl-C is the way to end
    raise typer.Exit(INTERRUPTED if outcome.interrupted and not ui else 0 if outcome.met else 1)


def fly(settings: config.Settings, order: Order, caps: Caps, *, agreed: bool) -> Outcome:
    """Run the order against the settings' engine; against AWS only as agreed, and within the caps."""
    from windtunnel.harness import Harness
    from windtunnel.load.guard import lasting
    from windtunnel.load.process import require_ports
    from windtunnel.load.progress import LiveLine
    from windtunnel.load.run import execute
    from windtunnel.load.search import ceilings
    from windtunnel.load.targets import TargetsError

    with before_the_run():
        require_ports(order.spread, order.web_port)
        if order.shape == "step" and order.web_port is None and not ceilings(order.targets):
            raise TargetsError(
                f"the shape step looks for what breaks a target, and {order.scenario} has none that more users break",
                hint=f"set one, p95_ms under [{order.scenario}.all] say: see --slo",
            )
        harness = Harness(settings, _show)
        if harness.engine.name == "aws":
            most = lasting(order.seconds, caps, interactive=order.web_port is not None)
            agree(most, caps, settings, agreed=agreed)
            order = replace(order, max_rate=caps.rate, most_seconds=most)
        deployed = reach(harness)
    if order.web_port is None:
        said = f"{order.scenario}, {order.shape}, {order.users} users, {order.seconds:g} s"
        _say(f"{said}, of them {order.warmup:g} s warm-up that is left out")
    else:
        _say(f"Locust's web UI is at http://127.0.0.1:{order.web_port}; Ctrl-C ends it with a report of its last test")
        if order.most_seconds is not None:
            _say(f"it ends by itself {order.most_seconds / 60:g} minutes after its first test began (--max-minutes)")
    return execute(harness, deployed, order, LiveLine(sys.stderr, time.monotonic), _say)


def require_shape(shape: str) -> None:
    """Raises ConfigError where there is no such shape."""
    if shape not in SHAPES:
        raise ConfigError(f"there is no shape '{shape}'", hint=nearest(shape, tuple(SHAPES)))


def lengths(shape: str, seconds: float | None, warmup: float | None) -> tuple[float, float]:
    """How long a run is, and its warm-up. Raises ConfigError where nothing of it would be measured."""
    lasting = SHAPES[shape].seconds if seconds is None else seconds
    # a run begins and ends within a second of the clock, and whole ones are measured
    shortest = min(SHAPES[shape].warmup, lasting / 4, max(0.0, lasting - MEASURABLE))
    left_out = shortest if warmup is None else warmup
    if lasting - left_out < MEASURABLE:
        raise ConfigError(
            f"{lasting:g} s with a warm-up of {left_out:g} s is too short to measure a whole second",
            hint=f"--seconds {left_out + MEASURABLE:g} is the least with this warm-up"
            + (", or a shorter --warmup" if left_out else ""),
        )
    return lasting, left_out


@contextmanager
def before_the_run() -> Iterator[None]:
    """What fails in the block has kept a run from beginning: exit code 2, as 1 is for a run."""
    try:
        yield
    except WindtunnelError as error:
        error.exit_code = 2
        raise


def reach(harness: Harness) -> Stack:
    """The stack: on a local engine brought up and deployed, on AWS as it is."""
    if harness.engine.name != "aws":
        return harness.up()
    # says whose account it is, or that nobody is logged in
    harness.engine.start(_say)
    return harness.stack()


def agree(seconds: float, caps: Caps, settings: config.Settings, *, agreed: bool) -> None:
    """Nobody pays by accident. Raises CostError."""
    from windtunnel.load.guard import CostError, check_caps, estimate, question, require_agreement
    from windtunnel.load.prices import read_prices

    check_caps(seconds, caps)
    require_agreement(agreed=agreed, can_ask=sys.stdin.isatty())
    asked = question(estimate(seconds, caps, read_prices(settings.region)), seconds, caps, settings.stack)
    if agreed:
        err.print(Text(asked.removesuffix(" Go on?")), soft_wrap=True)
    elif not typer.confirm(asked):
        raise CostError("nobody agreed to pay: nothing was sent")


def _say(text: str) -> None:
    err.print(Text(f"  {text}"), soft_wrap=True)


def _show(event: Any) -> None:
    from windtunnel.console import Screen

    Screen(err, err).show(event)


def tell(outcome: Outcome) -> None:
    """The verdict: each target, the counts, where the report is."""
    document = outcome.document
    measured, verdict, totals = document["measured"], document["verdict"], document["totals"]
    out.print()
    for target in verdict["targets"]:
        mark = ("met   ", "green") if target["met"] else ("MISSED", "bold red")
        out.print(Text.assemble(mark, f"  {target['text']}"), soft_wrap=True)
    counted = f"{totals['sent']:,} sent = {totals['answered']:,} answered + {totals['failed']:,} failed"
    counted += f" + {totals['cut_off']:,} cut off" if totals["cut_off"] else ""
    if totals["access_log"] is not None:
        counted += (
            f"; access log: {totals['access_log']:,}{'' if totals['access_log_agrees'] else ', which does NOT agree'}"
        )
    out.print(Text(f"counts  {counted}", style="dim"), soft_wrap=True)
    left_out = f"measured from second {measured['first']} to {measured['end']}; "
    left_out += "the best step, all others are left out" if document["steps"] else "the warm-up before is left out"
    out.print(Text(f"        {left_out}", style="dim"), soft_wrap=True)
    for text in document["cautions"]:
        out.print(Text.assemble(("caution ", "bold yellow"), text), soft_wrap=True)
    style = "bold green" if verdict["met"] else "bold red"
    out.print(
        Text.assemble(("verdict ", "bold"), ("met" if verdict["met"] else "MISSED", style), f": {document['summary']}"),
        soft_wrap=True,
    )
    out.print(Text.assemble(("report  ", "bold"), str(outcome.folder / "report.html")), soft_wrap=True)


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="A run's folder, or its name below .windtunnel/load.")],
    after: Annotated[Path, typer.Argument(help="Another's: `latest`, say.")],
) -> None:
    """Two runs side by side: each figure's change, and whether it is more than noise."""
    from windtunnel.load import compare_page
    from windtunnel.load.stored import read_run

    home = config.load().state_dir / "load"
    one, other = read_run(before, home), read_run(after, home)
    changes = compare_page.changes(one, other)
    for text, style in compare_page.lines(one, other, changes):
        out.print(Text(text, style=style), soft_wrap=True)
    path = other.folder / f"compared-with-{one.document['run']}.html"
    path.write_text(compare_page.render(one, other, changes), encoding="utf-8")
    out.print(Text.assemble(("page    ", "bold"), str(path)), soft_wrap=True)
