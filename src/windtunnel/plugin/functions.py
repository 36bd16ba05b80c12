"""LocalStack's model of a function version as the edge gets it: code and layers unpacked on disk, and a document."""

from __future__ import annotations

import functools
import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from windtunnel.functions.layers import merge_layers
from windtunnel.plugin.localstack import FunctionVersion, LambdaEnvironment, lambda_stores

LOG = logging.getLogger(__name__)
LOCK = threading.Lock()
CREDENTIALS_SECONDS = 6 * 3600
"""How long a role's credentials are given out again; they last twice as long."""


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


def version_document(function_version: FunctionVersion) -> dict[str, Any]:
    """The published document of a function's version; its shape is in the contract between plugin and edge.

    Where code cannot be unpacked it raises what LocalStack raises. One that is not active has no code here yet.
    """
    configuration, identity = function_version.config, function_version.id
    logging_config = configuration.logging_config or {}
    is_zip = configuration.package_type == "Zip"
    unpacked = is_zip and configuration.state.state in {"Active", "Pending"}
    code, layers = unpack(function_version) if unpacked else (None, None)
    return {
        # what is pending is ready for the edge as soon as it is unpacked
        "state": "Active" if unpacked else str(configuration.state.state),
        "runtime": configuration.runtime and str(configuration.runtime),
        "handler": configuration.handler,
        "code": code and str(code),
        "layers": layers and str(layers),
        "timeout": configuration.timeout,
        "memory": configuration.memory_size,
        "variables": dict(configuration.environment or {}),
        "role": configuration.role,
        "packageType": str(configuration.package_type),
        "tracing": str(configuration.tracing_config_mode),
        "logGroup": logging_config.get("LogGroup") or f"/aws/lambda/{identity.function_name}",
        "logFormat": str(logging_config.get("LogFormat") or "Text"),
        "logLevel": logging_config.get("ApplicationLogLevel"),
        # LocalStack makes a new one with every change of code or configuration, and keeps it over changes of state
        "revision": configuration.internal_revision,
        "credentials": dict(
            _credentials(
                identity.account,
                identity.region,
                identity.function_name,
                configuration.role,
                int(time.time() // CREDENTIALS_SECONDS),
            )
        ),
        "ephemeralStorage": configuration.ephemeral_storage.size,
    }


def unpack(function_version: FunctionVersion) -> tuple[Path, Path | None]:
    """A version's code and its merged layers, on disk; done once."""
    configuration = function_version.config
    layers = [layer.code for layer in configuration.layers]
    with LOCK:
        for archive in (configuration.code, *layers):
            archive.prepare_for_execution()
        merged = merge_layers(
            [archive.get_unzipped_code_location() for archive in layers],
            Path(os.environ["WINDTUNNEL_FUNCTIONS_DIR"]) / "layers",
        )
    return configuration.code.get_unzipped_code_location(), merged


@functools.lru_cache(maxsize=1024)
def _credentials(account: str, region: str, name: str, role: str, period: int) -> Mapping[str, str]:
    """Of the function's role, as LocalStack gets them for an environment; new ones in every `period`."""
    del account, period  # what they are asked for again by
    version = SimpleNamespace(id=SimpleNamespace(region=region, function_name=name), config=SimpleNamespace(role=role))
    found = LambdaEnvironment.get_credentials(SimpleNamespace(function_version=version))
    return {
        "accessKeyId": found["AccessKeyId"],
        "secretAccessKey": found["SecretAccessKey"],
        "sessionToken": found["SessionToken"],
    }
