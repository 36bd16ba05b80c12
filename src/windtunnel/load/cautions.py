"""What makes a run's figures doubtful although it ended as it should: counts that do not add up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def cautions(totals: Mapping[str, Any]) -> list[str]:
    """Sentences about a report's totals; none where everything that was sent is accounted for."""
    found = []
    if totals["cut_off"]:
        found.append(f"{totals['cut_off']:,} requests had no end when the run had: they are in no figure")
    if totals["lost_batches"]:
        found.append(f"{totals['lost_batches']:,} seconds of what generators told never came: the figures miss them")
    if totals["access_log"] is not None and not totals["access_log_agrees"]:
        told, counted = totals["answered"], totals["access_log"]
        found.append(f"the access log has {counted:,} requests, the generators had {told:,} answers: it does NOT agree")
    return found
