"""The embedded engine: LocalStack's own runtime as a background process, with windtunnel's plugin in it.

No Docker, no Java, no account. Everything it writes goes under `state_dir/engine`: checkouts never touch each other.
"""

from __future__ import annotations

import fcntl
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import boto3
import psutil
import requests

from windtunnel.config import HOST, Settings
from windtunnel.engines.base import EngineStatus, Report
from windtunnel.engines.process import (
    ProcessRecord,
    describe,
    end_tree,
    marked_processes,
    port_holder,
    read_record,
    write_record,
)
from windtunnel.engines.waiting import last_lines, wait_until
from windtunnel.errors import EngineError

ACCOUNT = "000000000000"
EXECUTOR = "windtunnel"
PROVIDERS = {"dynamodb": "windtunnel", "dynamodbstreams": "windtunnel"}
STATE_VARIABLE = "WINDTUNNEL_STATE"
"""Marks an engine's process with its state folder, so that one whose record was lost is still known as ours."""
STOP_GRACE = 2.0
"""Seconds that LocalStack gets to end by itself. It needs one, and hangs where a log was just on its way to it; its
state is in memory, so that nothing is lost when it is killed then."""


class EmbeddedEngine:
    """LocalStack 4.14.0 on 127.0.0.1, started and ended by windtunnel."""

    name = "embedded"

    def __init__(self, settings: Settings) -> None:
        self._home = settings.state_dir / "engine"
        self._record_path = self._home / "process.json"
        self.log_path = self._home / "engine.log"
        self._settings = self._as_running(settings)

    def _as_running(self, settings: Settings) -> Settings:
        """Where an engine is up, its port and region count, unless this very command was told others."""
        record, process = self._running()
        if record is None or process is None:
            return settings
        return replace(
            settings,
            port=settings.port if "port" in settings.chosen else record.port,
            region=settings.region if "region" in settings.chosen else record.region,
        )

    @property
    def endpoint_url(self) -> str:
        return self._settings.endpoint_url

    def session(self) -> boto3.Session:
        # LocalStack reads the account from an access key of twelve digits, and checks no secret
        return boto3.Session(
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",  # noqa: S106
            region_name=self._settings.region,
        )

    def api_url(self, api_id: str, stage: str) -> str:
        # by path: a name below localhost does not resolve everywhere without a network
        return f"{self.endpoint_url}/_aws/execute-api/{api_id}/{stage}"

    # --- starting -------------------------------------------------------------------------------------------------

    def start(self, report: Report) -> bool:
        with self._only_one(report):
            record, process = self._running()
            if record and process:
                self._require_same(record)
                if self._becomes_ready(record, process, report):
                    return False
                end_tree(process, STOP_GRACE)
            self._clear_leftovers(report)
            self._require_free_port()
            self._require_installed()
            self._start_process(report)
            return True

    def _start_process(self, report: Report) -> None:
        instance = secrets.token_hex(8)
        process = self._spawn(instance)
        try:
            record = ProcessRecord(
                pid=process.pid,
                created=process.create_time(),
                port=self._settings.port,
                region=self._settings.region,
                instance=instance,
            )
            write_record(self._record_path, record)
            report(f"waiting for LocalStack on {self.endpoint_url} ({self.log_path})")
            self._await_ready(record, process)
        except BaseException:
            # a failure or Ctrl-C: what was started here does not stay
            end_tree(process, STOP_GRACE)
            self._record_path.unlink(missing_ok=True)
            raise

    def _spawn(self, instance: str) -> psutil.Process:
        for folder in ("home", "tmp", "files", "functions"):
            # LocalStack keeps its state in memory: what an earlier instance left on disk is of no use
            shutil.rmtree(self._home / folder, ignore_errors=True)
            (self._home / folder).mkdir(parents=True)
        if self.log_path.exists():
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        with self.log_path.open("wb") as log:
            process = subprocess.Popen(
                [str(self._settings.install_dir / "engine-venv/bin/python"), "-m", "localstack.runtime.main"],
                cwd=self._home,
                env=self._process_environment(instance),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # a session of its own: Ctrl-C in the terminal is for the command, which then ends the engine in order
                start_new_session=True,
            )
        # it outlives this command: subprocess is not to wait for it, nor to warn that nobody did
        process.returncode = 0
        return psutil.Process(process.pid)

    def _process_environment(self, instance: str) -> dict[str, str]:
        """All that the engine gets to see: nothing of the host's, so that every machine starts the same engine."""
        settings = self._settings
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(self._home / "home"),
            "TMPDIR": str(self._home / "tmp"),
            "FILESYSTEM_ROOT": str(self._home / "files"),
            "GATEWAY_LISTEN": f"{HOST}:{settings.port}",
            "LOCALSTACK_HOST": f"{HOST}:{settings.port}",
            "DNS_ADDRESS": "0",
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "LAMBDA_RUNTIME_EXECUTOR": EXECUTOR,
            **{f"PROVIDER_OVERRIDE_{service.upper()}": name for service, name in PROVIDERS.items()},
            "WINDTUNNEL_INSTANCE": instance,
            "WINDTUNNEL_FUNCTIONS_DIR": str(self._home / "functions"),
            "WINDTUNNEL_RUNTIMES_DIR": str(settings.install_dir / "runtime"),
            STATE_VARIABLE: str(settings.state_dir),
            **settings.engine_environment,
        }

    # --- readiness ------------------------------------------------------------------------------------------------

    def _await_ready(self, record: ProcessRecord, process: psutil.Process) -> None:
        def probe() -> bool | None:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                raise EngineError(
                    f"the engine ended while it was starting ({self._exit_reason(process)})",
                    hint=f"the whole log: {self.log_path}",
                    detail=last_lines(self.log_path),
                )
            status = self._ask_status()
            if status is None or status.get("instance") != record.instance or not status.get("ready"):
                return None
            self._require_loaded(status)
            return True

        wait_until(
            probe,
            what=f"the engine to be ready at {self.endpoint_url}",
            timeout=self._settings.start_timeout,
            evidence=lambda: last_lines(self.log_path),
        )

    @staticmethod
    def _exit_reason(process: psutil.Process) -> str:
        try:
            code = process.wait(1)
        except psutil.TimeoutExpired:
            code = None
        return f"exit code {code}" if code is not None else "it is gone"

    def _ask_status(self) -> Mapping[str, Any] | None:
        """What windtunnel's plugin says of itself inside the engine; None while nobody answers."""
        try:
            response = requests.get(f"{self.endpoint_url}/_windtunnel/status", timeout=2)
            status = response.json() if response.ok else None
        except (requests.RequestException, ValueError):
            return None
        return status if isinstance(status, dict) else None

    def _require_loaded(self, status: Mapping[str, Any]) -> None:
        """LocalStack falls back to Docker with only a warning when it does not know an executor: so look."""
        loaded = {"executor": status.get("executor"), **(status.get("providers") or {})}
        expected = {"executor": EXECUTOR, **PROVIDERS}
        wrong = {name: loaded.get(name) for name, value in expected.items() if loaded.get(name) != value}
        if wrong:
            raise EngineError(
                f"the engine is up without windtunnel's plugin: it loaded {wrong} instead of windtunnel's own",
                hint="make the environments anew: scripts/bootstrap --force",
                detail=last_lines(self.log_path),
            )

    def _becomes_ready(self, record: ProcessRecord, process: psutil.Process, report: Report) -> bool:
        """Whether an engine that is already there answers; one whose starter was killed may still be starting."""
        try:
            self._await_ready(record, process)
        except EngineError as error:
            report(f"the engine that was there does not answer ({error}); starting another")
            return False
        return True

    # --- what may be in the way -----------------------------------------------------------------------------------

    @contextmanager
    def _only_one(self, report: Report) -> Iterator[None]:
        """Two commands at once would start two engines: the second waits for the first."""
        self._home.mkdir(parents=True, exist_ok=True)
        with (self._home / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                report("another windtunnel command is starting or stopping this engine; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _running(self) -> tuple[ProcessRecord | None, psutil.Process | None]:
        record = read_record(self._record_path)
        return record, record.process() if record else None

    def _require_same(self, record: ProcessRecord) -> None:
        for name in ("port", "region"):
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

    def _require_free_port(self) -> None:
        port = self._settings.port
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # as servers do: connections of an earlier engine that are still closing are no obstacle
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except PermissionError as error:
                raise EngineError(
                    f"port {port} is not for this user: {error.strerror}",
                    hint="choose one above 1023: make up PORT=4570",
                ) from error
            except OSError as error:
                holder = port_holder(port)
                raise EngineError(
                    f"port {port} on {HOST} is taken" + (f" by {describe(holder)}" if holder else ""),
                    hint="end that, or choose another port: make up PORT=4570 (or port in windtunnel.toml)",
                ) from error

    def _require_installed(self) -> None:
        python = self._settings.install_dir / "engine-venv/bin/python"
        if not python.exists():
            raise EngineError(f"the engine's environment is not there: {python}", hint="make setup")

    # --- stopping and looking -------------------------------------------------------------------------------------

    def stop(self, report: Report) -> bool:
        with self._only_one(report):
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
        try:
            status = self._ask_status()
            memory = process.memory_info().rss + sum(c.memory_info().rss for c in process.children(recursive=True))
        except psutil.NoSuchProcess:
            return EngineStatus("down", f"process {record.pid} is just ending")
        uptime = time.time() - record.created
        if status is None or status.get("instance") != record.instance:
            return EngineStatus("broken", "running, but does not answer", record.pid, endpoint, uptime, memory)
        if not status.get("ready"):
            return EngineStatus("broken", "still starting", record.pid, endpoint, uptime, memory)
        detail = f"LocalStack {status.get('localstack')}, embedded"
        return EngineStatus("up", detail, record.pid, endpoint, uptime, memory)
