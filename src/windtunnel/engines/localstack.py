"""The container engine: the same planes in LocalStack's own image, kept by Docker Compose.

No Docker socket and no privilege inside; ports on 127.0.0.1; state in a volume, which `stop` keeps unless it is told.
"""

from __future__ import annotations

import contextlib
import functools
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from windtunnel.config import Settings, environment
from windtunnel.engines.base import EngineStatus, Report
from windtunnel.engines.docker import Container, Docker, explain, image_missing
from windtunnel.engines.local import (
    EdgeAddress,
    LocalEngine,
    ask_json,
    ask_status,
    only_one,
    require_free_port,
    require_loaded,
)
from windtunnel.engines.waiting import wait_until
from windtunnel.errors import EngineError

SERVICE = "localstack"
COMPOSE_FILE = "docker-compose.yml"
WORKING_DIR = "com.docker.compose.project.working_dir"
EDGE_CONFIG = "/var/lib/localstack/windtunnel/engine/edge.json"
MEMORY = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat")
MEMORY_V1 = ("/sys/fs/cgroup/memory/memory.usage_in_bytes", "/sys/fs/cgroup/memory/memory.stat")
SETTLED = {"port": "WINDTUNNEL_PORT", "api_port": "WINDTUNNEL_API_PORT", "region": "WINDTUNNEL_REGION"}
"""What a container keeps for its life, and the variables that tell it."""
LOOK_SECONDS = 1.0
"""How often the container itself is looked at while it starts."""


