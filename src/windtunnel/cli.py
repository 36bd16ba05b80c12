"""The windtunnel command: thin over harness.py."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import traceback
from datetime import datetime
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from windtunnel import __version__, config
from windtunnel.checks import run_check
from windtunnel.console import Screen
from windtunnel.dynamodb.cli import dynamodb
from windtunnel.errors import ConfigError, WindtunnelError
from windtunnel.load.cli import app as load_app

if TYPE_CHECKING:
    from windtunnel.harness import Harness
    from windtunnel.stack import Stack as DeployedStack

INTERRUPTED = 130
ENDED = (
    "the watching is ended; the engine keeps running and serves what was saved last "
    "(make deploy deploys it, make down ends the engine)"
)

app = typer.Typer(
    name="windtunnel",
    help="Fly a serverless application on the ground: the same code and SAM template offline, in containers or in AWS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
screen = Screen(Console(highlight=False), Console(stderr=True, highlight=False))

Engine = Annotated[str | None, typer.Option(help="Where to run: embedded, localstack or aws. Also ENGINE=…")]
Port = Annotated[int | None, typer.Option(help="The engine's port. Also WINDTUNNEL_PORT=…")]
ApiPort = Annotated[
    int | None, typer.Option(help="The port with the stack's API at its root. Also WINDTUNNEL_API_PORT=…")
]
Region = Annotated[str | None, typer.Option(help="The AWS region. Also WINDTUNNEL_REGION=…")]
Stack = Annotated[str | None, typer.Option(help="The stack's name. Also WINDTUNNEL_STACK=…")]
Template = Annotated[str | None, typer.Option(help="The SAM template. Also WINDTUNNEL_TEMPLATE=…")]
Stacks = Annotated[
    str | None, typer.Option(help="Optional parts to deploy too, by commas, or all. Also WINDTUNNEL_STACKS=…")
]
Arguments = Annotated[list[str] | None, typer.Argument(help="Passed on to pytest, after --: e2e -- -k users -x")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"windtunnel {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="The version.")] = False,
) -> None:
    """Everything is a command of its own."""


def _harness(**flags: object) -> Harness:
    # boto3 and what deploys take half a second to import: not for --help
    from windtunnel.harness import Harness

    return Harness(config.load(flags), screen.show)


# --- flying -------------------------------------------------------------------------------------------------------


@app.command()
def up(
    engine: Engine = None,
    port: Port = None,
    api_port: ApiPort = None,
    region: Region = None,
    stack: Stack = None,
    template: Template = None,
    stacks: Stacks = None,
    watch: Annotated[bool, typer.Option("--watch", help="Then serve what is saved, until Ctrl-C.")] = False,
) -> None:
    """Start the engine, deploy the stack, and print how to reach it. Safe to run again."""
    harness = _harness(
        engine=engine, port=port, api_port=api_port, region=region, stack=stack, template=template, stacks=stacks
    )
    if not watch:
        _show(harness, harness.up())
        return
    from windtunnel.watch.watch import Watch

    watching = Watch(harness, screen.show)
    try:
        watching.run(lambda stack: _show(harness, stack))
    except KeyboardInterrupt:
        if not watching.begun:
            raise
        screen.say(ENDED)


def _show(harness: Harness, stack: DeployedStack) -> None:
    """How to reach a stack, and the optional parts that were asked for."""
    screen.stack(stack, harness.settings.examples)
    for part in harness.parts():
        screen.part(part.stack())


@app.command()
def deploy(
    engine: Engine = None,
    port: Port = None,
    region: Region = None,
    stack: Stack = None,
    template: Template = None,
    stacks: Stacks = None,
) -> None:
    """Deploy the stack to the engine that is up; where none is, to AWS, with the real sam build && sam deploy."""
    harness = _harness(engine=engine, port=port, region=region, stack=stack, template=template, stacks=stacks)
    if "engine" not in harness.settings.chosen and harness.engine.status().state == "down":
        screen.say("no engine is up (make up starts one): this is the real sam build && sam deploy, to AWS")
        harness = _harness(engine="aws", region=region, stack=stack, template=template, stacks=stacks)
    _show(harness, harness.deploy())


@app.command()
def down(
    engine: Engine = None,
    state: Annotated[bool, typer.Option("--state", help="And remove what a container keeps in its volume.")] = False,
) -> None:
    """End exactly what `up` started: the engine and every function's process."""
    _harness(engine=engine).down(state=state)


