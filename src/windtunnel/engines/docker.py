"""The docker command: what it is asked, and its failures in a person's words."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from windtunnel.errors import EngineError

LAST_LINES = 15
ANSWER_SECONDS = 30.0
"""What a question may take. Builds, pulls, starts and ends have no limit: they tell how they fare, and can be ended."""
WITHOUT = "or stay without Docker: ENGINE=embedded"
NO_COMMAND = EngineError(
    "there is no docker command on the PATH",
    hint=f"install Docker Engine or Docker Desktop, with Compose v2; {WITHOUT}",
)
UNREACHABLE = re.compile(
    r"cannot connect to the docker daemon|is the docker daemon running|error during connect"
    r"|failed to connect to the docker api|docker\.sock: connect: ",
    re.IGNORECASE,
)
NO_COMPOSE = re.compile(r"'?compose'? is not a docker command|unknown (command|flag|shorthand flag).*", re.IGNORECASE)
PORT_TAKEN = re.compile(
    r"(?:port is already allocated|address already in use|ports are not available)", re.IGNORECASE | re.DOTALL
)
BOUND_PORT = re.compile(r"(?:127\.0\.0\.1|0\.0\.0\.0):(\d+)")
NOT_THERE = re.compile(
    r"pull access denied|manifest(?: for \S+)? (?:unknown|not found)|failed to resolve|failed to do request"
    r"|dial tcp|no such host|name resolution|i/o timeout|TLS handshake timeout|request canceled|no such image"
    r"|proxyconnect|connection refused|x509",
    re.IGNORECASE,
)


def explain(words: str, said: str) -> EngineError:
    """What a failed docker command comes to. `words` say what was tried, `said` is what it wrote."""
    detail = "\n".join(said.strip().splitlines()[-LAST_LINES:])
    if "permission denied" in said.lower() and "docker" in said.lower() and "sock" in said:
        return EngineError(
            "Docker's engine is not for this user",
            hint=f"join the docker group (sudo usermod -aG docker $USER, then log in anew); {WITHOUT}",
            detail=detail,
        )
    if UNREACHABLE.search(said):
        return EngineError(
            "no Docker engine can be reached",
            hint=f"start it (Docker Desktop, or sudo systemctl start docker); DOCKER_HOST names another; {WITHOUT}",
            detail=detail,
        )
    if PORT_TAKEN.search(said):
        found = BOUND_PORT.search(said)
        return EngineError(
            f"port {found[1] if found else '(see below)'} on 127.0.0.1 is taken",
            hint="end who has it, or choose other ports: make up ENGINE=localstack PORT=4576 API_PORT=4577",
            detail=detail,
        )
    return EngineError(f"{words} failed", hint="make doctor looks at what is needed", detail=detail)


def image_missing(image: str, said: str) -> EngineError:
    """An image is not on this machine, and was not to be had either."""
    return EngineError(
        f"the image {image} is not on this machine and cannot be pulled",
        hint=f"once, where there is a network: docker pull {image} (or docker load what docker save made elsewhere)",
        detail="\n".join(said.strip().splitlines()[-LAST_LINES:]),
    )


@dataclass(frozen=True)
class Container:
    """What Docker knows of a container."""

    id: str
    name: str
    state: str
    """As Docker has it: running, exited, created, …"""
    exit_code: int
    started: float
    """Seconds since the epoch; 0 where it never was."""
    memory_killed: bool
    image: str
    variables: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        return self.state == "running"


def read_container(document: Mapping[str, Any]) -> Container:
    """A container as `docker inspect` shows it."""
    state, configuration = document["State"], document["Config"]
    pairs = (pair.partition("=") for pair in configuration.get("Env") or ())
    return Container(
        id=document["Id"],
        name=document["Name"].lstrip("/"),
        state=state["Status"],
        exit_code=state.get("ExitCode", 0),
        started=_seconds(state.get("StartedAt", "")),
        memory_killed=bool(state.get("OOMKilled")),
        image=configuration["Image"],
        variables={name: value for name, _, value in pairs},
        labels=configuration.get("Labels") or {},
    )


def _seconds(text: str) -> float:
    """Docker's time, which has nanoseconds."""
    moment = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    if moment is None or text.startswith("0001-"):
        return 0.0
    return datetime.fromisoformat(moment[1] + moment[2]).timestamp()


@dataclass(frozen=True)
class Docker:
    """The command, run in a folder with an environment."""

    folder: Path
    environment: Mapping[str, str]

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A short command, whatever comes of it. Raises EngineError where there is no docker, or it hangs."""
        try:
            return subprocess.run(
                ["docker", *words],
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=ANSWER_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise NO_COMMAND from None
        except subprocess.TimeoutExpired:
            raise EngineError(
                f"docker {words[0]} did not answer in {ANSWER_SECONDS:.0f} s", hint="restart Docker's engine"
            ) from None

    def answer(self, *words: str) -> str:
        """What a short command prints. Raises EngineError where it fails."""
        done = self.ask(*words)
        if done.returncode:
            raise explain(f"docker {' '.join(words[:2])}", done.stderr or done.stdout)
        return done.stdout

    def work(self, log: Path, *words: str) -> tuple[int, str]:
        """A long command: its exit code and all that it wrote, which is in `log` as well."""
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("wb") as file:
                code = subprocess.run(
                    ["docker", *words],
                    cwd=self.folder,
                    env=dict(self.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    check=False,
                ).returncode
        except FileNotFoundError:
            raise NO_COMMAND from None
        return code, log.read_text(errors="replace")

    def require(self) -> None:
        """Raises EngineError where there is no engine to reach, or no Compose v2."""
        self.answer("version", "--format", "{{.Server.Version}}")
        version = self.compose_version()
        if version is None or int(version.lstrip("v").split(".")[0]) < 2:
            raise EngineError(
                "this docker has no Compose v2" + (f", but {version}" if version else ""),
                hint=f"install its plugin (apt install docker-compose-plugin, or docker-compose-v2); {WITHOUT}",
            )

    def compose_version(self) -> str | None:
        """Compose's version; None where docker has none."""
        done = self.ask("compose", "version", "--short")
        text = done.stdout.strip()
        return text if done.returncode == 0 and re.match(r"v?\d+\.", text) else None

    def containers(self, project: str, service: str) -> list[Container]:
        """A Compose project's containers of one service, running or not."""
        labels = (f"com.docker.compose.project={project}", f"com.docker.compose.service={service}")
        ids = self.answer(
            "ps", "--all", "--quiet", "--no-trunc", *(w for text in labels for w in ("--filter", f"label={text}"))
        ).split()
        if not ids:
            return []
        done = self.ask("inspect", "--type", "container", *ids)
        return [read_container(document) for document in json.loads(done.stdout or "[]")]

    def has_image(self, image: str) -> bool:
        return self.ask("image", "inspect", "--format", "{{.Id}}", image).returncode == 0

    def has_volume(self, volume: str) -> bool:
        return self.ask("volume", "inspect", volume).returncode == 0

    def logs(self, container: str, count: int | None = None) -> str:
        """What a container wrote; its last `count` lines."""
        done = self.ask("logs", *(("--tail", str(count)) if count else ()), container)
        return (done.stdout + done.stderr).strip()

    def read_file(self, container: str, *paths: str) -> Sequence[str] | None:
        """The content of files in a running container, a string each; None where one is not there."""
        found = []
        for path in paths:
            done = self.ask("exec", container, "cat", path)
            if done.returncode:
                return None
            found.append(done.stdout)
        return found
