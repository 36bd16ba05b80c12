"""Which API is at the root of the edge's second port, over restarts."""

from __future__ import annotations

import json
from pathlib import Path

from windtunnel.files import write_whole


class Root:
    """`api` is its id and stage, or None."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.api: tuple[str, str] | None = None

    def load(self) -> None:
        """Read what set() wrote."""
        try:
            api_id, stage = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return
        self.api = (api_id, stage)

    def set(self, api_id: str, stage: str) -> None:
        """Take this API from now on."""
        self.api = (api_id, stage)
        write_whole(self._path, json.dumps(self.api))