@app.command()
def status(engine: Engine = None, port: Port = None) -> None:
    """What is up, where, since when, with how much memory. Exit code 3 where the engine is not up."""
    from windtunnel.engines import EngineStatus

    harness = _harness(engine=engine, port=port)
    found: EngineStatus = harness.engine.status()
    screen.status(harness.engine.name, found, harness.engine.memory())
    if found.state != "up":
        raise typer.Exit(3)
    deployed = harness.find_stack()
    if deployed is None:
        screen.say(f"stack {harness.settings.stack} is not deployed: make up")
    else:
        screen.stack(deployed, ())
    for name in config.find_parts(harness.settings.template):
        if part := harness.part(name).find_stack():
            screen.part(part)


@app.command()
def logs(
    function: Annotated[
        str | None, typer.Argument(help="Part of a function's logical id or name; all of them where left out")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    of_engine: Annotated[bool, typer.Option("--engine-log", help="The engine's own logs instead.")] = False,
    since: Annotated[str, typer.Option(help="How far back: 90s, 15m, 2h, 10:30, 2026-11-21T10:30.")] = "60m",
    request: Annotated[str, typer.Option(help="Only this request's lines: its id, or how that begins.")] = "",
    engine: Engine = None,
) -> None:
    """The functions' logs from CloudWatch Logs, oldest first."""
    from windtunnel import logs as functions_logs

    begin = functions_logs.parse_since(since, datetime.now().astimezone())
    harness = _harness(engine=engine)
    if of_engine and harness.engine.name == "localstack":
        from windtunnel.engines import LocalStackEngine

        command = LocalStackEngine(harness.settings).logs_command(follow=follow)
        raise typer.Exit(subprocess.run(command, check=False).returncode)
    if of_engine:
        folder = harness.settings.state_dir / "engine"
        paths = [str(path) for name in ("supervisor", "edge", "engine") if (path := folder / f"{name}.log").exists()]
        if not paths:
            raise WindtunnelError(f"there is no engine log in {folder}", hint="make up")
        # tail follows over a restart, which begins a new file
        subprocess.run(["tail", "-n", "200", *(["-F"] if follow else []), *paths], check=False)
        return
    harness.require_up()
    reader = functions_logs.Reader(harness, function or "", say=screen.say)
    try:
        for line in reader.read(begin, follow=follow, request=request):
            screen.log_line(line)
    except KeyboardInterrupt:
        # the way to end it
        return


@app.command()
def invoke(
    function: Annotated[str, typer.Argument(help="The function's logical id or name.")],
    event: Annotated[str | None, typer.Option("--event", "-e", help="A JSON file, or - for standard input.")] = None,
    qualifier: Annotated[str, typer.Option(help="A version or an alias.")] = "",
    debug: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Wait for a debugger (debugpy) on 127.0.0.1:PORT.")
    ] = None,
    asynchronous: Annotated[bool, typer.Option("--async", help="Leave it to Lambda's queue; do not wait.")] = False,
    engine: Engine = None,
    port: Port = None,
) -> None:
    """Invoke a function once and print its answer; its log goes to stderr. Exit code 1 where the function failed."""
    from windtunnel import invoke as invocations

    if debug is not None and asynchronous:
        raise ConfigError("--debug waits for the function, and --async does not", hint="leave one of them out")
    content = invocations.read_event(event, sys.stdin.buffer.read)
    harness = _harness(engine=engine, port=port)
    harness.require_up()
    found = invocations.find_function(harness, function)
    if debug is None:
        done = invocations.invoke(harness, found, content, qualifier=qualifier, wait=not asynchronous)
    else:
        debugged = invocations.Debugged(harness, found, debug)
        debugged.start(content, qualifier)
        if debugged.waiting:
            screen.attach(found.name, debug, invocations.launch_json(harness, found, debug))
        done = debugged.wait()
    screen.invoked(done)
    if done.error:
        raise typer.Exit(1)


