"""LocalStack's functions as the edge is told of them: code and layers unpacked on disk, credentials of the role."""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from windtunnel.functions.layers import merge_layers
from windtunnel.plugin.localstack import FunctionVersion, LambdaEnvironment, lambda_stores

LOG = logging.getLogger(__name__)
LOCK = threading.Lock()


def function_documents() -> Mapping[str, Mapping[str, Any]]:
    """Every function by the key of its publication."""
    documents = {}
    for account, regions in list(lambda_stores.items()):
        for region, store in list(regions.items()):
            for name, function in list(store.functions.items()):
                if function.versions:
                    document = function_document(account, region, name, function)
                    documents[f"function/{account}/{region}/{name}"] = document
    return documents


def function_document(account: str, region: str, name: str, function: Any) -> Mapping[str, Any]:
    """A function with everything that its name stands for. A version that cannot be unpacked is left out, and said."""
    versions = {}
    for qualifier, version in list(function.versions.items()):
        try:
            versions[qualifier] = version_document(version)
        except Exception:
            LOG.exception("%s:%s cannot be published", name, qualifier)
    return {
        "account": account,
        "region": region,
        "name": name,
        "reservedConcurrency": function.reserved_concurrent_executions,
        "versions": versions,
        "aliases": {
            alias.name: {
                "version": alias.function_version,
                "weights": dict(alias.routing_configuration.version_weights) if alias.routing_configuration else {},
            }
            for alias in list(function.aliases.values())
        },
        "policies": {
            "" if qualifier == "$LATEST" else qualifier: {
                "Version": permissions.policy.Version,
                "Statement": list(permissions.policy.Statement),
            }
            for qualifier, permissions in list(function.permissions.items())
        },
    }


def version_document(version: FunctionVersion) -> Mapping[str, Any]:
    """A version as it can be run."""
    configuration = version.config
    logging_config = configuration.logging_config or {}
    code, layers = _unpacked(version)
    return {
        "state": "Failed" if configuration.state.state == "Failed" else "Active",
        "runtime": configuration.runtime,
        "handler": configuration.handler,
        "code": str(code),
        "layers": str(layers) if layers else None,
        "timeout": configuration.timeout,
        "memory": configuration.memory_size,
        "variables": dict(configuration.environment or {}),
        "role": configuration.role,
        "packageType": configuration.package_type,
        "tracing": configuration.tracing_config_mode,
        "logGroup": logging_config.get("LogGroup"),
        "logFormat": logging_config.get("LogFormat") or "Text",
        "logLevel": logging_config.get("ApplicationLogLevel"),
        "revision": f"{configuration.internal_revision}/{configuration.revision_id}",
        "credentials": _credentials(version.id.region, version.id.function_name, configuration.role),
        "ephemeralStorage": configuration.ephemeral_storage.size,
    }


def _unpacked(version: FunctionVersion) -> tuple[Path, Path | None]:
    """The folders of a version's code and of its layers, merged."""
    configuration = version.config
    if configuration.code is None:
        return Path("/nonexistent"), None  # a container image: the runtime says that it cannot be run
    layers = [layer.code for layer in configuration.layers]
    with LOCK:
        for archive in (configuration.code, *layers):
            archive.prepare_for_execution()
        merged = merge_layers(
            [archive.get_unzipped_code_location() for archive in layers],
            Path(os.environ["WINDTUNNEL_FUNCTIONS_DIR"]) / "layers",
        )
    return configuration.code.get_unzipped_code_location(), merged


@functools.cache
def _credentials(region: str, name: str, role: str) -> Mapping[str, str]:
    """The role's credentials, as LocalStack would give them to a container of the function."""
    environment = LambdaEnvironment.__new__(LambdaEnvironment)
    identifier = type("Id", (), {"region": region, "function_name": name})
    environment.function_version = type("Version", (), {"id": identifier, "config": type("C", (), {"role": role})})
    found = environment.get_credentials()
    return {
        "accessKeyId": found["AccessKeyId"],
        "secretAccessKey": found["SecretAccessKey"],
        "sessionToken": found["SessionToken"],
    }
