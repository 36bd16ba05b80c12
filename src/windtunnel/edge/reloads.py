"""Code that is served in place of what was deployed: a developer's newest, while `windtunnel up --watch` looks.

The backplane goes on telling what was deployed. A reload stands over that one deployment of the function's code:
whoever deploys other code takes its place. It is kept on disk, so that an edge which is started anew serves the same.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from windtunnel.files import write_whole

LOG = logging.getLogger(__name__)
LATEST = "$LATEST"

Document = Mapping[str, Any]
Apply = Callable[[str, Document], None]
Place = tuple[str | None, str | None]
"""The folders of a version's code and of its layers."""


@dataclass(frozen=True)
class Reload:
    """What a function has instead: folders of code and layers, over those that were deployed."""

    code: str | None
    layers: str | None
    over_code: str | None
    over_layers: str | None

    @property
    def over(self) -> Place:
        return self.over_code, self.over_layers

    @property
    def revision(self) -> str:
        """The same for the same folders."""
        return hashlib.sha256(f"{self.code}\n{self.layers}".encode()).hexdigest()[:16]


class Reloads:
    """Every function's deployed document, and what stands over it. `apply` gets the document that is to be served."""

    def __init__(self, path: Path, apply: Apply) -> None:
        self._path = path
        self._apply = apply
        self._deployed: dict[str, Document] = {}
        self._reloads: dict[str, Reload] = {}

    def load(self) -> None:
        """Read what an earlier edge kept. Call it before the first publication."""
        try:
            kept = json.loads(self._path.read_text())
            self._reloads = {key: Reload(**entry) for key, entry in kept.items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError):
            LOG.exception("%s cannot be read: what was deployed is served", self._path)

    def publish(self, key: str, document: Document | None) -> Document | None:
        """What is to be served of a function of which this was published; None where it was deleted."""
        if document is None:
            self._deployed.pop(key, None)
            if self._reloads.pop(key, None):
                self._write()
            return None
        reload = self._reloads.get(key)
        code = _place(document)
        if reload is not None and code[0] is not None and code != reload.over:
            LOG.info("%s was deployed: what was reloaded before goes", key)
            del self._reloads[key]
            self._write()
        served = self._served(document, self._reloads.get(key))
        self._deployed[key] = document
        return served

    def update(self, put: Mapping[str, Mapping[str, str | None]], *, replace: bool) -> list[str]:
        """Serve other folders from the next invocation on, all in one step; with `replace`, what else stands over a
        deployment goes. Each entry has "code", "layers" or both; what is left out is as deployed. Returns the keys of
        functions whose code is not there. Raises ValueError for a folder that is not there.
        """
        unknown = sorted(key for key in put if _place(self._deployed.get(key) or {})[0] is None)
        wanted = {} if replace else dict(self._reloads)
        for key, entry in put.items():
            if key not in unknown:
                reload = wanted[key] = _reload(entry, _place(self._deployed[key]))
                if (reload.code, reload.layers) == reload.over:
                    del wanted[key]
        before, self._reloads = self._reloads, wanted
        for key in before.keys() | wanted.keys():
            if before.get(key) != wanted.get(key) and key in self._deployed:
                self._apply(key, self._served(self._deployed[key], wanted.get(key)))
        if before != wanted:
            self._write()
        return unknown

    def describe(self) -> Mapping[str, Any]:
        """Every function by its key: what was deployed, and what stands over it or None."""
        return {
            key: {
                "deployed": dict(zip(("code", "layers"), _place(document), strict=True)),
                "reload": asdict(self._reloads[key]) if key in self._reloads else None,
            }
            for key, document in self._deployed.items()
        }

    @staticmethod
    def _served(document: Document, reload: Reload | None) -> Document:
        """The document with the reload's folders in $LATEST, and in the versions that were made of the same code.

        A template with AutoPublishAlias serves such a version, never $LATEST.
        """
        if reload is None:
            return document
        versions = {}
        for number, version in document["versions"].items():
            if (version.get("code"), version.get("layers")) == reload.over:
                revision = f"{version['revision']}/{reload.revision}"
                version = {**version, "code": reload.code, "layers": reload.layers, "revision": revision}
            versions[number] = version
        return {**document, "versions": versions}

    def _write(self) -> None:
        write_whole(self._path, json.dumps({key: asdict(reload) for key, reload in self._reloads.items()}))


def _place(document: Document) -> Place:
    latest = document.get("versions", {}).get(LATEST) or {}
    return latest.get("code"), latest.get("layers")


def _reload(entry: Mapping[str, str | None], deployed: Place) -> Reload:
    code, layers = entry.get("code", deployed[0]), entry.get("layers", deployed[1])
    for folder in (code, layers):
        if folder is not None and not Path(folder).is_dir():
            raise ValueError(f"no folder {folder}")
    return Reload(code, layers, *deployed)
