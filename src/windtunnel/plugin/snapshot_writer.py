"""Writing one generation: what a fork of the backplane does, and what its parent makes of it."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from windtunnel.plugin import snapshot_s3
from windtunnel.plugin.snapshot_files import Generation, SnapshotFolder, State, Versions
from windtunnel.plugin.snapshot_fork import in_fork
from windtunnel.plugin.snapshot_more import more_of
from windtunnel.plugin.snapshot_pickle import Key
from windtunnel.plugin.snapshot_services import Containers, containers_of, names_of, read, take

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Written:
    """What came of it. Times in seconds."""

    changed: tuple[str, ...] = ()
    took: Mapping[str, float] = field(default_factory=dict)
    """For each service that was looked at."""
    paused: float = 0.0
    """That the backplane stood still."""
    error: str = ""


class Writer:
    """Writes generations, one at a time, each from the one before."""

    def __init__(self, folder: SnapshotFolder, versions: Versions, generation: Generation | None) -> None:
        self._folder = folder
        self._versions = versions
        self._generation = generation
        self._found: dict[str, Containers] = {}
        self._told: dict[str, str] = {}

    def write(self, services: set[str], timeout: float) -> Written:
        """Write what differs of `services` from the last generation, as it is now."""
        self._find(services)
        looked_at = sorted(services & self._found.keys())
        if "s3" in looked_at:
            snapshot_s3.flush(snapshot_s3.storage())
        names = names_of(self._found)
        outcome = in_fork(lambda: self._work(looked_at, names), timeout)
        if outcome.error:
            return Written(error=outcome.error, paused=outcome.paused)
        answer = outcome.answer
        for service, reason in answer["failed"].items():
            self._tell(service, reason)
        if answer["changed"]:
            self._generation = self._folder.current()
            self._folder.sweep(self._generation)
            if answer["objects"]:
                files = [snapshot_s3.StoredFile(*values) for values in answer["objects"]]
                snapshot_s3.remember(snapshot_s3.storage(), files)
        return Written(tuple(answer["changed"]), answer["took"], outcome.paused)

    def _work(self, services: list[str], names: Mapping[int, Key]) -> Mapping[str, Any]:
        """In the fork."""
        entries = self._generation.entries if self._generation else {}
        states: dict[str, State] = {}
        took: dict[str, float] = {}
        failed: dict[str, str] = {}
        objects: list[snapshot_s3.StoredFile] = []
        for service in services:
            began = time.monotonic()
            try:
                more, part = more_of(service), None
                if more:
                    part = more.take(self._folder, self._found[service])
                content = take(self._found[service], names, part)
            except Exception as error:  # noqa: BLE001  one service's trouble is not the others'; the parent logs it
                failed[service] = f"{type(error).__name__}: {error}"
                continue
            there = entries.get(service)
            if there is None or there.sha256 != hashlib.sha256(content).hexdigest():
                try:
                    read(content, self._found, service)  # what could not be brought back is not worth what it replaces
                except Exception as error:  # noqa: BLE001  as above
                    failed[service] = f"it could not be read again: {type(error).__name__}: {error}"
                    continue
                files = part if service == "s3" and part else []
                objects += files
                states[service] = State.of(service, content, {file.blob for file in files})
            took[service] = time.monotonic() - began
        if states:
            self._folder.commit(self._versions, states, self._generation)
        return {
            "changed": sorted(states),
            "took": took,
            "failed": failed,
            "objects": [dataclasses.astuple(file) for file in objects],
        }

    def _find(self, services: set[str]) -> None:
        """The containers of services that were loaded since: here, since it imports modules."""
        for service in sorted(services - self._found.keys()):
            try:
                found = containers_of(service)
            except Exception:
                LOG.exception("the state of %s cannot be found: it will be empty after a restart", service)
                found = Containers()
            self._found[service] = found

    def _tell(self, service: str, reason: str) -> None:
        """Once for each reason."""
        if self._told.get(service) != reason:
            self._told[service] = reason
            LOG.warning("the state of %s cannot be written, and will be as it was before: %s", service, reason)