class LocalStackEngine(LocalEngine):
    """LocalStack 4.14.0 in a container, with windtunnel in it."""

    name = "localstack"

    def __init__(self, settings: Settings) -> None:
        self._asked = settings
        self._folder = settings.state_dir / "localstack"
        self._variables_file = self._folder / "engine.env"

    @functools.cached_property
    def _settings(self) -> Settings:
        """Where an engine is up, its port and region count, unless this very command was told others."""
        try:
            there = self._container()
        except EngineError:
            return self._asked
        return self._as_running(there) if there and there.running else self._asked

    def _as_running(self, there: Container) -> Settings:
        def told(name: str) -> str:
            return there.variables.get(SETTLED[name]) or str(getattr(self._asked, name))

        running = replace(self._asked, port=int(told("port")), api_port=int(told("api_port")), region=told("region"))
        return replace(running, **{name: getattr(self._asked, name) for name in SETTLED if name in self._asked.chosen})

    @property
    def edge(self) -> EdgeAddress:
        """Where to ask the edge for something. Raises EngineError where there is none."""
        there = self._container()
        told = self._docker().read_file(there.id, EDGE_CONFIG) if there and there.running else None
        if told is None:
            raise EngineError("the engine is not up", hint="make up ENGINE=localstack")
        return EdgeAddress(self.endpoint_url, str(json.loads(told[0])["token"]))

    # --- starting -------------------------------------------------------------------------------------------------

    def start(self, report: Report) -> bool:
        with only_one(self._folder, report):
            self._require_docker()
            there = self._container()
            if there:
                self._require_ours(there)
            if there and there.running:
                self._require_same(there)
                self._await_ready(there)
                return False
            require_free_port("port", self._settings.port)
            require_free_port("api_port", self._settings.api_port)
            self._build(report)
            self._up(report)
            return True

    def prepare(self, report: Report) -> None:
        """Have all that a start needs: Docker's engine, Compose v2, the image. Raises EngineError."""
        with only_one(self._folder, report):
            self._require_docker()
            self._build(report)

    def _up(self, report: Report) -> None:
        had_state = self._docker().has_volume(self._volume)
        try:
            report(f"waiting for LocalStack's container behind {self.endpoint_url}")
            # Compose waits for nothing here: what goes wrong is said sooner by looking ourselves
            code, said = self._compose("up.log", "up", "--detach", "--no-build", SERVICE)
            if code:
                raise explain("starting the container", said)
            there = self._container()
            if there is None:
                raise EngineError("the container is gone as soon as it was started", hint=f"see {self._folder}/up.log")
            self._await_ready(there)
        except BaseException:
            # a failure or Ctrl-C: what was started here does not stay; an earlier engine's state does
            self._keep_log()
            self._compose("down.log", "down", "--timeout", "5", *(() if had_state else ("--volumes",)))
            raise

    def _build(self, report: Report) -> None:
        """windtunnel's own image; in a second where nothing changed, and without a network."""
        docker, service = self._docker(), self._rendered_service()
        base = service["build"]["args"]["LOCALSTACK_IMAGE"]
        if not docker.has_image(base):
            report(f"pulling {base}, once")
            code, said = docker.work(self._folder / "pull.log", "pull", base)
            if code:
                raise image_missing(base, said)
        if not docker.has_image(service["image"]):
            report(f"building {service['image']} on {base}, once ({self._folder}/build.log)")
        code, said = self._compose("build.log", "build", SERVICE)
        if code:
            error = explain(f"building {service['image']}", said)
            raise EngineError(str(error), hint=f"the whole log: {self._folder}/build.log", detail=_build_fault(said))

    def _await_ready(self, there: Container) -> None:
        looked = [time.monotonic()]

        def probe() -> bool | None:
            if time.monotonic() - looked[0] > LOOK_SECONDS:
                looked[0] = time.monotonic()
                self._require_running(there.id)
            status = ask_status(self.endpoint_url, LOOK_SECONDS * 2)
            if status is None or not status.get("ready") or not there.id.startswith(str(status.get("instance"))):
                return None
            require_loaded(
                status, "build the image anew: docker compose build --no-cache", lambda: self._words(there.id)
            )
            hooks = ask_json(f"{self.endpoint_url}/_localstack/init/ready")
            return True if hooks and hooks.get("completed") else None  # fmt: skip

        wait_until(
            probe,
            what=f"the container {there.name} to be ready at {self.endpoint_url}",
            timeout=self._settings.start_timeout,
            evidence=lambda: self._words(there.id),
        )

    def _require_running(self, container: str) -> None:
        there = next((found for found in self._containers() if found.id == container), None)
        if there is None:
            raise EngineError("the container was removed while it was starting")
        if not there.running:
            why = "it ran out of memory" if there.memory_killed else f"exit code {there.exit_code}"
            raise EngineError(
                f"the container {there.name} ended while it was starting ({why})",
                hint="WINDTUNNEL_MEMORY=6g gives it more" if there.memory_killed else f"its whole log: {self._log}",
                detail=self._words(container),
            )

    def _words(self, container: str) -> str:
        return self._docker().logs(container, 15)

    @property
    def _log(self) -> Path:
        return self._folder / "container.log"

    def _keep_log(self) -> None:
        with contextlib.suppress(EngineError):
            if there := self._container():
                self._log.write_text(self._docker().logs(there.id))

    # --- what may be in the way -----------------------------------------------------------------------------------

    def _require_docker(self) -> None:
        self._require_compose_file()
        self._docker().require()

    def _require_compose_file(self) -> None:
        if not (self._asked.root / COMPOSE_FILE).is_file():
            raise EngineError(
                f"there is no {COMPOSE_FILE} in {self._asked.root}",
                hint="take windtunnel's own with its folder docker/, or stay without: ENGINE=embedded",
            )

    def _require_ours(self, there: Container) -> None:
        folder = there.labels.get(WORKING_DIR, "")
        if folder and Path(folder) != self._asked.root:
            raise EngineError(
                f"the Compose project {self._asked.compose_project} is {folder}'s",
                hint="name another for this checkout: WINDTUNNEL_PROJECT=… (or project in windtunnel.toml)",
            )

    def _require_same(self, there: Container) -> None:
        for name, variable in SETTLED.items():
            asked, told = str(getattr(self._asked, name)), there.variables.get(variable)
            if name in self._asked.chosen and told not in (None, asked):
                raise EngineError(
                    f"this checkout's engine is up with {name} {told}, and {name} {asked} was asked for",
                    hint=f"end it first (make down ENGINE=localstack), or leave the {name} as it is",
                )

    # --- stopping and looking -------------------------------------------------------------------------------------

    def stop(self, report: Report, *, state: bool = False) -> bool:
        with only_one(self._folder, report):
            self._require_compose_file()
            found = self._containers()
            for there in found:
                self._require_ours(there)
                report(f"ending container {there.name}")
            if not found and not (state and self._docker().has_volume(self._volume)):
                return False
            code, said = self._compose("down.log", "down", "--timeout", "10", *(("--volumes",) if state else ()))
            if code:
                raise explain("ending the container", said)
            if not state:
                report(f"its state stays in the volume {self._volume} (make down ARGS=--state removes it)")
            return True

    def status(self) -> EngineStatus:
        try:
            there = self._container()
        except EngineError as error:
            return EngineStatus("down", str(error))
        if there is None:
            return EngineStatus("down", "not started")
        if not there.running:
            return EngineStatus("down", f"container {there.name} is {there.state} (exit code {there.exit_code})")
        settings = self._as_running(there)
        endpoint, uptime = settings.endpoint_url, time.time() - there.started
        status = ask_status(endpoint)
        if status is None or not there.id.startswith(str(status.get("instance"))):
            return EngineStatus("broken", f"container {there.name} does not answer", None, endpoint, uptime)
        if not status.get("ready"):
            return EngineStatus("broken", f"container {there.name} is still starting", None, endpoint, uptime)
        detail = f"LocalStack {status.get('localstack')}, container {there.name}"
        return EngineStatus("up", detail, None, endpoint, uptime)

    def memory(self) -> int | None:
        """As `docker stats` has it, which takes two seconds: what is used, without what the kernel may take back."""
        with contextlib.suppress(EngineError):
            if (there := self._container()) and there.running:
                return self._memory(there.id)
        return None

    def _memory(self, container: str) -> int | None:
        for paths, key in ((MEMORY, "inactive_file"), (MEMORY_V1, "total_inactive_file")):
            told = self._docker().read_file(container, *paths)
            if told is not None:
                pairs = dict(line.split(" ", 1) for line in told[1].splitlines() if " " in line)
                return int(told[0]) - int(pairs.get(key, 0))
        return None

    def examine(self) -> Iterator[tuple[str, str, str, str]]:
        """For the doctor: level, subject, detail and hint of what a start needs, up to the first thing missing."""
        docker = self._docker()
        try:
            self._require_compose_file()
            docker.require()
            yield "ok", "docker", f"there, with Compose {docker.compose_version()}", ""
            service = self._rendered_service()
        except EngineError as error:
            yield "fail", "docker", str(error), error.hint
            return
        base = service["build"]["args"]["LOCALSTACK_IMAGE"]
        if docker.has_image(base):
            yield "ok", "image", base, ""
        else:
            yield "warn", "image", f"{base} is not on this machine", "make up pulls it; after that no network is needed"

    # --- Docker ---------------------------------------------------------------------------------------------------

    def logs_command(self, *, follow: bool) -> list[str]:
        """The command that shows the container's own log. Raises EngineError where there is no container."""
        there = self._container()
        if there is None:
            raise EngineError("there is no container, and so no log", hint="make up ENGINE=localstack")
        return ["docker", "logs", "--tail", "200", *(["--follow"] if follow else []), there.id]

    @property
    def image(self) -> str:
        """The image that is built, as docker-compose.yml names it."""
        return str(self._rendered_service()["image"])

    @property
    def _volume(self) -> str:
        return f"{self._asked.compose_project}_state"

    def _container(self) -> Container | None:
        return next(iter(self._containers()), None)

    def _containers(self) -> list[Container]:
        return self._docker().containers(self._asked.compose_project, SERVICE)

    def _docker(self) -> Docker:
        return Docker(self._asked.root, environment())

    def _compose(self, log: str, *words: str) -> tuple[int, str]:
        """A command of Compose's, with the settings as its variables."""
        docker = Docker(self._asked.root, {**environment(), **self.variables()})
        return docker.work(self._folder / log, *self._compose_words(), *words)

    def _compose_words(self) -> tuple[str, ...]:
        return "compose", "--file", str(self._asked.root / COMPOSE_FILE), "--project-name", self._asked.compose_project

    def variables(self) -> Mapping[str, str]:
        """What docker-compose.yml asks for of the settings. Writes the file that one of them names."""
        settings = self._settings
        self._variables_file.parent.mkdir(parents=True, exist_ok=True)
        self._variables_file.write_text("".join(f"{k}={v}\n" for k, v in settings.engine_environment.items()))
        return {
            **{variable: str(getattr(settings, name)) for name, variable in SETTLED.items()},
            "WINDTUNNEL_ENV_FILE": str(self._variables_file),
        }

    def _rendered_service(self) -> Mapping[str, Any]:
        code, said = self._compose("config.log", "config", "--format", "json")
        if code:
            raise explain(f"reading {COMPOSE_FILE}", said)
        # warnings come before it
        service: Mapping[str, Any] = json.loads(said[said.index("{") :])["services"][SERVICE]
        return service


def _build_fault(said: str) -> str:
    """A build's last lines, of which the interesting ones come before the command that failed is repeated."""
    lines = [line for line in said.splitlines() if line.strip() and "failed to solve" not in line]
    return "\n".join(line[:300] for line in lines[-15:])
