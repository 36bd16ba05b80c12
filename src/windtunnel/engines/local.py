"""What the engines of this machine have in common: who may start one, where, and asking one how it is."""

from __future__ import annotations

import fcntl
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests

from windtunnel.config import HOST, Settings
from windtunnel.edge.config import TOKEN_HEADER
from windtunnel.engines.base import Report
from windtunnel.engines.orders import EXECUTOR, PROVIDERS
from windtunnel.engines.ports import port_holder, port_is_taken, require_bindable
from windtunnel.engines.process import ends
from windtunnel.errors import EngineError

DYING_SECONDS = 5.0
ANSWER_SECONDS = 10.0
"""What an engine that is there may take to say how it is: on a busy machine it is slow, and not broken."""


def ask_status(endpoint_url: str, timeout: float = ANSWER_SECONDS) -> Mapping[str, Any] | None:
    """What windtunnel's plugin says of itself inside the engine; None while nobody answers."""
    return ask_json(f"{endpoint_url}/_windtunnel/status", timeout)


def ask_json(url: str, timeout: float = 2.0) -> Mapping[str, Any] | None:
    """The JSON object that an engine answers with; None while nobody answers."""
    try:
        response = requests.get(url, timeout=timeout)
        document = response.json() if response.ok else None
    except (requests.RequestException, ValueError):
        return None
    return document if isinstance(document, dict) else None


def require_loaded(status: Mapping[str, Any], hint: str, evidence: Callable[[], str]) -> None:
    """LocalStack falls back to Docker with only a warning when it does not know an executor: so look."""
    loaded = {"executor": status.get("executor"), **(status.get("providers") or {})}
    expected = {"executor": EXECUTOR, **PROVIDERS}
    wrong = {name: loaded.get(name) for name, value in expected.items() if loaded.get(name) != value}
    if wrong:
        raise EngineError(
            f"the engine is up without windtunnel's plugin: it loaded {wrong} instead of windtunnel's own",
            hint=hint,
            detail=evidence(),
        )


@dataclass(frozen=True)
class EdgeAddress:
    """Where an edge is, and what calls of its own control routes carry."""

    endpoint_url: str
    token: str

    def call(
        self,
        method: str,
        route: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        timeout: float | None = 10.0,
    ) -> requests.Response:
        """Ask for something below /_windtunnel/. Raises EngineError where the edge does not answer, or refuses."""
        try:
            response = requests.request(
                method,
                f"{self.endpoint_url}/_windtunnel/{route}",
                data=body,
                headers={TOKEN_HEADER: self.token, **(headers or {})},
                timeout=timeout,
            )
        except requests.RequestException as error:
            raise EngineError(f"the edge does not answer: {error}", hint="make status") from error
        if not response.ok:
            raise EngineError(f"the edge refuses {method} {route}: {response.status_code} {response.text[:300]}")
        return response

    def put_root(self, api_id: str, stage: str) -> None:
        """Have it serve an API at the root of its second port."""
        self.call("PUT", "root", json.dumps({"api_id": api_id, "stage": stage}).encode())


class LocalEngine(ABC):
    """How to reach an engine of this machine."""

    @property
    @abstractmethod
    def _settings(self) -> Settings:
        """Those that count now: an engine that is up keeps its ports and region."""

    @property
    @abstractmethod
    def edge(self) -> EdgeAddress:
        """Where to ask the edge for something. Raises EngineError where there is none."""

    @property
    def endpoint_url(self) -> str:
        return self._settings.endpoint_url

    def session(self) -> boto3.Session:
        """With credentials for it: it reads the account from a key of twelve digits, and no secret."""
        return boto3.Session(
            aws_access_key_id=self._settings.account,
            aws_secret_access_key="test",  # noqa: S106
            region_name=self._settings.region,
        )

    def api_url(self, api_id: str, stage: str) -> str:
        """By path: a name below localhost does not resolve everywhere without a network."""
        return f"{self.endpoint_url}/_aws/execute-api/{api_id}/{stage}"

    def serve_at_root(self, api_id: str, stage: str) -> str:
        self.edge.put_root(api_id, stage)
        return self._root

    def root_url(self, api_id: str, stage: str) -> str:
        root = (ask_status(self.endpoint_url) or {}).get("edge", {}).get("root")
        return self._root if root == [api_id, stage] else ""

    @property
    def _root(self) -> str:
        return f"http://{HOST}:{self._settings.api_port}"


@contextmanager
def only_one(folder: Path, report: Report) -> Iterator[None]:
    """Two commands at once would start two engines: the second waits for the first."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("another windtunnel command is starting or stopping this engine; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_left(port: int) -> bool:
    """Whether a port is held by a process that is just ending, as those of an engine that was killed."""
    holder = port_holder(port)
    return holder is None or ends(holder)


def require_free_port(setting: str, port: int) -> None:
    """Raises EngineError where a port cannot be listened on, with who has it and which other to choose."""
    deadline = time.monotonic() + DYING_SECONDS
    while port_is_taken(port) and _is_left(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    option = setting.upper()
    require_bindable(
        port,
        hint=f"end that, or choose another port: make up {option}={port + 10} (or {setting} in windtunnel.toml)",
        low=f"choose one above 1023: make up {option}=45{67 if setting == 'api_port' else 66}",
    )
