"""When what an engine was told is on its disk, so that it may be killed."""

from __future__ import annotations

from windtunnel.engines.local import ask_status
from windtunnel.engines.waiting import wait_until


def settle(endpoint_url: str | None) -> None:
    """Until an engine's backplane has nothing to write, and says so."""
    assert endpoint_url

    def probe() -> bool | None:
        status = ask_status(endpoint_url)
        return True if status and status.get("settled") else None

    wait_until(probe, what="everything to be on disk", timeout=60)
