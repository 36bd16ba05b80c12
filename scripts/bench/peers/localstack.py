"""LocalStack 4.14.0, the last release that needs no token, with its own gateway and Lambda service."""

from __future__ import annotations

from collections.abc import Mapping

from bench.peer import Peer
from bench.peers import family
from bench.system import Site
from windtunnel.config import HOST


def environment(site: Site, port: int) -> Mapping[str, str]:
    return {
        **family.settings(site, port),
        "LOCALSTACK_HOST": f"{HOST}:{port}",
        "FILESYSTEM_ROOT": str(site.home / "state/files"),
        "PROVIDER_OVERRIDE_DYNAMODB": "bench",
        "PROVIDER_OVERRIDE_DYNAMODBSTREAMS": "bench",
    }


SYSTEM = Peer(
    name="localstack",
    title="LocalStack 4.14.0 (localstack-core), its own gateway, a process executor, DynamoDB from moto",
    lock="requirements/engine.txt",
    command=("-m", "localstack.runtime.main"),
    health="/_localstack/health",
    environment=environment,
    packages=(family.EXECUTOR,),
)
