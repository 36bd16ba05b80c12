"""What a DynamoDB server is told by whoever starts it: a file, as the edge is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ServerConfig:
    """`data` is absolute; None keeps everything in memory. `options` are those of true_to_life.py."""

    data: Path | None
    options: Mapping[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write it where the server reads it."""
        path.write_text(json.dumps({"data": str(self.data) if self.data else None, "options": dict(self.options)}))

    @classmethod
    def read(cls, path: Path) -> ServerConfig:
        document = json.loads(path.read_text())
        return cls(Path(document["data"]) if document["data"] else None, document["options"])
