"""`windtunnel load`: a run, and two runs compared. Thin over run.py and compare.py."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from windtunnel import config
from windtunnel.errors import WindtunnelError
from windtunnel.load.shape import SHAPES

if TYPE_CHECKING:
    from windtunnel.harness import Harness
    from windtunnel.load.guard import Caps
    from windtunnel.load.run import Outcome
    from windtunnel.stack import Stack

INTERRUPTED = 130

app = typer.Typer(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Number = Annotated[float | None, typer.Option()]


@app.callback()
def load(
    context: typer.Context,
    scenario: Annotated[
        str,
        typer.Option(help="users-crud, read-heavy, write-heavy, manager-mix, hot-key, mixed, or one of your own."),
    ] = "mixed",
    shape: Annotated[
        str, typer.Option(help="steady, ramp, spike, soak or step (finds the highest rate that meets the targets).")
    ] = "steady",
    users: Annotated[int, typer.Option(min=1, help="How many users, at the shape's most; at its least for step.")] = 20,
    seconds: Annotated[float | None, typer.Option(min=1, help="How long, warm-up included; step ends earlier.")] = None,
    warmup: Annotated[
        float | None, typer.Option(min=0, help="How many seconds at the beginning are not measured.")
    ] = None,
    step_seconds: Annotated[float, typer.Option(min=4, help="How long each step of the shape step takes.")] = 10.0,
    slo: Annotated[Path | None, typer.Option(help="Where the targets are: tests/load/slo.toml.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything random that users do.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Locust processes on this machine.")] = 1,
    remote_workers: Annotated[
        int, typer.Option(min=0, help="Wait for so many workers that others start, instead.")
    ] = 0,
    bind: Annotated[str, typer.Option(help="Where the master listens for workers.")] = "127.0.0.1",
    bind_port: Annotated[int, typer.Option(help="And its port.")] = 5557,
    base_url: Annotated[str, typer.Option(help="The API's address as the workers see it, where that is another.")] = "",
    max_rate: Annotated[
        float | None, typer.Option(min=0.1, help="Requests a second at most; against AWS 50 unless you say otherwise.")
    ] = None,
    max_minutes: Annotated[float, typer.Option(help="The longest run against AWS.")] = 10.0,
    yes_cost_money: Annotated[bool, typer.Option("--yes-cost-money", help="Against AWS: do not ask.")] = False,
    ui: Annotated[bool, typer.Option("--ui", help="Locust's web UI instead of a run by itself.")] = False,
    ui_port: Annotated[int, typer.Option(help="And its port.")] = 8089,
    engine: Annotated[str | None, typer.Option(help="Where to run. Also ENGINE=…")] = None,
    port: Annotated[int | None, typer.Option(help="The local engine's port.")] = None,
    region: Annotated[str | None, typer.Option(help="The AWS region.")] = None,
    stack: Annotated[str | None, typer.Option(help="The stack's name.")] = None,
) -> None:
    """Load the stack with Locust, and end in a verdict (the exit code) and a report. Brings a local engine up."""
    if context.invoked_subcommand is not None:
        return
    from windtunnel.harness import Harness
    from windtunnel.load.guard import MAX_RATE, Caps
    from windtunnel.load.plan import scenario_class
    from windtunnel.load.process import Distribution
    from windtunnel.load.run import Order, execute
    from windtunnel.load.targets import read_targets

    flags = {"engine": engine, "port": port, "region": region, "stack": stack}
    settings = config.load(flags)
    folder = settings.root / "tests/load"
    known = require_known(scenario, shape, folder)
    length = SHAPES[shape]
    lasting = length.seconds if seconds is None else seconds
    order = Order(
        scenario=scenario,
        shape=shape,
        users=users,
        seconds=lasting,
        warmup=min(length.warmup, lasting / 4) if warmup is None else warmup,
        targets=read_targets(slo or folder / "slo.toml", scenario),
        scenarios=folder,
        spread=Distribution(workers, remote_workers, bind, bind_port),
        environment=config.environment(flags),
        seed=seed,
        step_seconds=step_seconds,
        max_rate=max_rate,
        base_url=base_url,
        web_port=ui_port if ui else None,
    )
    if order.warmup >= order.seconds:
        raise WindtunnelError(
            f"a warm-up of {order.warmup:g} s leaves nothing of {order.seconds:g} s", hint="--seconds, or --warmup 0"
        )
    assert scenario_class(scenario) in known
    harness = Harness(settings, _show)
    if harness.engine.name == "aws":
        caps = Caps(MAX_RATE if max_rate is None else max_rate, max_minutes)
        agree(order.seconds, caps, settings, agreed=yes_cost_money)
        order = replace(order, max_rate=caps.rate)
    deployed = reach(harness)
    said = (
        f"{scenario}, {shape}, {users} users, {order.seconds:g} s, of them {order.warmup:g} s warm-up that is left out"
    )
    err.print(
        Text(
            f"  {said}"
            if not ui
            else f"  Locust's web UI is at http://127.0.0.1:{ui_port}; Ctrl-C ends it with a report"
        ),
        soft_wrap=True,
    )
    from windtunnel.load.progress import LiveLine

    outcome = execute(harness, deployed, order, LiveLine(sys.stderr, time.monotonic), _say)
    tell(outcome)
    # with the web UI Ctrl-C is the way to end
    raise typer.Exit(INTERRUPTED if outcome.interrupted and not ui else 0 if outcome.met else 1)


def require_known(scenario: str, shape: str, folder: Path) -> set[str]:
    """The scenarios' classes. Raises WindtunnelError where there is no such scenario or shape."""
    import ast

    from windtunnel.load.plan import scenario_class

    if shape not in SHAPES:
        raise WindtunnelError(f"there is no shape '{shape}'", hint=f"there are {', '.join(SHAPES)}")
    path = folder / "locustfile.py"
    if not path.exists():
        raise WindtunnelError(f"{path} is not there", hint="scenarios are classes in it: see the README")
    classes = {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)}
    if scenario_class(scenario) not in classes:
        raise WindtunnelError(
            f"there is no scenario '{scenario}': {path} has no class {scenario_class(scenario)}",
            hint="mixed, users-crud, read-heavy, write-heavy, manager-mix and hot-key are there from the beginning",
        )
    return classes


def reach(harness: Harness) -> Stack:
    """The stack: on a local engine brought up and deployed, on AWS as it is."""
    return harness.stack() if harness.engine.name == "aws" else harness.up()


def agree(seconds: float, caps: Caps, settings: config.Settings, *, agreed: bool) -> None:
    """Nobody pays by accident. Raises CostError, or typer.Abort where a person says no."""
    from windtunnel.load.guard import check_caps, estimate, question, require_agreement
    from windtunnel.load.prices import read_prices

    check_caps(seconds, caps)
    require_agreement(agreed=agreed, can_ask=sys.stdin.isatty())
    asked = question(estimate(seconds, caps, read_prices(settings.region)), seconds, caps, settings.stack)
    if agreed:
        err.print(Text(asked.removesuffix(" Go on?")), soft_wrap=True)
    else:
        typer.confirm(asked, abort=True)


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
