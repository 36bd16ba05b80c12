"""What of LocalStack's services is state: their containers, taken out and put back in place."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from windtunnel.plugin.localstack import (
    SERVICE_PLUGINS,
    AccountRegionBundle,
    AssetDirectory,
    BackendDict,
    MetadataRequestInjector,
)
from windtunnel.plugin.snapshot_pickle import Key, dumps, loads

LOG = logging.getLogger(__name__)


@dataclass
class Containers:
    """A service's containers in the order in which it shows them, which is the same in every process."""

    stores: list[Any] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    def visit(self, container: Any) -> None:
        """LocalStack's StateVisitor."""
        if isinstance(container, AssetDirectory):
            self.folders.append(str(container.path))
        elif isinstance(container, AccountRegionBundle | BackendDict):
            self.stores.append(container)
        else:
            LOG.warning("state of a kind that is not kept: %s", type(container))


def running() -> list[str]:
    """The services that were loaded, without loading any."""
    return list(SERVICE_PLUGINS.list_active_services())


def containers_of(service: str) -> Containers:
    """A loaded service's containers."""
    found = Containers()
    SERVICE_PLUGINS.get_service(service).accept_state_visitor(found)
    return found


def names_of(containers: Mapping[str, Containers]) -> dict[int, Key]:
    """How pickles name containers that they refer to, by identity."""
    return {
        id(store): (service, place) for service, found in containers.items() for place, store in enumerate(found.stores)
    }


def take(found: Containers, names: Mapping[int, Key], more: Any) -> bytes:
    """The state of a service, and `more` that belongs to it, as bytes."""
    return dumps(([_contents(store) for store in found.stores], more), names, (MetadataRequestInjector,))


def _contents(store: Any) -> Any:
    # not dict(store), which asks for each item: they take locks then, that nobody in a fork gives back
    return type(store).__name__, dict(dict.items(store)), getattr(store, "_universal", None)


def read(content: bytes, containers: Mapping[str, Containers], service: str) -> tuple[list[Any], Any]:
    """What `take` made bytes of. Raises whatever is wrong with it, and has changed nothing then."""

    def find(name: str, place: int) -> Any:
        return containers[name].stores[place]

    taken, more = loads(content, find)
    stores = containers[service].stores
    kinds, here = [kind for kind, _, _ in taken], [type(store).__name__ for store in stores]
    if kinds != here:
        raise ValueError(f"it has {kinds}, and the service {here}")
    return taken, more


def put(found: Containers, taken: Iterable[Any]) -> None:
    """Make a service's containers what was taken out of them, in place: others hold on to them."""
    for store, (_, accounts, universal) in zip(found.stores, taken, strict=True):
        store.clear()
        if isinstance(store, AccountRegionBundle):
            _adopt(store, accounts, universal)
        elif accounts:
            BackendDict._instances.append(store)
        store.update(accounts)


def _adopt(bundle: Any, accounts: Mapping[str, Any], universal: Mapping[str, Any]) -> None:
    bundle._universal.clear()
    bundle._universal.update(universal)
    for regions in accounts.values():
        regions.lock = bundle.lock
        regions._universal = bundle._universal
        for store in regions.values():
            store._universal = bundle._universal
