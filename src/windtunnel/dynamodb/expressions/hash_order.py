"""The order in which DynamoDB comes upon things that it keeps in hash tables.

It shows where a message lists several placeholders, and in which of several mistakes of an update is told. Seen in
DynamoDB Local: strings hash as Java's do, tables have 16 buckets at least and are at most 3/4 full. That steps of
document paths hash to 17 more is so for names of one letter; for longer ones it is a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_STEP = 17


def in_hash_order(names: Iterable[str], capacity_for: int) -> list[str]:
    """Names as a set of `capacity_for` lists them."""
    mask = _buckets(capacity_for) - 1
    return sorted(names, key=lambda name: _spread(_string_hash(name)) & mask)


def steps_met(steps: Sequence[str | int]) -> list[str | int]:
    """Sibling steps, given in the order of their coming, in the order in which they are met."""
    mask = _buckets(len(steps)) - 1
    return sorted(
        steps,
        key=lambda step: _spread((step if isinstance(step, int) else _string_hash(step)) + _STEP) & mask,
        reverse=True,
    )


def _buckets(entries: int) -> int:
    buckets = 16
    while buckets * 3 < entries * 4:
        buckets *= 2
    return buckets


def _string_hash(text: str) -> int:
    units = text.encode("utf-16-be", "surrogatepass")
    code = 0
    for at in range(0, len(units), 2):
        code = (code * 31 + (units[at] << 8 | units[at + 1])) & 0xFFFFFFFF
    return code


def _spread(code: int) -> int:
    code &= 0xFFFFFFFF
    return code ^ (code >> 16)
