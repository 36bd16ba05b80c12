"""What was published of a function: its versions, aliases, limits and policies, read once into frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from windtunnel.functions.spec import FunctionSpec

LATEST = "$LATEST"


@dataclass(frozen=True)
class Credentials:
    """Of the function's role."""

    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Version:
    """A version of a function, as it is run."""

    spec: FunctionSpec
    state: str
    """"Active", "Pending", "Inactive" or "Failed"."""
    revision: str
    """Another one whenever code or configuration is."""
    log_group: str
    log_variables: Mapping[str, str]
    """What AWS sets for a function with the JSON log format."""
    credentials: Credentials


@dataclass(frozen=True)
class Alias:
    """A name for a version, which may give a part of its invocations to others."""

    version: str
    weights: Mapping[str, float]

    def pick(self, chance: float) -> str:
        """The version that an invocation gets; `chance` is from 0 up to 1."""
        for version, weight in self.weights.items():
            if chance < weight:
                return version
            chance -= weight
        return self.version


@dataclass(frozen=True)
class Definition:
    """A function."""

    account: str
    region: str
    name: str
    reserved_concurrency: int | None
    versions: Mapping[str, Version]
    aliases: Mapping[str, Alias]
    policies: Mapping[str, Mapping[str, Any]]
    """By qualifier; "" is the function's own."""

    def policy(self, qualifier: str) -> Mapping[str, Any] | None:
        """The resource policy for who invokes that qualifier. $LATEST has none of its own."""
        return self.policies.get("" if qualifier == LATEST else qualifier)


def read_definition(document: Mapping[str, Any]) -> Definition:
    """A published document of a function (its shape is in the contract between plugin and edge)."""
    account, region, name = document["account"], document["region"], document["name"]
    return Definition(
        account=account,
        region=region,
        name=name,
        reserved_concurrency=document.get("reservedConcurrency"),
        versions={
            number: _version(region, name, number, version)
            for number, version in (document.get("versions") or {}).items()
        },
        aliases={
            alias: Alias(target["version"], target.get("weights") or {})
            for alias, target in (document.get("aliases") or {}).items()
        },
        policies=document.get("policies") or {},
    )


def _version(region: str, name: str, number: str, document: Mapping[str, Any]) -> Version:
    layers, credentials = document.get("layers"), document.get("credentials") or {}
    log_variables = {}
    if document.get("logFormat") == "JSON":
        log_variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        log_variables["AWS_LAMBDA_LOG_LEVEL"] = (document.get("logLevel") or "INFO").capitalize()
    return Version(
        spec=FunctionSpec(
            name=name,
            version=number,
            region=region,
            runtime=document.get("runtime") or "of a container image",
            handler=document.get("handler") or "",
            code=Path(document.get("code") or "/"),
            layers=Path(layers) if layers else None,
            timeout=float(document["timeout"]),
            memory_mb=int(document["memory"]),
            variables=document.get("variables") or {},
            ephemeral_mb=int(document.get("ephemeralStorage") or 512),
        ),
        state=document.get("state") or "Active",
        revision=document["revision"],
        log_group=document.get("logGroup") or f"/aws/lambda/{name}",
        log_variables=log_variables,
        credentials=Credentials(
            credentials.get("accessKeyId") or "",
            credentials.get("secretAccessKey") or "",
            credentials.get("sessionToken") or "",
        ),
    )
