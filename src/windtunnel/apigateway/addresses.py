"""Which API, stage and path a request's host and target name. Pure.

Sources: API Gateway Developer Guide, "Invoke REST APIs in API Gateway" and "Use API mappings to connect API stages to a
custom domain name"; LocalStack's documentation of its path-style addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

API_HOST = re.compile(rb"^([0-9a-z]+)\.execute-api\.", re.IGNORECASE)
API_PATH = b"/_aws/execute-api/"
LEGACY_PATH = re.compile(rb"^/restapis/([^/?]+)/([^/?]+)/_user_request_(?=[/?]|$)")


@dataclass(frozen=True, slots=True)
class Address:
    """An API's stage and the rest of the target below it."""

    api_id: str
    stage: str
    """ "" where the path names none."""
    path: str
    """As sent, without the query; begins with a slash."""
    full_path: str
    """What requestContext.path tells: with the stage, or a custom domain's base path."""
    query: str
    base_path: str = ""
    """What a custom domain's mapping matched, without slashes; "" without one."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a base path of a custom domain stands for. `stage` is "" where the path names it."""

    api_id: str
    stage: str


class Domains:
    """Custom domain names with their base path mappings, of all publications."""

    def __init__(self, documents: Iterable[Mapping[str, Any]] = ()) -> None:
        self._mappings: dict[str, dict[str, Mapped]] = {}
        for document in documents:
            for domain in document.get("domainNames") or ():
                self._mappings[domain["domainName"].lower()] = {
                    _base(entry.get("basePath")): Mapped(entry["restApiId"], entry.get("stage") or "")
                    for entry in domain.get("basePathMappings") or ()
                }

    def __bool__(self) -> bool:
        return bool(self._mappings)

    def resolve(self, host: str, path: str, query: str) -> Address | None:
        """The longest base path that the path begins with; None where the host is no custom domain or nothing maps."""
        mappings = self._mappings.get(host.lower())
        if not mappings:
            return None
        segments = path.split("/")[1:]
        for count in range(len(segments), -1, -1):
            mapped = mappings.get("/".join(segments[:count]))
            if mapped is None:
                continue
            rest = segments[count:]
            stage = mapped.stage
            if not stage:
                stage, rest = (rest[0] if rest else ""), rest[1:]
            below = "/" + "/".join(rest)
            return Address(mapped.api_id, stage, below, path, query, base_path="/".join(segments[:count]))
        return None


def _base(base_path: str | None) -> str:
    return "" if base_path in (None, "", "(none)") else str(base_path).strip("/")


def split_target(target: bytes) -> tuple[str, str]:
    """Path and query of a request target, in origin or absolute form; neither is decoded."""
    text = target.decode("latin-1")
    if not text.startswith("/") and "://" in text:
        _, _, rest = text.partition("://")
        slash = rest.find("/")
        text = rest[slash:] if slash >= 0 else "/"
    path, _, query = text.partition("?")
    return path or "/", query


def host_name(host: bytes) -> str:
    """A Host header without its port."""
    text = host.decode("latin-1")
    return text.rsplit(":", 1)[0] if ":" in text and not text.endswith("]") else text


def api_address(host: bytes, target: bytes) -> Address | None:
    """The API that a request is for by its host or path; None where it is for another service.

    Custom domains are not looked at: Domains.resolve does.
    """
    if target.startswith(API_PATH):
        path, query = split_target(target)
        api_id, stage, below = _id_stage_path(path[len(API_PATH) :])
        return Address(api_id, stage, below, f"/{stage}{below}", query)
    if (found := API_HOST.match(host)) is not None:
        path, query = split_target(target)
        stage, _, rest = path[1:].partition("/")
        below = "/" + rest
        return Address(found[1].decode("latin-1").lower(), stage, below, path, query)
    if target.startswith(b"/restapis/") and (found := LEGACY_PATH.match(target)) is not None:
        path, query = split_target(target[found.end() :] or b"/")
        stage = found[2].decode("latin-1")
        return Address(found[1].decode("latin-1"), stage, path, f"/{stage}{path}", query)
    return None


def _id_stage_path(rest: str) -> tuple[str, str, str]:
    api_id, _, rest = rest.partition("/")
    stage, _, rest = rest.partition("/")
    return api_id, stage, "/" + rest
