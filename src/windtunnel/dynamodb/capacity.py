"""Capacity units: what a read or a write of so many bytes costs.

Source: DynamoDB Developer Guide, "Read and write capacity units": reads in steps of 4 KB, half for eventual
consistency, double in a transaction; writes in steps of 1 KB, double in a transaction; nothing costs less
than one step.
"""

from __future__ import annotations

READ_STEP = 4096
WRITE_STEP = 1024


def read_units(size: int, consistent: bool, transactional: bool = False) -> float:
    """Of one GetItem, or of one page of a Query or Scan, whose items are counted together."""
    steps = max(1, -(-size // READ_STEP))
    if transactional:
        return float(steps * 2)
    return float(steps) if consistent else steps / 2


def write_units(size: int, transactional: bool = False) -> float:
    """Of one item written; `size` is the larger of the item before and after."""
    steps = max(1, -(-size // WRITE_STEP))
    return float(steps * 2 if transactional else steps)
