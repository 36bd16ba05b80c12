"""The embedded engine: windtunnel's edge, and LocalStack's own runtime behind it, kept running by a supervisor.

No Docker, no Java, no account. Everything it writes goes under `state_dir/engine`: checkouts never touch each other.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil

from windtunnel.config import HOST, Settings
from windtunnel.engines import supervisor
from windtunnel.engines.base import EngineStatus, Report
from windtunnel.engines.local import (
    ANSWER_SECONDS,
    EdgeAddress,
    LocalEngine,
    ask_status,
    only_one,
    require_free_port,
    require_loaded,
)
from windtunnel.engines.memory import memory_held
from windtunnel.engines.orders import (
    STATE_VARIABLE,
    Home,
    Ports,
    engine_orders,
)
from windtunnel.engines.ports import free_ports
from windtunnel.engines.process import (
    INSTANCE_VARIABLE,
    ProcessRecord,
    describe,
    end_tree,
    lives,
    marked_processes,
    read_children,
    read_record,
    write_record,
)
from windtunnel.engines.waiting import last_lines, wait_until
from windtunnel.errors import EngineError

STARTING_SECONDS = 2.0
"""What one question takes at most while the engine starts: then its processes are looked at."""
STOP_GRACE = 4.0
"""Seconds that the supervisor gets to end: it gives its children two. LocalStack needs one, and hangs where a log was
just on its way to it; an engine's state goes with it, so that nothing is lost when it is killed then."""


