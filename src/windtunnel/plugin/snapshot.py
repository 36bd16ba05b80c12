"""The backplane's state, on disk: written after each change, and brought back at start.

WINDTUNNEL_SNAPSHOT_DIR names where; where it is not set, all of this is off, and state ends with the process.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from windtunnel import __version__
from windtunnel.plugin.localstack import (
    SHUTDOWN_HANDLERS,
    VERSION,
    aws_handlers,
    cloudformation_provider,
)
from windtunnel.plugin.rarely import Rarely
from windtunnel.plugin.snapshot_calls import changed, changes, is_data
from windtunnel.plugin.snapshot_files import SnapshotFolder, Versions
from windtunnel.plugin.snapshot_keeper import LAST_TIMEOUT, Keeper
from windtunnel.plugin.snapshot_load import load, usable
from windtunnel.plugin.snapshot_revive import follow_progress, revive
from windtunnel.plugin.snapshot_s3 import name_objects_by_key
from windtunnel.plugin.snapshot_services import Containers
from windtunnel.plugin.snapshot_writer import Writer

LOG = logging.getLogger(__name__)
VARIABLE = "WINDTUNNEL_SNAPSHOT_DIR"
PATIENCE_VARIABLE = "WINDTUNNEL_SNAPSHOT_PATIENCE"
PATIENCE = 10.0
"""Seconds; see Keeper."""
LAST_VARIABLE = "WINDTUNNEL_SNAPSHOT_LAST"
LOCK_TIMEOUT = 15.0
"""Seconds for what an earlier backplane still writes."""
HOLD_TIMEOUT = 60.0
OWN_PATHS = ("/_windtunnel/", "/_localstack/")


def versions() -> Versions:
    return Versions(__version__, VERSION, ".".join(map(str, sys.version_info[:3])))


class Persistence:
    """What there is once in a backplane: its snapshots, from its start to its end."""

    def __init__(self, folder: SnapshotFolder, patience: float, last: float) -> None:
        self._folder = folder
        self._patience = patience
        self._last = last
        self._keeper: Keeper | None = None
        self._restored: dict[str, Containers] = {}
        self._seconds = 0.0
        self._serving = threading.Event()
        self.logs_came = Rarely(lambda: self._data_came("logs"))
        self.loaded = False

    def start(self) -> None:
        """Before anything is served: state into services."""
        began = time.monotonic()
        if not self._folder.acquire(LOCK_TIMEOUT):
            LOG.error("another engine has %s: nothing is restored, nothing is kept", self._folder.path)
            self._serving.set()
            return
        name_objects_by_key()
        generation = usable(self._folder, versions())
        if generation:
            generation, self._restored = load(self._folder, generation)
            self.loaded = bool(self._restored)
        self._folder.sweep(generation)
        self._seconds = time.monotonic() - began
        self._keeper = Keeper(Writer(self._folder, versions(), generation), self._patience, self._last)
        self._listen(self._keeper)

    def finish(self) -> None:
        """The server listens, and serves nobody but itself: services are brought to work, as Lambda does by calls."""
        if self._keeper is None:
            return
        began = time.monotonic()
        revive(self._restored)
        seconds = self._seconds + time.monotonic() - began
        if self._restored:
            LOG.info("restored %s in %.1f s", ", ".join(sorted(self._restored)), seconds)
        self._restored = {}
        self._keeper.start()
        self._serving.set()

    def _data_came(self, service: str) -> None:
        """A service has data that no call brought."""
        if self._keeper is not None:
            self._keeper.call_begins()
            self._keeper.call_ended(service, changed=True, data=True)

    def settled(self) -> bool | None:
        """Whether everything is on disk; None where nothing is kept."""
        if self._keeper is None:
            return None
        return not self.logs_came.waiting and self._keeper.settled()

    def _listen(self, keeper: Keeper) -> None:
        """Hear of every call, and of CloudFormation's operations."""
        counted: set[int] = set()

        def hold(_chain: Any, context: Any, _response: Any) -> None:
            if self._serving.is_set() or context.is_internal_call or context.request.path.startswith(OWN_PATHS):
                return
            self._serving.wait(HOLD_TIMEOUT)

        def begin(_chain: Any, context: Any, _response: Any) -> None:
            if context.operation is not None and changes(context.service.service_name, context.operation.name):
                counted.add(id(context))
                keeper.call_begins()

        def end(_chain: Any, context: Any, _response: Any) -> None:
            if id(context) in counted:
                counted.discard(id(context))
                service, operation = context.service.service_name, context.operation.name
                did = changed(service, operation, context.service_response)
                keeper.call_ended(service, changed=did, data=is_data(service, operation))

        aws_handlers.preprocess_request.append(hold)
        aws_handlers.serve_custom_service_request_handlers.append(begin)
        aws_handlers.run_custom_response_handlers.append(end)
        SHUTDOWN_HANDLERS.register(keeper.close)
        _follow_deployments(keeper)
        follow_progress(keeper.deployment_step)


def _follow_deployments(keeper: Keeper) -> None:
    """CloudFormation works in a thread an operation: a snapshot in its middle would be of half a stack."""
    start = cloudformation_provider.start_worker_thread

    @functools.wraps(start)
    def start_worker_thread(work: Any, *arguments: Any, **options: Any) -> Any:
        token = object()

        def followed(*given: Any, **named: Any) -> Any:
            try:
                return work(*given, **named)
            finally:
                keeper.deployment_ended(token)

        keeper.deployment_begins(token)
        return start(followed, *arguments, **options)

    cloudformation_provider.start_worker_thread = start_worker_thread


@functools.cache
def persistence() -> Persistence | None:
    """This backplane's; None where it is off."""
    path = os.environ.get(VARIABLE)
    patience = float(os.environ.get(PATIENCE_VARIABLE, PATIENCE))
    last = float(os.environ.get(LAST_VARIABLE, LAST_TIMEOUT))
    return Persistence(SnapshotFolder(Path(path)), patience, last) if path else None


def start() -> None:
    """For the start hook."""
    if there := persistence():
        there.start()


def finish() -> None:
    """For the ready hook, before it says so."""
    if there := persistence():
        there.finish()


def logs_came() -> None:
    """Log events came that no call brought."""
    if there := persistence():
        there.logs_came()


def settled() -> bool | None:
    """Whether everything is on disk; None where nothing is kept."""
    there = persistence()
    return there.settled() if there is not None else None


def restored() -> bool:
    """Whether this backplane has the state of an earlier one: known from the start hook on."""
    there = persistence()
    return there is not None and there.loaded
