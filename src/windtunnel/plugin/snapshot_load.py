"""Bringing a snapshot back, service by service. What cannot be used is set aside, with a word on what is lost."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

from windtunnel.plugin.localstack import SERVICE_PLUGINS
from windtunnel.plugin.snapshot_files import Generation, SnapshotError, SnapshotFolder, Versions
from windtunnel.plugin.snapshot_more import more_of
from windtunnel.plugin.snapshot_revive import UNHOOKED
from windtunnel.plugin.snapshot_services import Containers, containers_of, put, read

LOG = logging.getLogger(__name__)


def usable(folder: SnapshotFolder, versions: Versions) -> Generation | None:
    """The generation to load, if there is one that this version wrote."""
    try:
        generation = folder.current()
        if generation is None or generation.versions == versions:
            return generation
        reason = f"another version wrote it ({generation.versions}, and this is {versions})"
    except SnapshotError as error:
        reason = str(error)
    aside = folder.set_aside_all()
    LOG.warning("the engine starts empty, the state it had is in %s: %s", aside, reason)
    return None


def load(folder: SnapshotFolder, generation: Generation) -> tuple[Generation, dict[str, Containers]]:
    """Load services and fill them. Gives the generation without what could not be used, and what was filled."""
    found: dict[str, Containers] = {}
    lost: dict[str, str] = {}
    for service in generation.entries:
        try:
            SERVICE_PLUGINS.require(service)
            found[service] = containers_of(service)
        except Exception as error:
            LOG.debug("%s cannot be loaded", service, exc_info=True)
            lost[service] = f"the service cannot be loaded: {error}"
    contents: dict[str, tuple[list[Any], Any]] = {}
    for service in found:
        try:
            contents[service] = _checked(folder, generation, found, service)
        except Exception as error:
            LOG.debug("%s cannot be read", service, exc_info=True)
            lost[service] = f"{type(error).__name__}: {error}"
    restored = {}
    for service, (taken, part) in contents.items():
        if service not in UNHOOKED:
            SERVICE_PLUGINS.get_service(service).lifecycle_hook.on_before_state_load()
        put(found[service], taken)
        if more := more_of(service):
            more.put(folder, found[service], part)
        restored[service] = found[service]
    for service, reason in lost.items():
        aside = folder.set_aside(generation, service)
        LOG.warning("%s starts empty: all that was in it is lost. %s (%s)", service, reason, aside)
    kept = {service: entry for service, entry in generation.entries.items() if service not in lost}
    return dataclasses.replace(generation, entries=kept), restored


def _checked(
    folder: SnapshotFolder, generation: Generation, found: dict[str, Containers], service: str
) -> tuple[list[Any], Any]:
    taken, part = read(generation.read(service), found, service)
    if more := more_of(service):
        more.check(folder, part)
    return taken, part
