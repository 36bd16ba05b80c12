"""An engine of a test session's own: a free port, a state folder that goes with the session."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from windtunnel.config import Settings, environment
from windtunnel.engines.orders import STATE_VARIABLE
from windtunnel.engines.ports import free_ports
from windtunnel.engines.process import end_tree, marked_processes
from windtunnel.events import Listener
from windtunnel.harness import Harness, temporary


@contextmanager
def throwaway_engine(settings: Settings, listen: Listener) -> Iterator[Harness]:
    """An embedded engine for the block, whatever else runs on this machine."""
    home = settings.install_dir / "test-engines"
    sweep(home)
    port, api_port = free_ports(2)
    state = home / f"{os.getpid()}-{port}"
    own = apart(settings, state, port=port, api_port=api_port)
    try:
        with temporary(own, listen) as harness:
            yield harness
    finally:
        shutil.rmtree(state, ignore_errors=True)


def apart(settings: Settings, state_dir: Path, **changes: Any) -> Settings:
    """Settings for an engine of a test's own: free ports and a state folder, and the account that everything is in."""
    port, api_port = free_ports(2)
    own = replace(
        settings,
        engine="embedded",
        account=Settings.account,
        port=port,
        api_port=api_port,
        state_dir=state_dir,
        chosen=frozenset({"port", "api_port", "region"}),
    )
    return replace(own, **changes)


TOLD = ("engine", "port", "api_port", "region", "account", "project", "stack", "state_dir")


def command_environment(settings: Settings) -> dict[str, str]:
    """This process's environment, with which a windtunnel command finds the engine that the settings are of."""
    return environment({name: getattr(settings, name) for name in TOLD})


def sweep(home: Path) -> None:
    """Remove what sessions left that were killed before they could clean up: folders named by process id and port."""
    for state in home.glob("*"):
        owner = state.name.partition("-")[0]
        if not (owner.isdigit() and psutil.pid_exists(int(owner))):
            for process in marked_processes(STATE_VARIABLE, str(state)):
                end_tree(process, grace=2.0)
            shutil.rmtree(state, ignore_errors=True)
