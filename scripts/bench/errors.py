"""What can go wrong in a benchmark, for a person to read."""

from __future__ import annotations

from windtunnel.errors import WindtunnelError


class BenchError(WindtunnelError):
    """The run, or one system in it, cannot go on."""
