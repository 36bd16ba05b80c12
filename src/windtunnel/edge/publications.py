"""What the backplane published, kept on disk so that an edge which is started anew serves the same.

A file each, written beside its place and moved there: a write that was interrupted leaves what was there before.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from windtunnel.files import write_whole

LOG = logging.getLogger(__name__)

Apply = Callable[[str, Mapping[str, Any] | None], None]
"""Takes a key and its document; None where it is gone."""


class Publications:
    """All documents by key, and whoever is told of each change."""

    def __init__(self, folder: Path, apply: Apply) -> None:
        self._folder = folder
        self._apply = apply
        self._documents: dict[str, Mapping[str, Any]] = {}

    def load(self) -> int:
        """Apply what is on disk; a damaged file is set aside and said. Returns how many there are."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._folder.glob("*.json")):
            key = unquote(path.stem)
            try:
                document = json.loads(path.read_bytes())
                self._apply(key, document)
            except Exception:
                # one that cannot be served must not keep the others from being served
                LOG.exception("publication %s cannot be used; it is set aside as %s", key, path.with_suffix(".damaged"))
                path.replace(path.with_suffix(".damaged"))
                continue
            self._documents[key] = document
        return len(self._documents)

    def update(self, put: Mapping[str, Mapping[str, Any]], delete: list[str], *, replace: bool) -> list[str]:
        """Apply a publication and keep it. Returns the keys that could not be applied; what they had before stays."""
        gone = set(delete) | ((set(self._documents) - set(put)) if replace else set())
        for key in gone & set(self._documents):
            self._apply(key, None)
            del self._documents[key]
            self._path(key).unlink(missing_ok=True)
        refused = []
        for key, document in put.items():
            if self._documents.get(key) == document:
                continue
            try:
                self._apply(key, document)
            except Exception:
                LOG.exception("publication %s cannot be applied", key)
                refused.append(key)
                continue
            self._documents[key] = document
            self._write(key, document)
        return refused

    def _path(self, key: str) -> Path:
        return self._folder / f"{quote(key, safe='')}.json"

    def _write(self, key: str, document: Mapping[str, Any]) -> None:
        write_whole(self._path(key), json.dumps(document))
