"""What an edge is told by whoever starts it: a file, since its environment is the supervisor's to make."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

TOKEN_HEADER = "x-windtunnel-token"  # noqa: S105 - a name


@dataclass(frozen=True)
class EdgeConfig:
    """Paths are absolute."""

    token: str
    """What every call of `/_windtunnel/` carries."""
    instance: str
    backplane_port: int
    dynamodb_port: int
    """Where DynamoDB's own server listens; 0 where the backplane is to answer for it."""
    region: str
    account: str
    state: Path
    """What the edge keeps: publications, usage."""
    functions: Path
    """Where execution environments have their folders."""
    runtimes: Path
    """The functions' interpreters."""
    port: int
    """The one that clients use: functions find AWS there."""
    freeze: bool = True
    """Whether execution environments are stopped between invocations."""
    idle_seconds: float = 600.0
    """After which an execution environment that nobody needs is ended."""

    def write(self, path: Path) -> None:
        """Write it where the edge reads it. It holds the token."""
        path.write_text(json.dumps({name: str(v) if isinstance(v, Path) else v for name, v in asdict(self).items()}))
        path.chmod(0o600)

    @classmethod
    def read(cls, path: Path) -> EdgeConfig:
        document = json.loads(path.read_text())
        return cls(**{**document, **{name: Path(document[name]) for name in ("state", "functions", "runtimes")}})
