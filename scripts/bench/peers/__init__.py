"""The systems, in the order they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bench.errors import BenchError
from bench.figures import OURS
from bench.peers import localemu, localstack, ministack, windtunnel
from bench.system import System

SYSTEMS: Mapping[str, System] = MappingProxyType(
    {system.name: system for system in (windtunnel.SYSTEM, localstack.SYSTEM, localemu.SYSTEM, ministack.SYSTEM)}
)


def choose(names: str) -> tuple[System, ...]:
    """windtunnel and the peers named, separated by commas; "" is all of them."""
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    if unknown := wanted - set(SYSTEMS):
        raise BenchError(f"no peer {', '.join(sorted(unknown))}", hint=f"there are {', '.join(SYSTEMS)}")
    return tuple(system for system in SYSTEMS.values() if not wanted or system.name in {OURS, *wanted})