app.command()(dynamodb)


# --- checks -------------------------------------------------------------------------------------------------------


def _check(name: str, arguments: list[str] | None = None, **flags: object) -> NoReturn:
    settings = config.load(flags)
    raise typer.Exit(run_check(name, settings.root, arguments or (), config.environment(flags)))


@app.command()
def e2e(
    arguments: Arguments = None, engine: Engine = None, port: Port = None, region: Region = None, stack: Stack = None
) -> None:
    """Run the end-to-end tests against what is up; bring it up first where it is not."""
    harness = _harness(engine=engine, port=port, region=region, stack=stack)
    if harness.settings.engine == "aws":
        harness.stack()  # tests never deploy to AWS by themselves
    else:
        harness.up()
    _check("e2e", arguments, engine=engine, port=port, region=region, stack=stack)


@app.command()
def unit(arguments: Arguments = None) -> None:
    """Run the unit tests: no network, no processes."""
    _check("unit", arguments)


@app.command()
def integration(arguments: Arguments = None) -> None:
    """Run the integration tests: real processes, an engine of their own on a free port."""
    _check("integration", arguments)


@app.command("test")
def every_test(arguments: Arguments = None) -> None:
    """Run every test: unit, integration and end to end, on an engine of their own unless one is up."""
    _check("test", arguments)


@app.command()
def lint() -> None:
    """ruff (rules and format) and mypy --strict."""
    _check("lint")


@app.command()
def check() -> None:
    """lint, unit and integration, offline."""
    _check("check")


app.add_typer(load_app, name="load")


# --- the project itself -------------------------------------------------------------------------------------------


@app.command()
def setup(force: Annotated[bool, typer.Option(help="Even where nothing changed.")] = False) -> None:
    """Make the environments from their locks (scripts/bootstrap)."""
    _script("bootstrap", *(["--force"] if force else []))


@app.command()
def lock() -> None:
    """Renew the locks (scripts/lock). Needs the network."""
    _script("lock")


def _script(name: str, *arguments: str) -> NoReturn:
    script = config.load().root / "scripts" / name
    raise typer.Exit(subprocess.run([str(script), *arguments], check=False).returncode)


@app.command()
def doctor() -> None:
    """Look at everything windtunnel needs, and say what to do about what is missing. Exit code 1 where something is."""
    from windtunnel import doctor as doctor_module
    from windtunnel.engines.in_use import follow

    findings = doctor_module.examine(follow(config.load()))
    screen.findings(findings)
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(1)


@app.command()
def clean() -> None:
    """End the engine and remove all that windtunnel made: environments, builds, logs, caches. Sources stay."""
    harness = _harness()
    _harness(engine="embedded").down()
    # a container only where one is chosen: Docker need not be there
    if harness.settings.engine == "localstack":
        harness.down(state=True)
    root = harness.settings.root
    made = [root / ".windtunnel", root / "infra/sam/.aws-sam", root / ".pytest_cache", root / ".mypy_cache"]
    made += [root / ".ruff_cache", root / ".hypothesis", harness.settings.state_dir, root / ".venv"]
    for folder in made:
        if folder.exists():
            screen.say(f"removing {folder}")
            shutil.rmtree(folder)


def main() -> None:
    """The boundary: an error becomes what a person reads and an exit code."""

    def end(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    # a terminal that closes, or `kill`: clean up as for Ctrl-C
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    try:
        app()
    except WindtunnelError as error:
        screen.error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        screen.say("interrupted")
        sys.exit(INTERRUPTED)
    except SystemExit as error:
        # typer ends an interrupted command by itself, and says nothing
        if error.code == INTERRUPTED:
            screen.say("interrupted")
        raise
    except Exception as error:  # noqa: BLE001 - the last boundary
        traceback.print_exc()
        screen.error(
            WindtunnelError(
                f"a bug in windtunnel: {type(error).__name__}: {error}", hint="report it with the lines above"
            )
        )
        sys.exit(70)
