"""Locust's processes: one, or a master and its workers; started with the run's plan, ended whatever happens."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from windtunnel.engines.ports import free_ports, require_bindable
from windtunnel.engines.waiting import last_lines
from windtunnel.errors import WindtunnelError
from windtunnel.load.plan import Plan, scenario_class

MASTER_PORT = 5557
"""Where workers look for a master, unless they are told."""
LOCUST_VARIABLES = "LOCUST_"
"""How variables begin that are options of Locust: it is the plan that says what a run does."""
STOP_SECONDS = 40
"""How long a user's last request may take when the run is over."""
END_GRACE = 5.0
INTERACTIVE_GRACE = 20.0
"""With the web UI it is this end that makes users clear up."""


class LocustError(WindtunnelError):
    """Locust did not run as it should."""

    exit_code = 2


@dataclass(frozen=True)
class Distribution:
    """How a run is spread. `remote` workers are started by others, on any machine, and find the master at its port."""

    workers: int = 1
    remote: int = 0
    bind: str = "127.0.0.1"
    port: int = MASTER_PORT

    @property
    def total(self) -> int:
        return self.remote or self.workers

    @property
    def single(self) -> bool:
        """Whether one process does everything."""
        return self.remote == 0 and self.workers == 1


def master_port(remote_workers: int) -> int:
    """Where a master listens unless it is told: workers of this machine are told, so any port will do for them."""
    return MASTER_PORT if remote_workers else free_ports(1)[0]


def require_ports(spread: Distribution, web_port: int | None) -> None:
    """Raises EngineError where a port that Locust is to listen on cannot be had."""
    if not spread.single:
        hint = "end that, or choose another with --bind-port (and --master-port of the workers)"
        require_bindable(spread.port, host=spread.bind, hint=hint, low="--bind-port above 1023")
    if web_port is not None:
        require_bindable(web_port, hint="end that, or choose another with --ui-port", low="--ui-port above 1023")


@dataclass(frozen=True)
class Locust:
    """Where Locust and the scenarios are."""

    program: Path
    locustfile: Path
    environment: Mapping[str, str]
    log: Path


def steering_command(locust: Locust, plan: Plan, spread: Distribution, web_port: int | None) -> list[str]:
    """The command line of the process that steers."""
    command = [str(locust.program), "-f", str(locust.locustfile), "--stop-timeout", str(STOP_SECONDS)]
    command += ["--host", plan.base_url]
    if web_port is None:
        command += ["--headless", "--only-summary"]
    else:
        command += ["--web-host", "127.0.0.1", "--web-port", str(web_port), "--class-picker"]
    if not spread.single:
        command += ["--master", "--master-bind-host", spread.bind, "--master-bind-port", str(spread.port)]
        command += ["--expect-workers", str(spread.total), "--expect-workers-max-wait", "60"]
    return command if web_port is not None else [*command, scenario_class(plan.scenario), "Probe"]


def worker_command(locust: Locust, spread: Distribution) -> list[str]:
    """The command line of a worker on this machine."""
    master = ["--master-host", "127.0.0.1", "--master-port", str(spread.port)]
    return [str(locust.program), "-f", str(locust.locustfile), "--worker", *master]


class Processes:
    """The running ones. The first steers; when it has ended, the run has."""

    def __init__(self, started: Sequence[subprocess.Popen[bytes]], log: Path) -> None:
        self._started = started
        self._log = log

    @property
    def running(self) -> bool:
        return self._started[0].poll() is None

    @property
    def lost_workers(self) -> int:
        """How many workers ended although the run goes on."""
        return sum(1 for worker in self._started[1:] if worker.poll() is not None) if self.running else 0

    @property
    def exit_code(self) -> int | None:
        """Of the process that steers; 1 may only say that some requests failed, which is the verdict's business."""
        return self._started[0].poll()

    def require_began(self, began: float | None) -> float:
        """When the run began. Raises LocustError where it never did: the locustfile does not load, say, or workers did
        not come."""
        if began is None:
            detail, hint = last_lines(self._log), f"see {self._log}"
            raise LocustError(f"Locust ended with {self.exit_code} before the run began", detail=detail, hint=hint)
        return began


@contextmanager
def started(locust: Locust, plan: Plan, spread: Distribution, web_port: int | None = None) -> Iterator[Processes]:
    """Locust for the block. It is no part of the terminal's group: Ctrl-C is for windtunnel, which ends it in order."""
    environment = {name: value for name, value in locust.environment.items() if not name.startswith(LOCUST_VARIABLES)}
    environment["WINDTUNNEL_LOAD_PLAN"] = plan.text()
    commands = [steering_command(locust, plan, spread, web_port)]
    if not spread.single and not spread.remote:
        commands += [worker_command(locust, spread)] * spread.workers
    running: list[subprocess.Popen[bytes]] = []
    try:
        with locust.log.open("ab") as log:
            for command in commands:
                running.append(
                    subprocess.Popen(
                        command,
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
        yield Processes(running, locust.log)
    finally:
        for process in running:
            _end(process, END_GRACE if web_port is None else INTERACTIVE_GRACE)


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    """End a process that has not ended by itself, in order if it can."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
