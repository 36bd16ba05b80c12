"""LocalEmu, LocalStack's fork, with its own gateway, Lambda service and DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping

from bench.peer import Peer
from bench.peers import family
from bench.system import Site
from windtunnel.config import HOST


def environment(site: Site, port: int) -> Mapping[str, str]:
    return {
        **family.settings(site, port),
        "LOCALEMU_HOST": f"{HOST}:{port}",
        "FILESYSTEM_ROOT": str(site.home / "state/files"),
    }


SYSTEM = Peer(
    name="localemu",
    title="LocalEmu 1.3.2, its own gateway and DynamoDB, the same process executor",
    lock="requirements/bench/localemu.txt",
    command=("-m", "localemu.runtime.main"),
    health="/_localemu/health",
    environment=environment,
    packages=(family.EXECUTOR,),
)