class EmbeddedEngine(LocalEngine):
    """The edge and LocalStack 4.14.0 on 127.0.0.1, started and ended by windtunnel."""

    name = "embedded"

    def __init__(self, settings: Settings) -> None:
        self._home = Home(settings.state_dir / "engine")
        self._record_path = self._home.folder / "process.json"
        self._in_use = self._as_running(settings)

    @property
    def _settings(self) -> Settings:
        return self._in_use

    def _as_running(self, settings: Settings) -> Settings:
        """Where an engine is up, its port and region count, unless this very command was told others."""
        record, process = self._running()
        if record is None or process is None:
            return settings
        return replace(
            settings,
            port=settings.port if "port" in settings.chosen else record.port,
            api_port=settings.api_port if "api_port" in settings.chosen else record.api_port,
            region=settings.region if "region" in settings.chosen else record.region,
        )

    @property
    def edge(self) -> EdgeAddress:
        """Where to ask the edge for something. Raises EngineError where there is none."""
        record = read_record(self._record_path)
        if record is None:
            raise EngineError("the engine is not up", hint="make up")
        return EdgeAddress(f"http://{HOST}:{record.port}", record.token)

    @property
    def reload_dir(self) -> Path:
        """Where code is put that is to be served in place of what was deployed; it goes with the engine."""
        return self._home.reload

    # --- starting -------------------------------------------------------------------------------------------------

    def start(self, report: Report) -> bool:
        with only_one(self._home.folder, report):
            record, process = self._running()
            if record and process:
                self._require_same(record)
                if self._becomes_ready(record, process, report):
                    return False
                end_tree(process, STOP_GRACE)
            self._clear_leftovers(report)
            require_free_port("port", self._settings.port)
            require_free_port("api_port", self._settings.api_port)
            self._require_installed()
            self._start_process(report)
            return True

    def _start_process(self, report: Report) -> None:
        instance, token = secrets.token_hex(8), secrets.token_hex(16)
        backplane, dynamodb = free_ports(2, but={self._settings.port, self._settings.api_port})
        ports = Ports(self._settings.port, self._settings.api_port, backplane, dynamodb)
        try:
            process = self._spawn(ports, instance, token)
            record = ProcessRecord(
                pid=process.pid,
                created=process.create_time(),
                port=ports.edge,
                api_port=ports.api,
                backplane_port=ports.backplane,
                region=self._settings.region,
                instance=instance,
                token=token,
            )
            write_record(self._record_path, record)
            report(f"waiting for LocalStack behind {self.endpoint_url} ({self._home.engine_log})")
            self._await_ready(record, process)
        except BaseException:
            # a failure or Ctrl-C, at whatever moment: what was started here does not stay
            for process in marked_processes(INSTANCE_VARIABLE, instance):
                end_tree(process, STOP_GRACE)
            self._record_path.unlink(missing_ok=True)
            raise

    def _spawn(self, ports: Ports, instance: str, token: str) -> psutil.Process:
        home = self._home
        for folder in home.scratch:
            # an engine begins with nothing: what an earlier one left on disk is of no use
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        home.children.unlink(missing_ok=True)
        for log in home.logs:
            if log.exists():
                log.replace(log.with_suffix(".log.1"))
        engine_orders(self._settings, home, ports, instance, token).write(home.orders)
        with home.supervisor_log.open("wb") as log_file:
            process = subprocess.Popen(
                [sys.executable, "-I", supervisor.__file__, str(home.orders)],
                cwd=home.folder,
                env={STATE_VARIABLE: str(self._settings.state_dir), INSTANCE_VARIABLE: instance},
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                # a session of its own: Ctrl-C in the terminal is for the command, which then ends the engine in order
                start_new_session=True,
            )
        # it outlives this command: subprocess is not to wait for it, nor to warn that nobody did
        process.returncode = 0
        return psutil.Process(process.pid)

    # --- readiness ------------------------------------------------------------------------------------------------

    def _await_ready(self, record: ProcessRecord, process: psutil.Process, *, first: bool = True) -> None:
        def probe() -> bool | None:
            self._require_running(process)
            if first:
                self._require_no_restart()
            patience = STARTING_SECONDS if first else ANSWER_SECONDS
            status = ask_status(self.endpoint_url, min(patience, self._settings.start_timeout))
            if status is None or status.get("instance") != record.instance or not status.get("ready"):
                return None
            hint = "make the environments anew: scripts/bootstrap --force"
            require_loaded(status, hint, lambda: last_lines(self._home.engine_log))
            return True

        wait_until(
            probe,
            what=f"the engine to be ready at {self.endpoint_url}",
            timeout=self._settings.start_timeout,
            evidence=lambda: last_lines(self._home.engine_log),
        )

    def _require_running(self, process: psutil.Process) -> None:
        """Raises EngineError where the supervisor is gone."""
        if not lives(process):
            raise EngineError(
                f"the engine ended while it was starting ({self._exit_reason(process)})",
                hint=f"the whole logs: {self._home.folder}/*.log",
                detail=last_lines(self._home.supervisor_log),
            )

    def _require_no_restart(self) -> None:
        """Raises EngineError where a process of an engine that is being started had to be started again."""
        for child in read_children(self._home.children):
            if child.starts > 1:
                logs = {"edge": self._home.edge_log, "dynamodb": self._home.dynamodb_log}
                log = logs.get(child.name, self._home.engine_log)
                raise EngineError(
                    f"the engine's {child.name} ended while it was starting (exit code {child.last_exit})",
                    hint=f"the whole log: {log}",
                    detail=last_lines(log),
                )

    @staticmethod
    def _exit_reason(process: psutil.Process) -> str:
        try:
            code = process.wait(1)
        except psutil.TimeoutExpired:
            code = None
        return f"exit code {code}" if code is not None else "it is gone"

    def _becomes_ready(self, record: ProcessRecord, process: psutil.Process, report: Report) -> bool:
        """Whether an engine that is already there answers, now or in a moment.

        One whose starter was killed may still be starting, and one of whose processes was killed has it back soon.
        """
        try:
            self._await_ready(record, process, first=False)
        except EngineError as error:
            report(f"the engine that was there does not answer ({error}); starting another")
            return False
        return True

    # --- what may be in the way -----------------------------------------------------------------------------------

    def _running(self) -> tuple[ProcessRecord | None, psutil.Process | None]:
        record = read_record(self._record_path)
        return record, record.process() if record else None

    def _require_same(self, record: ProcessRecord) -> None:
        for name in ("port", "api_port", "region"):
            there, wanted = getattr(record, name), getattr(self._settings, name)
            if there != wanted:
                raise EngineError(
                    f"this checkout's engine is up with {name} {there}, and {name} {wanted} was asked for",
                    hint=f"end it first (make down), or leave the {name} as it is",
                )

    def _clear_leftovers(self, report: Report) -> None:
        self._record_path.unlink(missing_ok=True)
        for process in marked_processes(STATE_VARIABLE, str(self._settings.state_dir)):
            report(f"ending {describe(process)}, left by an earlier start of this checkout")
            end_tree(process, STOP_GRACE)

    def _require_installed(self) -> None:
        python = self._settings.install_dir / "engine-venv/bin/python"
        if not python.exists():
            raise EngineError(f"the engine's environment is not there: {python}", hint="make setup")

    # --- stopping and looking -------------------------------------------------------------------------------------

    def stop(self, report: Report, *, state: bool = False) -> bool:
        del state  # it goes with the engine
        with only_one(self._home.folder, report):
            _, process = self._running()
            ended = process is not None
            if process:
                report(f"ending {describe(process)}")
                end_tree(process, STOP_GRACE)
            for orphan in marked_processes(STATE_VARIABLE, str(self._settings.state_dir)):
                report(f"ending {describe(orphan)}")
                end_tree(orphan, STOP_GRACE)
                ended = True
            self._record_path.unlink(missing_ok=True)
            return ended

    def status(self) -> EngineStatus:
        record, process = self._running()
        if record is None:
            return EngineStatus("down", "not started")
        if process is None:
            return EngineStatus("down", f"process {record.pid} is gone without a goodbye; make up starts it again")
        endpoint = f"http://{HOST}:{record.port}"
        if record.port != self._settings.port:
            return EngineStatus("broken", f"up on port {record.port}; port {self._settings.port} is set", record.pid)
        status = ask_status(self.endpoint_url)
        uptime = time.time() - record.created
        if status is None or status.get("instance") != record.instance:
            return EngineStatus("broken", "running, but does not answer", record.pid, endpoint, uptime)
        if not status.get("ready"):
            return EngineStatus("broken", "still starting", record.pid, endpoint, uptime)
        detail = f"LocalStack {status.get('localstack')}, embedded"
        again = [f"{child.name} {child.starts - 1}" for child in read_children(self._home.children) if child.starts > 1]
        if again:
            detail += f" (started again: {', '.join(again)} times; {self._home.supervisor_log})"
        return EngineStatus("up", detail, record.pid, endpoint, uptime)

    def memory(self) -> int | None:
        _, process = self._running()
        if process is None:
            return None
        with contextlib.suppress(psutil.NoSuchProcess):
            return memory_held([process, *process.children(recursive=True)])
        return None
