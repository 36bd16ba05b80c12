"""How large values and items are, as DynamoDB counts.

Source: DynamoDB Developer Guide, "DynamoDB item sizes and formats": names and strings as UTF-8, binary as its bytes, a
number a byte for each two significant digits and one more, null and boolean one byte, a list or map three bytes more
than its content and one more for each entry.
"""

from __future__ import annotations

from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.values import AttributeValue, Item

MAX_ITEM_SIZE = 400 * 1024


def check_item_size(item: Item, *, updating: bool = False) -> int:
    """The item's size; raises where it is more than DynamoDB stores. `updating`: it is what an update would make."""
    size = item_size(item)
    if size > MAX_ITEM_SIZE:
        raise validation(f"Item size{' to update' if updating else ''} has exceeded the maximum allowed size")
    return size


def item_size(item: Item) -> int:
    """Bytes of the whole item, its attribute names with it."""
    total = 0
    for name, value in item.items():
        total += text_size(name) + value_size(value)
    return total


def value_size(value: AttributeValue) -> int:
    """Bytes of one value."""
    for kind, content in value.items():
        if kind == "S":
            return text_size(content)
        if kind == "N":
            return number_size(content)
        if kind == "B":
            return binary_size(content)
        if kind == "M":
            return 3 + sum(text_size(name) + value_size(child) + 1 for name, child in content.items())
        if kind == "L":
            return 3 + sum(value_size(child) + 1 for child in content)
        if kind == "SS":
            return sum(map(text_size, content))
        if kind == "NS":
            return sum(map(number_size, content))
        if kind == "BS":
            return sum(map(binary_size, content))
    return 1


def text_size(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def binary_size(text: str) -> int:
    """Bytes that a base64 text stands for."""
    return len(text) // 4 * 3 - text.count("=", -2)


def number_size(text: str) -> int:
    """Bytes of a number in canonical text: one, one more for each pair of digits that is not 00 at either end (pairs
    are counted from the decimal point), and one for a minus. As DynamoDB Local was seen to count, byte for byte.
    """
    negative = text[0] == "-"
    whole, _, fraction = (text[1:] if negative else text).partition(".")
    if whole == "0" and not fraction:
        return 1
    first = 0 if whole != "0" else (len(fraction) - len(fraction.lstrip("0"))) // 2
    last = (len(fraction) + 1) // 2 if fraction else -((len(whole) - len(whole.rstrip("0"))) // 2)
    leading = (len(whole) + 1) // 2 if whole != "0" else -first
    return leading + last + 1 + negative
