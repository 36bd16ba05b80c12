"""A published function: its versions, aliases, policies and concurrency, read from what the backplane publishes."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windtunnel.functions.spec import FunctionSpec

LATEST = "$LATEST"
NAME = re.compile(
    r"^(?:arn:[^:]+:lambda:(?P<region>[^:]*):(?P<account>[^:]*):function:|(?P<account2>\d{12}):function:|function:)?"
    r"(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]+))?$"
)


@dataclass(frozen=True)
class Version:
    """A version as it can be run."""

    spec: FunctionSpec
    state: str
    revision: str
    log_group: str
    credentials: Mapping[str, str]
    extra: Mapping[str, str]


@dataclass(frozen=True)
class Function:
    """A function and everything that its name stands for."""

    account: str
    region: str
    name: str
    reserved_concurrency: int | None
    versions: Mapping[str, Version]
    aliases: Mapping[str, tuple[str, Mapping[str, float]]]
    """A version, and the weights of others."""
    policies: Mapping[str, Mapping[str, Any]]
    """By qualifier; "" is the function's own."""

    @property
    def arn(self) -> str:
        """Without a qualifier."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    def version(self, qualifier: str) -> Version | None:
        """The version that a qualifier stands for now; an alias with weights picks one. None: there is none."""
        if qualifier in self.aliases:
            name, weights = self.aliases[qualifier]
            draw = random.random()  # noqa: S311 - a share of traffic
            for other, weight in weights.items():
                if draw < weight:
                    name = other
                    break
                draw -= weight
            return self.versions.get(name)
        return self.versions.get(qualifier or LATEST)


def parse_name(text: str) -> tuple[str | None, str | None, str, str] | None:
    """Region, account, name and qualifier ("" for none) of a name, a partial or a full ARN; None where it is none.

    Source: Lambda API reference, Invoke, "FunctionName".
    """
    found = NAME.match(text)
    if found is None:
        return None
    return found["region"], found["account"] or found["account2"], found["name"], found["qualifier"] or ""


def function_from_document(document: Mapping[str, Any]) -> Function:
    """A published `function/...` document. Raises KeyError, TypeError or ValueError where it is none."""
    return Function(
        account=document["account"],
        region=document["region"],
        name=document["name"],
        reserved_concurrency=document.get("reservedConcurrency"),
        versions={name: _version(document, name, entry) for name, entry in document["versions"].items()},
        aliases={
            name: (entry["version"], dict(entry.get("weights") or {}))
            for name, entry in (document.get("aliases") or {}).items()
        },
        policies=dict(document.get("policies") or {}),
    )


def _version(document: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> Version:
    extra = {}
    if entry.get("logFormat") == "JSON":
        extra = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": entry.get("logLevel") or "INFO"}
    return Version(
        spec=FunctionSpec(
            name=document["name"],
            version=name,
            region=document["region"],
            runtime=entry["runtime"] or "of a container image",
            handler=entry["handler"] or "",
            code=Path(entry["code"]),
            layers=Path(entry["layers"]) if entry.get("layers") else None,
            timeout=float(entry["timeout"]),
            memory_mb=int(entry["memory"]),
            variables=dict(entry.get("variables") or {}),
        ),
        state=entry.get("state") or "Active",
        revision=str(entry["revision"]),
        log_group=entry.get("logGroup") or f"/aws/lambda/{document['name']}",
        credentials=entry["credentials"],
        extra=extra,
    )
