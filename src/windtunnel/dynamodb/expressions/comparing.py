"""How attribute values compare: what =, <, contains, begins_with and size mean.

Source: DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions". Values are normalised,
so that equal values are equal dicts. Values of different types are never equal and never in any order.
"""

from __future__ import annotations

import base64
import operator
from collections.abc import Callable
from typing import Any

from windtunnel.dynamodb.numbers import numeric_order
from windtunnel.dynamodb.sizes import binary_size
from windtunnel.dynamodb.values import SETS, AttributeValue

ORDERED = frozenset({"S", "N", "B"})
"""Types that <, <=, >, >= and BETWEEN take."""
ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def order_of(value: AttributeValue) -> tuple[str, Any] | None:
    """Type and what to compare by; None for types without an order. Text compares by code points, that is by UTF-8."""
    for kind, content in value.items():
        if kind == "S":
            return kind, content
        if kind == "N":
            return kind, numeric_order(content)
        if kind == "B":
            return kind, base64.b64decode(content)
    return None


def in_order(compare: Callable[[Any, Any], bool], left: AttributeValue | None, right: AttributeValue | None) -> bool:
    """Whether both are of one type, have an order, and compare so."""
    if left is None or right is None:
        return False
    first, second = order_of(left), order_of(right)
    if first is None or second is None or first[0] != second[0]:
        return False
    return compare(first[1], second[1])


def contains(whole: AttributeValue | None, part: AttributeValue | None) -> bool:
    """A substring of a string, a run of bytes in binary, an element of a set or list."""
    if whole is None or part is None:
        return False
    for kind, content in whole.items():
        if kind == "S":
            return part.get("S") is not None and part["S"] in content
        if kind == "B":
            return part.get("B") is not None and base64.b64decode(part["B"]) in base64.b64decode(content)
        if kind == "L":
            return part in content
        if kind in SETS:
            return part.get(kind[0]) in content
    return False


def begins_with(whole: AttributeValue | None, start: AttributeValue | None) -> bool:
    """Of strings and of binary."""
    if whole is None or start is None:
        return False
    if (text := whole.get("S")) is not None:
        return start.get("S") is not None and text.startswith(start["S"])
    if (data := whole.get("B")) is not None:
        return start.get("B") is not None and base64.b64decode(data).startswith(base64.b64decode(start["B"]))
    return False


def size(value: AttributeValue | None) -> AttributeValue | None:
    """The characters of a string (as UTF-16 counts them), the bytes of binary, the entries of a set, list or map; None
    for what has no size. Seen in DynamoDB Local: "é" has size 1."""
    if value is None:
        return None
    for kind, content in value.items():
        if kind == "B":
            return {"N": str(binary_size(content))}
        if kind == "S":
            return {
                "N": str(len(content) if content.isascii() else len(content.encode("utf-16-le", "surrogatepass")) // 2)
            }
        if kind in SETS or kind in ("L", "M"):
            return {"N": str(len(content))}
    return None
